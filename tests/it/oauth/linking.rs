//! The user of an identity: new accounts, links and refusals.

mod oauth {
    use axum_users::oauth::SameAddress;
    use serde_json::{Value, json};

    use crate::{
        oauth::{
            provider::Person,
            support::{App, Setup, refused},
        },
        support::PASSWORD,
    };

    fn linking(provider: axum_users::oauth::OAuthProvider) -> axum_users::oauth::OAuthProvider {
        provider.same_address(SameAddress::Link).verified_by_default(true)
    }

    #[tokio::test]
    async fn a_first_login_creates_an_account_and_the_next_one_finds_it() {
        for route in ["/auth/acme", "/auth/hub"] {
            let app = App::new().await;
            let person = Person::verified("583231", "Arthur@Camelot.bt");
            let token = app.log_in(route, person.clone()).await.access_token();
            assert_eq!(app.hooks.take(), ["on_after_register", "on_after_login"], "{route}");
            let me = app.seen(&token).await;
            assert_eq!(me["email"], "Arthur@camelot.bt", "{route}");
            assert_eq!((&me["is_active"], &me["is_verified"]), (&json!(true), &json!(false)), "{route}");
            let again = app.log_in(route, person).await.access_token();
            assert_eq!(app.seen(&again).await["id"], me["id"], "{route}");
            assert_eq!(app.hooks.take(), ["on_after_login"], "{route}");
        }
    }

    #[tokio::test]
    async fn identity_is_provider_plus_subject() {
        let app = App::new().await;
        let at = async |route, subject: Value, email: &str| {
            let person = Person { subject, ..Person::verified("", email) };
            let token = app.log_in(route, person).await.access_token();
            app.seen(&token).await
        };
        let arthur = at("/auth/acme", json!("7"), "arthur@camelot.bt").await;
        // A new address at the provider changes the stored one of the link, and not that of the user.
        let renamed = at("/auth/acme", json!("7"), "king@camelot.bt").await;
        assert_eq!((&renamed["id"], &renamed["email"]), (&arthur["id"], &json!("arthur@camelot.bt")));
        assert_eq!(renamed["oauth_accounts"][0]["account_email"], "king@camelot.bt");
        // The same subject at another provider is another person.
        let other = at("/auth/hub", json!(7), "gawain@camelot.bt").await;
        assert_ne!(other["id"], arthur["id"]);
        assert_eq!(other["oauth_accounts"][0]["account_id"], "7");
        // Subjects are compared exactly.
        let upper = at("/auth/acme", json!("Seven"), "galahad@camelot.bt").await;
        let lower = at("/auth/acme", json!("seven"), "percival@camelot.bt").await;
        assert_ne!(upper["id"], lower["id"]);
    }

    #[tokio::test]
    async fn subjects_that_are_missing_or_of_another_type_are_refused() {
        let app = App::new().await;
        for subject in
            [json!(null), json!(""), json!(1.5), json!(true), json!([1]), json!({}), json!("a\u{0}b"), json!(" a")]
        {
            for route in ["/auth/acme", "/auth/hub"] {
                let person = Person { subject: subject.clone(), ..Person::verified("", "arthur@camelot.bt") };
                let response = app.log_in(route, person).await;
                assert_eq!(response.status, 400, "{route} {subject}: {response:?}");
            }
        }
        // A numeric subject is not valid in OpenID Connect.
        let numeric = Person { subject: json!(7), ..Person::verified("", "arthur@camelot.bt") };
        refused(&app.log_in("/auth/acme", numeric).await, "OAUTH_PROVIDER_ERROR");
        assert!(app.users.get_by_email("arthur@camelot.bt").await.unwrap().is_none());
    }

    #[tokio::test]
    async fn identity_linked_once() {
        let app = App::new().await;
        let arthur = Person::verified("arthur-1", "arthur@camelot.bt");
        let owner = app.log_in("/auth/acme", arthur.clone()).await.access_token();
        app.verified("mordred@camelot.bt").await;
        let other = app.password("mordred@camelot.bt").await;
        refused(&app.associate("acme", &other, arthur.clone()).await, "OAUTH_USER_ALREADY_EXISTS");
        assert!(app.accounts(&other).await.is_empty());
        // The owner may associate it again: it stays one account.
        assert_eq!(app.associate("acme", &owner, arthur.clone()).await.status, 200);
        assert_eq!(app.accounts(&owner).await.len(), 1);
        let again = app.log_in("/auth/acme", arthur).await.access_token();
        assert_eq!(app.seen(&again).await["email"], "arthur@camelot.bt");
    }

