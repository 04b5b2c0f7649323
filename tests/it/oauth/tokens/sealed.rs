//! The content of the table, and who can read it.

use axum_users::oauth::{OAuthProvider, ProviderTokenError, TokenKeys};
use serde_json::json;
use tracing::Level;

use super::{EMAIL, Service, arthur, refused, secret};
use crate::{
    log::Log,
    oauth::{
        provider::{Answer, Lies, Person},
        support::Setup,
    },
};

mod oauth {
    use super::*;

    #[tokio::test]
    async fn stored_provider_tokens_are_encrypted_and_never_shown() {
        let service = Service::new().await;
        let (log, _guard) = Log::start(Level::TRACE);
        let login = service.log_in("/auth/acme", arthur()).await;
        let session = login.access_token();
        let associated = service.associate("hub", &session, arthur()).await;
        let user = service.user().await;
        service.advance(3600);
        let token = service.token(&user).await.unwrap();
        service.provider.end_grants();
        service.advance(3600);
        let error = service.token(&user).await.unwrap_err();
        let fresh = service.log_in("/auth/acme", arthur()).await.access_token();
        let me = service.me(&fresh).await;
        let list = service.get("/users/me/oauth-accounts").bearer(&fresh).send().await;
        let stored = service.stored().await;
        assert!(stored.iter().all(|(access, refresh)| access.starts_with("axum-users/v1/a/") && refresh.is_some()));
        let file = String::from_utf8_lossy(&std::fs::read(service.path()).unwrap()).into_owned();
        let told = format!(
            "{token:?} {error:?} {error} {:?} {:?} {} {} {} {} {stored:?} {file} {}",
            service.acme,
            super::super::storing(service.acme.clone()),
            login.text(),
            associated.text(),
            me.text(),
            list.text(),
            log.take(),
        );
        let issued = service.provider.issued();
        assert!(issued.len() > 6, "{issued:?}");
        for secret in issued {
            assert!(!told.contains(&secret), "{secret} in {told}");
        }
        // Clients see the keys of fastapi-users, empty as ever.
        for account in me.json()["oauth_accounts"].as_array().unwrap() {
            let shown = (&account["access_token"], &account["refresh_token"], &account["expires_at"]);
            assert_eq!(shown, (&json!(""), &json!(null), &json!(null)));
        }
        assert!(!me.text().contains("axum-users/v1"));
    }

    #[tokio::test]
    async fn tokens_that_fastapi_users_wrote_in_clear_are_neither_read_nor_shown() {
        let service = Service::new().await;
        let session = service.log_in("/auth/acme", arthur()).await.access_token();
        let user = service.user().await;
        for clear in ["ya29.clear", "", "axum-users", "axum-users/v2/a/b"] {
            let set = format!("UPDATE oauth_account SET access_token = '{clear}', refresh_token = '1//clear'");
            service.run(&set).await;
            refused!(service.token(&user).await, ProviderTokenError::NotStored);
            assert!(!service.me(&session).await.text().contains("clear"));
        }
        // The next login replaces them.
        service.arthur("acme").await;
        assert_eq!(service.secret(&user).await, "access-token-3");
        let stored = service.stored().await;
        assert!(stored[0].1.as_ref().unwrap().starts_with("axum-users/v1/a/"), "{stored:?}");
    }

    #[tokio::test]
    async fn tokens_are_not_stored_under_the_policy_of_fastapi_users() {
        let start =
            tokio::spawn(Service::with(Setup { policy: axum_users::Policy::fastapi_users(), ..Setup::default() }));
        let panic = start.await.map(drop).unwrap_err().into_panic();
        let text = panic.downcast_ref::<String>().unwrap();
        assert!(text.contains("`acme` stores tokens, which Policy::fastapi_users() does not allow"), "{text}");
    }

    #[tokio::test]
    async fn tokens_that_are_too_long_or_refused_by_the_database_are_not_stored_and_the_login_succeeds() {
        let service = Service::new().await;
        service.arthur("acme").await;
        let log_in = async |access: &str| {
            let flow = service.start("/auth/acme").await;
            let code = service.provider.approve(&flow.url, arthur());
            let token = service.provider.id_token(arthur(), &super::super::query(&flow.url)["nonce"]);
            let answer = json!({"access_token": access, "token_type": "bearer", "id_token": token}).to_string();
            let answers = [("/token", Answer::Plain(200, "application/json", answer))].into();
            service.provider.lie(Lies { answers, ..Lies::default() });
            let response = service.callback("/auth/acme", &flow, &code).await;
            service.provider.lie(Lies::default());
            response.access_token();
        };
        let longest = "x".repeat(16_000);
        log_in(&longest).await;
        let user = service.user().await;
        assert_eq!(service.secret(&user).await, longest);
        assert!(service.stored().await[0].0.len() < 65_535);
        let (log, _guard) = Log::start(Level::TRACE);
        log_in(&"y".repeat(20_000)).await;
        assert_eq!(service.secret(&user).await, longest, "the earlier one");
        let lines = log.lines("provider_tokens_not_stored");
        assert!(lines.len() == 1 && lines[0].contains("too long"), "{lines:?}");
        let limit = "CREATE TRIGGER narrow BEFORE UPDATE OF access_token ON oauth_account \
                     WHEN length(NEW.access_token) > 1024 BEGIN SELECT RAISE(ABORT, 'too long'); END";
        service.run(limit).await;
        log_in(&"z".repeat(2000)).await;
        assert_eq!(log.lines("provider_tokens_not_stored").len(), 2);
    }
}

