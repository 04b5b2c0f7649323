//! The flows on every database and over every transport, on one database for two instances.

use std::sync::Arc;

use futures_util::future::join_all;
use serde_json::json;

use super::{
    provider::Person,
    support::{App, Setup, refused},
};
use crate::{
    matrix::{Database, DatabaseKind},
    support::Carrier,
};

async fn flows_on(kind: DatabaseKind, carrier: Carrier) {
    if !kind.is_reachable().await {
        return;
    }
    let database = Database::empty(kind).await;
    let setup =
        || Setup { carrier, database: Some(database.url()), resource: Some(|server| server), ..Setup::default() };
    let app = App::with(setup()).await;
    // A second instance, with the same secret, database and provider.
    let other = App::beside(setup(), app.provider.clone(), Arc::clone(&app.clock)).await;
    let token = |response: crate::support::Response| match carrier {
        Carrier::Bearer => response.access_token(),
        Carrier::Cookie => response.set_cookie().expect("a cookie").1.to_owned(),
    };

    // A flow that starts at one instance ends at the other, once.
    let arthur = Person::verified("ARTHUR-é-1", "arthur@camelot.bt");
    let flow = app.start("/auth/acme").await;
    let code = app.provider.approve(&flow.url, arthur.clone());
    let arthurs = token(other.callback("/auth/acme", &flow, &code).await);
    let again = app.provider.approve(&flow.url, arthur.clone());
    refused(&app.callback("/auth/acme", &flow, &again).await, "OAUTH_INVALID_STATE");
    let me = app.seen(&arthurs).await;
    assert_eq!(me["oauth_accounts"][0]["account_id"], "ARTHUR-é-1");
    assert_eq!(app.seen(&token(app.log_in("/auth/acme", arthur.clone()).await)).await["id"], me["id"]);
    // Subjects are compared byte for byte on every database.
    let lower = Person::verified("arthur-é-1", "gawain@camelot.bt");
    assert_ne!(app.seen(&token(other.log_in("/auth/acme", lower).await)).await["id"], me["id"]);

    // The last login method stays, until there is another one.
    let id = me["oauth_accounts"][0]["id"].as_str().unwrap().to_owned();
    refused(&app.unlink(&arthurs, &id).await, "OAUTH_LAST_WAY_IN");
    let second = Person::unverified("7", "king@hub.example");
    assert_eq!(app.associate("hub", &arthurs, second.clone()).await.status, 200);
    assert_eq!(app.seen(&token(other.log_in("/auth/hub", second.clone()).await)).await["id"], me["id"]);
    assert_eq!(app.unlink(&arthurs, &id).await.status, 204);
    assert_eq!(app.accounts(&arthurs).await.len(), 1);
    refused(&app.log_in("/auth/acme", arthur).await, "OAUTH_USER_ALREADY_EXISTS");

    // An account is linked once, and its links go with the user.
    app.verified("mordred@camelot.bt").await;
    let response = app.try_password("mordred@camelot.bt", crate::support::PASSWORD).await;
    let mordreds = token(response);
    refused(&app.associate("hub", &mordreds, second.clone()).await, "OAUTH_USER_ALREADY_EXISTS");
    assert_eq!(app.seen(&mordreds).await["oauth_accounts"], json!([]));
    let user = app.users.get_by_email("arthur@camelot.bt").await.unwrap().unwrap();
    app.users.delete(&user).await.unwrap();
    assert_eq!(database.count("oauth_account", "oauth_name = 'hub'").await, 0);
    // A person with an access token of the issuer becomes one user, regardless of which instance is called first.
    let lancelot = Person::verified("LANCELOT-é-1", "lancelot@camelot.bt");
    let access_token = app.provider.access_token(&lancelot);
    let requests = (0..8).map(|number| {
        let app = if number % 2 == 0 { &app } else { &other };
        app.get("/users/me").bearer(&access_token).send()
    });
    let seen = join_all(requests).await;
    assert!(seen.iter().all(|response| response.status == 200), "{seen:?}");
    assert!(seen.iter().all(|response| response.json()["id"] == seen[0].json()["id"]));
    let logged_in = app.seen(&token(app.log_in("/auth/acme", lancelot).await)).await;
    assert_eq!(logged_in["id"], seen[0].json()["id"]);
    let fresh = Person::verified("7", "bors@camelot.bt");
    assert_ne!(app.seen(&token(app.log_in("/auth/hub", fresh).await)).await["id"], me["id"]);
}

#[tokio::test]
async fn flows_work_on_every_database_over_every_transport() {
    for kind in DatabaseKind::ALL {
        for carrier in Carrier::BOTH {
            flows_on(kind, carrier).await;
        }
    }
}