    #[tokio::test]
    async fn invalid_provider_email_counts_as_absent() {
        let app = App::new().await;
        app.verified("mordred@camelot.bt").await;
        let token = app.password("mordred@camelot.bt").await;
        for email in [
            json!(null),
            json!(""),
            json!("arthur"),
            json!("arthur@camelot.bt, mordred@camelot.bt"),
            json!("Arthur <arthur@camelot.bt>"),
            json!("arthur@localhost"),
            json!("arthur@camelot.bt\r\nBcc: x@y.bt"),
            json!(7),
            json!(["arthur@camelot.bt"]),
            json!("a".repeat(300) + "@camelot.bt"),
        ] {
            for route in ["/auth/acme", "/auth/hub"] {
                let person = Person { email: email.clone(), ..Person::verified("new", "") };
                let response = app.log_in(route, person.clone()).await;
                // A number is not a valid claim in OpenID Connect, and its token is refused as a whole.
                let is_refused = ["OAUTH_NOT_AVAILABLE_EMAIL", "OAUTH_PROVIDER_ERROR"]
                    .contains(&response.json()["detail"].as_str().unwrap());
                assert!(response.status == 400 && is_refused, "{route} {email}: {response:?}");
            }
        }
        let person = Person { email: json!(null), ..Person::verified("new", "") };
        refused(&app.associate("acme", &token, person).await, "OAUTH_NOT_AVAILABLE_EMAIL");
    }

    /// A column of the application that must be unique, filled from the provider's data.
    #[tokio::test]
    async fn a_taken_value_of_the_application_is_a_conflict_and_no_fault_of_the_provider() {
        let folder = tempfile::tempdir().unwrap();
        let database = format!("sqlite://{}?mode=rwc", folder.path().join("unique.db").display());
        let app = App::with(Setup {
            database: Some(database.clone()),
            provider: |provider| {
                provider.new_user(|_| serde_json::Map::from_iter([("name".to_owned(), json!("Arthur"))]))
            },
            resource: Some(|server| server),
            ..Setup::default()
        })
        .await;
        let pool = sqlx::SqlitePool::connect(&database).await.unwrap();
        sqlx::raw_sql("CREATE UNIQUE INDEX one_name ON user (name)").execute(&pool).await.unwrap();
        assert_eq!(app.log_in("/auth/acme", Person::verified("7", "arthur@camelot.bt")).await.status, 200);
        let twin = Person::verified("8", "twin@camelot.bt");
        refused(&app.log_in("/auth/acme", twin.clone()).await, "CONFLICT");
        assert!(app.users.get_by_email("twin@camelot.bt").await.unwrap().is_none());
        // The name of another user is free.
        sqlx::raw_sql("UPDATE user SET name = 'Uther'").execute(&pool).await.unwrap();
        assert_eq!(app.log_in("/auth/acme", twin).await.status, 200);
    }

    /// Otherwise an account at the provider could be used to try addresses of other people.
    #[tokio::test]
    async fn a_private_registration_creates_no_account_for_an_address_that_nobody_has_proved() {
        let policy = axum_users::Policy::recommended().require_verification(true).private_registration();
        let app =
            App::with(Setup { policy, provider: |provider| provider.verified_by_default(true), ..Setup::default() })
                .await;
        app.verified("arthur@camelot.bt").await;
        for route in ["/auth/acme", "/auth/hub"] {
            for email in ["arthur@camelot.bt", "new@camelot.bt"] {
                let response = app.log_in(route, Person::unverified("7", email)).await;
                refused(&response, "OAUTH_NOT_AVAILABLE_EMAIL");
            }
        }
        assert!(app.users.get_by_email("new@camelot.bt").await.unwrap().is_none());
        // A verified one is disclosed only to its owner.
        refused(
            &app.log_in("/auth/acme", Person::verified("7", "arthur@camelot.bt")).await,
            "OAUTH_USER_ALREADY_EXISTS",
        );
        assert_eq!(app.log_in("/auth/acme", Person::verified("7", "new@camelot.bt")).await.status, 200);
        // A link remains valid when the address is no longer verified.
        assert_eq!(app.log_in("/auth/acme", Person::unverified("7", "other@camelot.bt")).await.status, 200);
    }

    #[tokio::test]
    async fn taken_addresses_are_refused_by_default() {
        let app = App::new().await;
        app.verified("arthur@camelot.bt").await;
        for route in ["/auth/acme", "/auth/hub"] {
            for email in ["arthur@camelot.bt", "ARTHUR@CAMELOT.BT"] {
                let response = app.log_in(route, Person::verified("other", email)).await;
                refused(&response, "OAUTH_USER_ALREADY_EXISTS");
            }
        }
    }

    #[tokio::test]
    async fn addresses_that_both_sides_verified_link_if_the_policy_allows_it() {
        for route in ["/auth/acme", "/auth/hub"] {
            let app = App::having(linking).await;
            let arthur = app.verified("arthur@camelot.bt").await;
            let token = app.log_in(route, Person::verified("1", "Arthur@camelot.bt")).await.access_token();
            assert_eq!(app.seen(&token).await["id"], json!(arthur.id));
            assert_eq!(app.try_password("arthur@camelot.bt", PASSWORD).await.status, 200, "the password stays");
        }
    }

