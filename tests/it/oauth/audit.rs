//! Links in the audit log: with the change, or neither.

use super::{
    provider::Person,
    support::{App, Setup},
};
use crate::matrix::{Database, DatabaseKind};

#[tokio::test]
async fn links_and_their_entries_are_stored_together_or_not_at_all() {
    for kind in DatabaseKind::ALL {
        if !kind.is_reachable().await {
            continue;
        }
        let database = Database::empty(kind).await;
        let app = App::with(Setup { database: Some(database.url()), audit: true, ..Setup::default() }).await;
        let events = async |user: &str| {
            app.users.drain(std::time::Duration::from_secs(30)).await;
            let page = app.users.audit().of(&user.parse().unwrap()).page().await.unwrap();
            let mut names: Vec<_> = page.entries.into_iter().map(|entry| entry.event).collect();
            names.reverse();
            names
        };
        let arthur = Person::verified("a", "arthur@camelot.bt");
        let token = app.log_in("/auth/acme", arthur).await.access_token();
        let id = app.seen(&token).await["id"].as_str().unwrap().to_owned();
        assert_eq!(app.associate("hub", &token, Person::unverified("7", "a@hub.example")).await.status, 200);
        let accounts = app.accounts(&token).await;
        let hub = accounts.iter().find(|account| account["oauth_name"] == "hub").unwrap()["id"].as_str().unwrap();
        assert_eq!(app.unlink(&token, hub).await.status, 204);
        let expected = ["register", "oauth_link", "login", "oauth", "oauth_link", "oauth_unlink"];
        assert_eq!(events(&id).await, expected, "{kind:?}");
        let left = app.accounts(&token).await[0]["id"].as_str().unwrap().to_owned();
        assert_eq!(app.unlink(&token, &left).await.status, 400, "the last way in");
        assert_eq!(app.associate("hub", &token, Person::unverified("8", "b@hub.example")).await.status, 200);

        database.fail("INSERT", "user_audit").await;
        let kay = app.log_in("/auth/acme", Person::verified("k", "kay@camelot.bt")).await;
        assert!(kay.status.is_server_error(), "{kind:?}: {kay:?}");
        assert!(app.users.get_by_email("kay@camelot.bt").await.unwrap().is_none(), "{kind:?}");
        let linked = app.associate("acme", &token, Person::verified("other", "other@acme.example")).await;
        assert!(linked.status.is_server_error(), "{kind:?}: {linked:?}");
        assert!(app.unlink(&token, &left).await.status.is_server_error(), "{kind:?}");
        let accounts = app.accounts(&token).await;
        assert!(accounts.len() == 2 && accounts.iter().any(|account| account["id"] == *left), "{kind:?}: {accounts:?}");
    }
}
