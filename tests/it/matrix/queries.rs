//! How often a request queries the database.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use axum::Router;
use axum_users::{Backend, Redis, SecretKey, Users, UsersBuilder, store::SqlStore};
use sqlx::{Database, Pool, pool::PoolOptions};

use super::{DatabaseKind, Service, combination::Ends, everywhere};
use crate::support::{Http, SECRET, SharedClock, User, roomy, user_routes};

/// Opens a pool that counts how often a connection is taken from it, which is once for each query of a lookup.
async fn counting<DB: Database>(url: &str, taken: &Arc<AtomicUsize>) -> Pool<DB> {
    let taken = Arc::clone(taken);
    PoolOptions::<DB>::new()
        .max_connections(1)
        .test_before_acquire(false)
        .before_acquire(move |_, _| {
            taken.fetch_add(1, Ordering::Relaxed);
            Box::pin(std::future::ready(Ok(true)))
        })
        .connect(url)
        .await
        .unwrap()
}

/// Starts a node of the same service over such a pool.
async fn counted(
    app: &Service,
    taken: &Arc<AtomicUsize>,
    set: impl FnOnce(UsersBuilder<User>, Backend) -> UsersBuilder<User>,
) -> Http {
    let url = app.database().url();
    let store = match app.combination.database {
        DatabaseKind::Sqlite => SqlStore::<User>::from_sqlite_pool(counting(&url, taken).await),
        DatabaseKind::Postgres => SqlStore::from_postgres_pool(counting(&url, taken).await),
        DatabaseKind::MariaDb => SqlStore::from_mysql_pool(counting(&url, taken).await),
    };
    let redis = Redis::new(&app.stored.redis.url).unwrap().prefix(app.stored.redis.ours());
    let builder = Users::<User>::builder(SecretKey::new(SECRET).unwrap())
        .store(store.unwrap())
        .clock(SharedClock(Arc::clone(&app.clock)))
        .limits(roomy());
    let users = set(builder, app.combination.backend("it", Ends::default(), redis)).build().await.unwrap();
    Http::serve(Router::new().merge(user_routes(&users)).with_state(users)).await
}

#[tokio::test]
async fn a_current_user_is_one_query_with_every_strategy() {
    everywhere(|app| async move {
        let (token, taken) = (app.member("kay").await, Arc::new(AtomicUsize::new(0)));
        let node = counted(&app, &taken, UsersBuilder::backend).await;
        // The first request also reads the table's columns.
        for _ in 0..3 {
            taken.store(0, Ordering::Relaxed);
            assert_eq!(app.with(node.get("/users/me"), &token).send().await.status, 200);
        }
        assert_eq!(taken.load(Ordering::Relaxed), 1);
    })
    .await;
}

#[cfg(all(feature = "totp", feature = "passkeys"))]
#[tokio::test]
async fn a_login_with_everything_on_is_at_most_two_queries_more_and_one_for_refresh_tokens() {
    use axum_users::{
        Mfa,
        env::Clock as _,
        passkeys::Passkeys,
        testing::AuthenticatorApp,
        token::{EmailCode, MagicLink},
    };
    use serde_json::json;

    use super::{Plan, app::ORIGIN, refresh::settings};
    use crate::support::PASSWORD;

    let plan = Plan {
        mfa: Some(Mfa::optional()),
        refresh: Some(settings()),
        by_mail: true,
        passkeys: true,
        ..Plan::default()
    };
    super::everywhere_as(plan, |app| async move {
        app.register("kay").await;
        app.verify(&app.verify_token("kay").await).await;
        let session = app.login("kay", PASSWORD).await;
        let taken = Arc::new(AtomicUsize::new(0));
        let everything = |builder: UsersBuilder<User>| {
            let passkeys = Passkeys::new().origin(ORIGIN);
            builder.mfa(Mfa::optional()).passkeys(passkeys).magic_link(MagicLink::new()).email_code(EmailCode::new())
        };
        let (without, with, refreshing) = (
            counted(&app, &taken, UsersBuilder::backend).await,
            counted(&app, &taken, |builder, backend| everything(builder).backend(backend)).await,
            counted(&app, &taken, |builder, backend| everything(builder).backend(backend.refresh(settings()))).await,
        );
        let mail = app.mail("kay");
        let count = async |node: &Http, otp: &str| {
            let mut form = vec![("username", mail.as_str()), ("password", PASSWORD)];
            form.extend((!otp.is_empty()).then_some(("otp", otp)));
            taken.store(0, Ordering::Relaxed);
            let response = node.post("/auth/it/login").form(&form).send().await;
            assert!(response.status.is_success(), "{response:?}");
            taken.load(Ordering::Relaxed)
        };
        // The first request also reads the table's columns.
        for node in [&without, &with, &refreshing] {
            count(node, "").await;
        }
        let usual = count(&without, "").await;
        assert!(count(&with, "").await <= usual + 1, "a user who has not enrolled");
        let begun = app.with(app.post("/auth/totp/enroll"), &session).send().await;
        let authenticator = AuthenticatorApp::new(begun.json()["secret"].as_str().unwrap()).unwrap();
        let code = json!({ "code": authenticator.code(app.clock.now()) });
        assert_eq!(app.with(app.post("/auth/totp/confirm"), &session).json(code).send().await.status, 200);
        app.advance(30);
        let more = count(&with, &authenticator.code(app.clock.now())).await - usual;
        assert!((1..=2).contains(&more), "{more}");
        app.advance(30);
        let more = count(&refreshing, &authenticator.code(app.clock.now())).await - usual;
        assert!((2..=3).contains(&more), "with refresh tokens {more}");
    })
    .await;
}