    #[tokio::test]
    async fn unverified_provider_email_never_links() {
        for policy in [SameAddress::Link, SameAddress::LinkOrTakeOver] {
            let app = App::having(match policy {
                SameAddress::Link => linking,
                _ => |provider| provider.same_address(SameAddress::LinkOrTakeOver).verified_by_default(true),
            })
            .await;
            app.verified("arthur@camelot.bt").await;
            app.register("gawain@camelot.bt").await;
            for (verified, at_openid_only) in [
                (json!(false), false),
                (json!(null), false),
                (json!("false"), false),
                (json!("yes"), false),
                (json!(1), true),
                (json!([true]), true),
            ] {
                for email in ["arthur@camelot.bt", "gawain@camelot.bt"] {
                    for route in ["/auth/acme", "/auth/hub"] {
                        let person = Person { verified: verified.clone(), ..Person::verified("9", email) };
                        let response = app.log_in(route, person).await;
                        assert_eq!(response.status, 400, "{verified} {email} {route} {at_openid_only}: {response:?}");
                    }
                }
            }
        }
    }

    #[tokio::test]
    async fn an_address_that_the_provider_denies_is_unverified_whatever_the_default_is() {
        let app = App::having(linking).await;
        for (subject, verified, is_verified) in
            [("1", json!(true), true), ("2", json!(false), false), ("3", json!(null), true)]
        {
            let email = format!("knight{subject}@camelot.bt");
            let person = Person { verified, ..Person::verified(subject, &email) };
            let token = app.log_in("/auth/acme", person).await.access_token();
            assert_eq!(app.seen(&token).await["is_verified"], is_verified, "{subject}");
        }
    }

    #[tokio::test]
    async fn prehijacked_account_not_merged() {
        // Refused: the account stays as it is.
        let app = App::having(linking).await;
        app.register("victim@camelot.bt").await;
        let attackers = app.password("victim@camelot.bt").await;
        let victim = Person::verified("victim", "victim@camelot.bt");
        refused(&app.log_in("/auth/acme", victim.clone()).await, "OAUTH_USER_ALREADY_EXISTS");
        assert_eq!(app.seen(&attackers).await["oauth_accounts"], json!([]));

        // Taken over: nothing of the attacker remains.
        let app = App::having(|provider| provider.same_address(SameAddress::LinkOrTakeOver)).await;
        app.register("victim@camelot.bt").await;
        let attackers = app.password("victim@camelot.bt").await;
        let foothold = Person::verified("attacker", "attacker@evil.example");
        assert_eq!(app.associate("hub", &attackers, foothold.clone()).await.status, 200);
        app.hooks.take();
        let victims = app.log_in("/auth/acme", victim.clone()).await.access_token();
        assert_eq!(app.me(&attackers).await.status, 401);
        refused(&app.try_password("victim@camelot.bt", PASSWORD).await, "LOGIN_BAD_CREDENTIALS");
        let seen = app.seen(&victims).await;
        assert_eq!(seen["is_verified"], true);
        let links = seen["oauth_accounts"].as_array().unwrap();
        assert_eq!(links.iter().map(|link| &link["account_id"]).collect::<Vec<_>>(), ["victim"]);
        // The attacker's provider account is free again, and becomes somebody else.
        let attacker = app.log_in("/auth/hub", foothold).await.access_token();
        assert_ne!(app.seen(&attacker).await["id"], seen["id"]);
        app.hooks.token("on_after_credentials_change", "victim@camelot.bt").await;
        let again = app.log_in("/auth/acme", victim).await.access_token();
        assert_eq!(app.seen(&again).await["id"], seen["id"]);
    }

    #[tokio::test]
    async fn inactive_users_are_refused_like_wrong_credentials() {
        let app = App::new().await;
        let person = Person::verified("1", "arthur@camelot.bt");
        let token = app.log_in("/auth/acme", person.clone()).await.access_token();
        let user = app.users.get_by_email("arthur@camelot.bt").await.unwrap().unwrap();
        let change = crate::oauth::support::UserAdminUpdate { is_active: Some(false), ..Default::default() };
        app.users.update(user, change).await.unwrap();
        assert_eq!(app.me(&token).await.status, 401);
        refused(&app.log_in("/auth/acme", person).await, "LOGIN_BAD_CREDENTIALS");
    }

    #[tokio::test]
    async fn fields_of_a_new_account_come_from_what_the_provider_says() {
        fn named(provider: axum_users::oauth::OAuthProvider) -> axum_users::oauth::OAuthProvider {
            provider.new_user(|identity| {
                let name = identity.claims.get("name").and_then(Value::as_str);
                let fields =
                    [("name", name.unwrap_or("nobody")), ("email", "other@camelot.bt"), ("is_superuser", "true")];
                fields.into_iter().map(|(key, value)| (key.to_owned(), value.into())).collect()
            })
        }
        let app = App::having(named).await;
        let token = app.log_in("/auth/hub", Person::verified("1", "arthur@camelot.bt")).await.access_token();
        let me = app.seen(&token).await;
        assert_eq!((&me["name"], &me["email"]), (&json!("The Octocat"), &json!("arthur@camelot.bt")));
        assert_eq!(me["is_superuser"], false);
    }
}
