//! Reading the log, and removing old entries.

use std::time::Duration;

use axum_users::{
    UsersBuilder,
    event::EventKind,
    routes::{Prefixes, RouteGroup},
};
use serde_json::json;

use super::{Audited, databases, texts};
use crate::{
    matrix::DatabaseKind,
    support::{User, roomy},
};

const MEMORY: &str = "sqlite::memory:";
const DAY: u64 = 24 * 3600;

#[tokio::test]
async fn only_superusers_read_the_log() {
    let app = Audited::on(DatabaseKind::Sqlite).await;
    app.register("arthur@camelot.bt").await;
    let token = app.login("jwt", "arthur@camelot.bt").await;
    app.get("/audit").send().await.is(401, r#"{"detail":"Unauthorized"}"#);
    app.read("garbage", "").await.is(401, r#"{"detail":"Unauthorized"}"#);
    app.read(&token, "").await.is(403, r#"{"detail":"Forbidden"}"#);
    app.read(&token, "?limit=x").await.is(403, r#"{"detail":"Forbidden"}"#);
    let (_, king) = app.superuser("uther@camelot.bt").await;
    let entries = app.read(&king, "").await;
    assert_eq!(entries.status, 200);
    let keys: Vec<_> = entries.json()[0].as_object().unwrap().keys().cloned().collect();
    let mut expected = vec![
        "id",
        "at",
        "event",
        "outcome",
        "reason",
        "user_id",
        "actor_id",
        "backend",
        "client",
        "request_id",
        "session_id",
        "limit",
        "changed",
    ];
    expected.sort_unstable();
    assert_eq!(keys, expected);
    assert_eq!(app.request("POST".parse().unwrap(), "/audit").bearer(&king).send().await.status, 405);
}

#[tokio::test]
async fn the_document_describes_the_route_if_it_is_mounted() {
    let app = Audited::on(DatabaseKind::Sqlite).await;
    let (_, king) = app.superuser("uther@camelot.bt").await;
    let sent: Vec<_> = app.read(&king, "").await.json()[0].as_object().unwrap().keys().cloned().collect();
    let prefixes = Prefixes::usual().with(RouteGroup::Audit);
    let document = serde_json::to_value(axum_users::openapi::openapi_at(&app.users, &prefixes)).unwrap();
    let keys = |value: &serde_json::Value| {
        let mut keys: Vec<_> = value.as_object().unwrap().keys().cloned().collect();
        keys.sort_unstable();
        keys
    };
    assert_eq!(keys(&document["components"]["schemas"]["AuditRead"]["properties"]), sent);
    let read = &document["paths"]["/audit"]["get"];
    assert_eq!(keys(&read["responses"]), ["200", "401", "403", "422"]);
    let names = texts(&read["parameters"], "name");
    assert_eq!(names, ["user_id", "event", "since", "until", "before", "limit"]);
    let without = serde_json::to_value(axum_users::openapi::openapi::<User>(&app.users)).unwrap();
    assert_eq!(without["paths"].get("/audit"), None);
}

#[tokio::test]
async fn a_query_that_makes_no_sense_is_refused() {
    let app = Audited::on(DatabaseKind::Sqlite).await;
    let (_, king) = app.superuser("uther@camelot.bt").await;
    for query in [
        "limit=0",
        "limit=201",
        "limit=-1",
        "limit=many",
        "limit=1&limit=2",
        "event=unheard",
        "event=login&event=logout",
        "since=yesterday",
        "until=2026-11-29",
        "before=1",
        "before=zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz",
        "before=ABCDEFABCDEFABCDEFABCDEFABCDEFAB",
    ] {
        let response = app.read(&king, &format!("?{query}")).await;
        assert_eq!(response.status, 422, "{query}: {response:?}");
        let name = query.split('=').next().unwrap();
        assert_eq!(response.json()["detail"][0]["loc"], json!(["query", name]), "{query}");
    }
    for query in ["user_id=%ff", "event=%00"] {
        assert_eq!(app.read(&king, &format!("?{query}")).await.status, 400, "{query}");
    }
    for query in ["user_id=nobody", "user_id=00000000-0000-4000-8000-000000000000", "user_id='%20OR%201=1%20--"] {
        app.read(&king, &format!("?{query}")).await.is(200, "[]");
    }
}

#[tokio::test]
async fn pages_are_stable_and_filters_combine() {
    for kind in databases().await {
        let app = Audited::on(kind).await;
        let (king_id, king) = app.superuser("uther@camelot.bt").await;
        let id = app.register("arthur@camelot.bt").await;
        for _minute in 0..10 {
            for _ in 0..3 {
                app.try_login("jwt", "arthur@camelot.bt", "a wrong guess").await;
            }
            app.clock.advance(Duration::from_secs(60));
        }
        app.login("db", "arthur@camelot.bt").await;
        app.written().await;
        let mut seen = Vec::new();
        let mut query = String::new();
        loop {
            let page = app.read(&king, &format!("?user_id={id}&limit=5{query}")).await.json();
            let ids = texts(&page, "id");
            assert!(ids.len() <= 5 && ids.is_sorted_by(|one, other| one > other), "{ids:?}");
            let Some(last) = ids.last() else { break };
            query = format!("&before={last}");
            seen.extend(texts(&page, "event"));
            // Entries that are added meanwhile are not on later pages.
            app.try_login("jwt", "arthur@camelot.bt", "a wrong guess").await;
            app.written().await;
        }
        assert_eq!(seen.len(), 32, "{kind:?}: {seen:?}");
        assert_eq!((seen[0].as_str(), seen[31].as_str()), ("login", "register"));

        let count = async |query: &str| app.read(&king, query).await.json().as_array().unwrap().len();
        assert_eq!(count(&format!("?user_id={id}&event=register")).await, 1);
        assert_eq!(count(&format!("?user_id={king_id}")).await, 2, "created and logged in");
        assert_eq!(count("?event=register").await, 2);
        let minute = "since=2026-11-29T12:02:00Z&until=2026-11-29T12:03:00Z";
        assert_eq!(count(&format!("?{minute}")).await, 3, "{kind:?}");
        assert_eq!(count(&format!("?{minute}&event=login&user_id={id}")).await, 3);
        assert_eq!(count(&format!("?{minute}&event=logout")).await, 0);
        assert_eq!(count("?since=2026-11-29T14:02:00%2B02:00&until=2026-11-29T12:03:00Z").await, 3, "a time zone");
        assert_eq!(count("?limit=200&event=login").await, 39, "{kind:?}");
        assert_eq!(count("?limit=3").await, 3);

        let logins = app.users.audit().of(&id.parse().unwrap()).event(EventKind::Login);
        let first = logins.clone().limit(3).page().await.unwrap();
        let second = logins.clone().limit(3).before(first.next.clone().unwrap()).page().await.unwrap();
        assert!(second.entries[0].id < first.entries[2].id);
        let all = logins.limit(1000).page().await.unwrap();
        assert_eq!((all.entries.len(), all.next), (38, None), "{kind:?}");
    }
}

#[tokio::test]
async fn old_entries_are_removed_and_younger_ones_stay() {
    for kind in databases().await {
        let keeps_30_days =
            |builder: UsersBuilder<User>| builder.audit_log().audit_retention(Duration::from_secs(30 * DAY));
        let app = Audited::with(kind, roomy(), keeps_30_days).await;
        // More than one step of the purge.
        let quoted = app.database.quoted("user_audit");
        let rows = (0..2_500)
            .map(|number| format!("('{:016x}{number:016x}', 0, 'login', 'refused')", 1_700_000_000_000_u64 << 16));
        let rows: Vec<_> = rows.collect();
        let insert = format!("INSERT INTO {quoted} (id, occurred_at, event, outcome) VALUES {}", rows.join(", "));
        app.database.run(&insert).await;
        app.register("arthur@camelot.bt").await;
        app.written().await;
        assert_eq!(app.users.purge_expired().await.unwrap(), 2_500, "{kind:?}");
        assert_eq!(app.database.count("user_audit", "1 = 1").await, 1, "{kind:?}");
        app.clock.advance(Duration::from_secs(30 * DAY));
        app.users.purge_expired().await.unwrap();
        assert_eq!(app.database.count("user_audit", "1 = 1").await, 1, "{kind:?}: just 30 days old");
        app.clock.advance(Duration::from_secs(1));
        app.users.purge_expired().await.unwrap();
        assert_eq!(app.database.count("user_audit", "1 = 1").await, 0, "{kind:?}");
    }
}

#[tokio::test]
async fn a_year_is_kept_by_default() {
    let app = Audited::on(DatabaseKind::Sqlite).await;
    app.register("arthur@camelot.bt").await;
    app.clock.advance(Duration::from_secs(365 * DAY));
    app.users.purge_expired().await.unwrap();
    assert_eq!(app.count("register", "success").await, 1);
    app.clock.advance(Duration::from_secs(1));
    app.users.purge_expired().await.unwrap();
    assert_eq!(app.count("register", "success").await, 0);
}

#[tokio::test]
async fn settings_that_make_no_sense_are_refused() {
    let build = async |settings: fn(UsersBuilder<User>) -> UsersBuilder<User>| {
        let builder = axum_users::Users::<User>::builder(axum_users::SecretKey::new(crate::support::SECRET).unwrap())
            .backend(axum_users::Backend::bearer("jwt", axum_users::Jwt::new()));
        settings(builder).build().await.err().map(|error| error.to_string()).unwrap_or_default()
    };
    assert_eq!(build(|builder| builder.database(MEMORY).audit_log()).await, "");
    for (settings, text) in [
        (
            (|builder| builder.database(MEMORY).audit_retention(Duration::from_secs(DAY)))
                as fn(UsersBuilder<User>) -> UsersBuilder<User>,
            "needs .audit_log()",
        ),
        (|builder| builder.database(MEMORY).audit_log().audit_retention(Duration::ZERO), "for a day at least"),
        (|builder| builder.store(axum_users::store::MemoryStore::new()).audit_log(), "the store has no audit log"),
    ] {
        let error = build(settings).await;
        assert!(error.contains(text), "{text}: {error}");
    }
}
