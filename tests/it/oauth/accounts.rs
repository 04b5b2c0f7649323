//! The user's own accounts at providers, and the effect on passwords.

use serde_json::json;
use sqlx::{Connection as _, SqliteConnection, sqlite::SqliteConnectOptions};

use super::{
    provider::Person,
    support::{App, Setup, refused},
};
use crate::support::PASSWORD;

mod oauth {
    use super::*;

    #[tokio::test]
    async fn one_s_own_accounts_are_listed_and_removed() {
        let app = App::new().await;
        app.verified("arthur@camelot.bt").await;
        let token = app.password("arthur@camelot.bt").await;
        app.associate("acme", &token, Person::verified("a", "a@acme.example")).await;
        let response = app.associate("hub", &token, Person::unverified("7", "a@hub.example")).await;
        assert_eq!(app.hooks.take(), ["on_after_register", "on_after_login", "on_after_update", "on_after_update"]);
        assert_eq!(response.json()["oauth_accounts"].as_array().unwrap().len(), 2);
        let accounts = app.accounts(&token).await;
        let shown: Vec<_> =
            accounts.iter().map(|account| (&account["oauth_name"], &account["account_email"])).collect();
        assert_eq!(shown, [(&json!("acme"), &json!("a@acme.example")), (&json!("hub"), &json!("a@hub.example"))]);
        for account in &accounts {
            let keys: Vec<_> = account.as_object().unwrap().keys().collect();
            assert_eq!(keys, ["account_email", "id", "oauth_name"]);
        }

        let id = accounts[0]["id"].as_str().unwrap();
        app.verified("mordred@camelot.bt").await;
        let other = app.password("mordred@camelot.bt").await;
        for unknown in [id, "7", "00000000-0000-4000-8000-000000000000", "x%00"] {
            app.unlink(&other, unknown).await.is(404, r#"{"detail":"Not Found"}"#);
        }
        app.hooks.take();
        let removed = app.unlink(&token, id).await;
        assert_eq!((removed.status.as_u16(), removed.text().as_str()), (204, ""));
        assert_eq!(app.hooks.take(), ["on_after_update"]);
        app.unlink(&token, id).await.is(404, r#"{"detail":"Not Found"}"#);
        let rest = app.accounts(&token).await;
        assert_eq!(rest.len(), 1);
        // The password is a login method, so the last account can be removed as well.
        assert_eq!(app.unlink(&token, rest[0]["id"].as_str().unwrap()).await.status, 204);
        refused(
            &app.log_in("/auth/acme", Person::verified("a", "arthur@camelot.bt")).await,
            "OAUTH_USER_ALREADY_EXISTS",
        );
        app.get("/users/me/oauth-accounts").send().await.is(401, r#"{"detail":"Unauthorized"}"#);
    }

    /// SQLite enforces foreign keys only if a program turns this on.
    #[tokio::test]
    async fn a_link_whose_user_another_program_deleted_stands_in_nobodys_way() {
        let folder = tempfile::tempdir().unwrap();
        let database = format!("sqlite://{}?mode=rwc", folder.path().join("shared.db").display());
        let app = App::with(Setup { database: Some(database.clone()), ..Setup::default() }).await;
        let options: SqliteConnectOptions = database.parse().unwrap();
        let mut other = SqliteConnection::connect_with(&options.foreign_keys(false)).await.unwrap();
        let mut forget = async |email: &str| {
            let statement = sqlx::query(r#"DELETE FROM "user" WHERE email = ?"#).bind(email);
            assert_eq!(statement.execute(&mut other).await.unwrap().rows_affected(), 1);
        };
        let person = Person::verified("arthur-1", "arthur@camelot.bt");
        let before = app.seen(&app.log_in("/auth/acme", person.clone()).await.access_token()).await;
        forget("arthur@camelot.bt").await;
        let after = app.seen(&app.log_in("/auth/acme", person.clone()).await.access_token()).await;
        assert_ne!(after["id"], before["id"]);
        assert_eq!(after["oauth_accounts"].as_array().unwrap().len(), 1);
        forget("arthur@camelot.bt").await;
        app.verified("gawain@camelot.bt").await;
        let gawains = app.password("gawain@camelot.bt").await;
        assert_eq!(app.associate("acme", &gawains, person).await.status, 200);
        assert_eq!(app.accounts(&gawains).await.len(), 1);
    }

    #[tokio::test]
    async fn the_last_way_in_is_kept() {
        let app = App::new().await;
        let token = app.log_in("/auth/acme", Person::verified("1", "arthur@camelot.bt")).await.access_token();
        let id = async |name: &str| {
            let accounts = app.accounts(&token).await;
            let account = accounts.iter().find(|account| account["oauth_name"] == name).unwrap();
            account["id"].as_str().unwrap().to_owned()
        };
        refused(&app.unlink(&token, &id("acme").await).await, "OAUTH_LAST_WAY_IN");
        app.associate("hub", &token, Person::verified("1", "arthur@camelot.bt")).await;
        assert_eq!(app.unlink(&token, &id("acme").await).await.status, 204);
        refused(&app.unlink(&token, &id("hub").await).await, "OAUTH_LAST_WAY_IN");
        assert_eq!(app.accounts(&token).await.len(), 1);
    }

    #[tokio::test]
    async fn provider_tokens_not_in_responses() {
        let app = App::new().await;
        let login = app.log_in("/auth/acme", Person::verified("1", "arthur@camelot.bt")).await;
        let token = login.access_token();
        let read = json!({
            "oauth_name": "acme", "access_token": "", "expires_at": null, "refresh_token": null,
            "account_id": "1", "account_email": "arthur@camelot.bt",
        });
        let associated = app.associate("hub", &token, Person::verified("1", "arthur@camelot.bt")).await;
        for response in [app.me(&token).await, associated] {
            let mut account = response.json()["oauth_accounts"][0].clone();
            assert!(account.as_object_mut().unwrap().remove("id").is_some());
            assert_eq!(account, read);
            assert!(response.text().starts_with(r#"{"oauth_accounts":[{"id":"#), "first, as in fastapi-users");
            assert!(!response.text().contains("access-token-") && !response.text().contains("refresh-token"));
        }
        assert!(!login.text().contains("access-token-"), "{login:?}");
    }

    #[tokio::test]
    async fn provider_tokens_not_stored_by_default() {
        use sqlx::{Connection as _, SqliteConnection};

        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}?mode=rwc", folder.path().join("shared.db").display());
        let setup = Setup { database: Some(url.clone()), ..Default::default() };
        let app = App::with(setup).await;
        assert_eq!(app.log_in("/auth/acme", Person::verified("1", "arthur@camelot.bt")).await.status, 200);
        let mut connection = SqliteConnection::connect(&url).await.unwrap();
        let row: (String, Option<i64>, Option<String>) =
            sqlx::query_as("SELECT access_token, expires_at, refresh_token FROM oauth_account")
                .fetch_one(&mut connection)
                .await
                .unwrap();
        assert_eq!(row, (String::new(), None, None));
    }
}

mod flow {
    use super::*;

    #[tokio::test]
    async fn oauth_link_needs_fresh_login() {
        let app = App::new().await;
        app.verified("arthur@camelot.bt").await;
        let token = app.password("arthur@camelot.bt").await;
        app.associate("acme", &token, Person::verified("1", "arthur@camelot.bt")).await;
        let id = app.accounts(&token).await[0]["id"].as_str().unwrap().to_owned();
        app.advance(301);
        let stale = r#"{"detail":"REAUTHENTICATION_REQUIRED"}"#;
        app.get("/auth/associate/hub/authorize").bearer(&token).send().await.is(401, stale);
        app.unlink(&token, &id).await.is(401, stale);
        assert_eq!(app.accounts(&token).await.len(), 1, "reading needs no recent login");
        let fresh = app.password("arthur@camelot.bt").await;
        assert_eq!(app.unlink(&fresh, &id).await.status, 204);
        app.get("/auth/associate/hub/authorize").send().await.is(401, r#"{"detail":"Unauthorized"}"#);
    }
}

mod password {
    use super::*;

    #[tokio::test]
    async fn oauth_account_has_no_usable_password() {
        let app = App::having(|provider| provider.verified_by_default(true)).await;
        let person = Person::verified("1", "arthur@camelot.bt");
        let token = app.log_in("/auth/acme", person.clone()).await.access_token();
        let user = app.users.get_by_email("arthur@camelot.bt").await.unwrap().unwrap();
        assert!(user.hashed_password.as_stored().starts_with("$argon2id$"), "a hash like any other");
        for password in [" ", "\u{0}", "null", "None", PASSWORD, user.hashed_password.as_stored()] {
            refused(&app.try_password("arthur@camelot.bt", password).await, "LOGIN_BAD_CREDENTIALS");
        }
        assert_eq!(app.try_password("arthur@camelot.bt", "").await.status, 422);
        // A reset restores access, and the account at the provider stays.
        app.reset("arthur@camelot.bt", PASSWORD).await;
        assert_eq!(app.me(&token).await.status, 401);
        assert_eq!(app.try_password("arthur@camelot.bt", PASSWORD).await.status, 200);
        let again = app.log_in("/auth/acme", person).await.access_token();
        let id = app.accounts(&again).await[0]["id"].as_str().unwrap().to_owned();
        assert_eq!(app.unlink(&again, &id).await.status, 204, "the password is a way in now");
    }
}

mod tx {
    use super::*;
    use sqlx::Executor as _;

    #[tokio::test]
    async fn oauth_create_all_or_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}?mode=rwc", folder.path().join("shared.db").display());
        let setup = Setup { database: Some(url.clone()), ..Default::default() };
        let app = App::with(setup).await;
        let mut connection = SqliteConnection::connect(&url).await.unwrap();
        let fail = "CREATE TRIGGER stop BEFORE INSERT ON oauth_account BEGIN SELECT RAISE(ABORT, 'disk full'); END";
        connection.execute(fail).await.unwrap();
        let person = Person::verified("1", "arthur@camelot.bt");
        let response = app.log_in("/auth/acme", person.clone()).await;
        assert!(!response.status.is_success(), "{response:?}");
        assert!(app.users.get_by_email("arthur@camelot.bt").await.unwrap().is_none(), "no user without its link");
        assert_eq!(app.hooks.take(), Vec::<&str>::new());
        connection.execute("DROP TRIGGER stop").await.unwrap();
        assert_eq!(app.log_in("/auth/acme", person).await.status, 200);
    }
}