mod crypto {
    use super::*;

    #[tokio::test]
    async fn tampered_or_moved_ciphertext_refused() {
        let service = Service::new().await;
        let arthur = service.arthur("acme").await;
        let session = service.log_in("/auth/acme", super::arthur()).await.access_token();
        service.associate("hub", &session, Person::verified("7", EMAIL)).await;
        service.log_in("/auth/acme", Person::verified("2", "mordred@camelot.bt")).await.access_token();
        let mordred = service.users.get_by_email("mordred@camelot.bt").await.unwrap().unwrap();
        let [of_arthur, of_mordred, of_hub] = service.stored().await.try_into().unwrap();
        let set = async |column: &str, text: &str, provider: &str| {
            let sql = format!(
                "UPDATE oauth_account SET {column} = '{text}' WHERE oauth_name = '{provider}' AND account_id = '1'"
            );
            service.run(&sql).await;
        };
        let is_refused = async |what: &str| {
            let error = service.token(&arthur).await.expect_err(what);
            assert!(matches!(error, ProviderTokenError::Undecryptable(_)), "{what}: {error:?}");
        };
        // From another user, another provider, and the other column.
        let (access, refresh) = (&of_arthur.0, of_arthur.1.as_ref().unwrap());
        for (what, text) in
            [("another user", &of_mordred.0), ("another provider", &of_hub.0), ("another column", refresh)]
        {
            set("access_token", text, "acme").await;
            is_refused(what).await;
        }
        // The whole row of another user.
        service.run("UPDATE oauth_account SET account_id = 'x' WHERE account_id = '1'").await;
        let give_to = async |email: &str| {
            let owner = format!("(SELECT id FROM user WHERE email = '{email}')");
            service.run(&format!("UPDATE oauth_account SET user_id = {owner} WHERE account_id = '2'")).await;
        };
        give_to(EMAIL).await;
        let listed = service.users.read(&arthur).await.unwrap();
        let id = listed.oauth_accounts.iter().find(|account| account.account_id == "2").unwrap().id.clone();
        let token = service.users.provider_token_of(&arthur, &service.acme, &id).await;
        refused!(token, ProviderTokenError::Undecryptable(_));
        give_to("mordred@camelot.bt").await;
        service.run("UPDATE oauth_account SET account_id = '1' WHERE account_id = 'x'").await;
        assert!(service.token(&mordred).await.is_ok());
        // The refresh token is bound as well.
        set("access_token", access, "acme").await;
        assert_eq!(service.secret(&arthur).await, "access-token-3");
        service.advance(3600);
        for (what, text) in [("another user", of_mordred.1.as_ref().unwrap()), ("another column", access)] {
            set("refresh_token", text, "acme").await;
            is_refused(what).await;
        }
        assert_eq!(service.provider.refreshes(), (0, 0));
        // Every changed character.
        let data = access.rfind('/').unwrap() + 1;
        for at in (data..access.len()).step_by(7) {
            let mut changed = access.clone().into_bytes();
            changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
            set("access_token", &String::from_utf8(changed).unwrap(), "acme").await;
            is_refused("a changed text").await;
        }
        // An unreadable token is kept until a login replaces it.
        service.arthur("acme").await;
        service.token(&arthur).await.unwrap();
    }

    #[tokio::test]
    async fn a_rotated_key_reads_what_the_previous_one_wrote_and_writes_with_the_new_one() {
        let service = Service::new().await;
        let user = service.arthur("acme").await;
        let with = |keys: TokenKeys| service.acme.clone().store_tokens(keys);
        let rotated = || TokenKeys::new("b", &secret(2)).unwrap();
        let ring: OAuthProvider = with(rotated().and_previous("a", &secret(1)).unwrap());
        assert_eq!(service.users.provider_token(&user, &ring).await.unwrap().secret(), "access-token-1");
        // Without the old key, and with another one of its name.
        let other = TokenKeys::new("a", &secret(2)).unwrap();
        for keys in [rotated(), other] {
            let error = service.users.provider_token(&user, &with(keys)).await.unwrap_err();
            assert!(matches!(error, ProviderTokenError::Undecryptable(_)) && error.needs_login(), "{error:?}");
        }
        service.advance(3600);
        assert_eq!(service.users.provider_token(&user, &ring).await.unwrap().secret(), "access-token-3");
        let (access, refresh) = service.stored().await.remove(0);
        assert!(access.starts_with("axum-users/v1/b/") && refresh.unwrap().starts_with("axum-users/v1/b/"), "{access}");
        assert_eq!(service.users.provider_token(&user, &with(rotated())).await.unwrap().secret(), "access-token-3");
        // Without a new refresh token, the stored one is encrypted again.
        service.provider.replace_refresh_tokens(false);
        service.advance(3600);
        let third = with(TokenKeys::new("c", &secret(3)).unwrap().and_previous("b", &secret(2)).unwrap());
        service.users.provider_token(&user, &third).await.unwrap();
        assert!(service.stored().await.remove(0).1.unwrap().starts_with("axum-users/v1/c/"));
    }
}
