//! The providers of the server, from its variables.

use std::{env, process::Command, sync::Arc};

use axum_users::{
    env::{Clock as _, SystemClock},
    testing::ManualClock,
};

use super::{Running, free_port, start::run};
use crate::{
    http::Http,
    oauth::{
        provider::{AUDIENCE, CLIENT_ID, CLIENT_SECRET, Person, Provider},
        support::{FLOW_COOKIE, callback_path, started},
    },
};

const ACME: [(&str, &str); 3] =
    [("OAUTH_PROVIDERS", "acme"), ("OAUTH_ACME_CLIENT_ID", CLIENT_ID), ("OAUTH_ACME_CLIENT_SECRET", CLIENT_SECRET)];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_server_has_the_providers_of_its_variables() {
    let clock = Arc::new(ManualClock::at(SystemClock.now()));
    let provider = Provider::start(clock).await;
    let folder = tempfile::tempdir().unwrap();
    let database = format!("sqlite://{}?mode=rwc", folder.path().join("server.db").display());
    let (port, issuer) = (free_port(), provider.issuer());
    let [token, user, emails] = ["/hub/token", "/hub/user", "/hub/emails"].map(|path| provider.url(path));
    let variables = [
        &ACME[1..],
        &[
            ("OAUTH_PROVIDERS", "acme, hub"),
            ("OAUTH_ACME_ISSUER", &issuer),
            ("OAUTH_HUB_CLIENT_ID", CLIENT_ID),
            ("OAUTH_HUB_CLIENT_SECRET", CLIENT_SECRET),
            ("OAUTH_HUB_AUTHORIZE_URL", "https://hub.example/authorize"),
            ("OAUTH_HUB_TOKEN_URL", &token),
            ("OAUTH_HUB_USER_URL", &user),
            ("OAUTH_HUB_EMAILS_URL", &emails),
            ("OAUTH_HUB_SCOPES", "read:user user:email"),
            ("OAUTH_IS_VERIFIED_BY_DEFAULT", "true"),
        ],
    ]
    .concat();
    let command = Command::new(env::current_exe().unwrap());
    let running = Running::at(command, &format!("127.0.0.1:{port}"), port, &database, &variables);
    let http = Http::at(running.address);
    let mut number = 0;
    for name in ["acme", "hub"] {
        number += 1;
        let route = format!("/auth/{name}");
        let flow = started(&http.get(&format!("{route}/authorize")).send().await);
        assert_eq!(flow.url.contains("scope=read%3Auser+user%3Aemail"), name == "hub", "{}", flow.url);
        let code = provider.approve(&flow.url, Person::verified(&number.to_string(), &format!("{name}@camelot.bt")));
        let path = callback_path(&route, &code, &flow.state);
        let token = http.get(&path).cookie(FLOW_COOKIE, &flow.cookie).send().await.access_token();
        let me = http.get("/users/me").bearer(&token).send().await.json();
        assert_eq!(me["oauth_accounts"][0]["oauth_name"], name);
        assert_eq!(me["is_verified"], true);
        let accounts = http.get("/users/me/oauth-accounts").bearer(&token).send().await;
        assert_eq!(accounts.json().as_array().unwrap().len(), 1);
        let start = format!("/auth/associate/{name}/authorize");
        assert_eq!(http.get(&start).bearer(&token).send().await.status, 200);
        assert_eq!(http.get(&format!("{route}/authorize?scopes=admin")).send().await.status, 422);
    }
    let (status, complaints) = running.stop();
    assert!(status.success() && complaints.is_empty(), "{complaints}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_server_accepts_tokens_of_the_issuer_in_its_variables() {
    let clock = Arc::new(ManualClock::at(SystemClock.now()));
    let provider = Provider::start(clock).await;
    let folder = tempfile::tempdir().unwrap();
    let (port, issuer) = (free_port(), provider.issuer());
    let arthur = Person::verified("arthur-1", "arthur@camelot.bt");
    // With a provider of the same issuer, both have the same accounts.
    let with_provider = [&ACME[..], &[("OAUTH_ACME_ISSUER", &issuer)]].concat();
    for (more, accounts_of) in [(Vec::new(), "sso"), (with_provider, "acme")] {
        let database = format!("sqlite://{}?mode=rwc", folder.path().join(accounts_of).display());
        let resource = [
            ("OIDC_RESOURCE_ISSUER", issuer.as_str()),
            ("OIDC_RESOURCE_AUDIENCE", AUDIENCE),
            ("OIDC_RESOURCE_JWT_TYPE", "true"),
        ];
        let variables = [&more[..], &resource].concat();
        let command = Command::new(env::current_exe().unwrap());
        let running = Running::at(command, &format!("127.0.0.1:{port}"), port, &database, &variables);
        let http = Http::at(running.address);
        for kind in ["at+jwt", "JWT"] {
            let me = http.get("/users/me").bearer(&provider.typed_token(kind, &arthur)).send().await;
            assert_eq!(me.status, 200, "{kind}: {me:?}");
            assert_eq!(me.json()["oauth_accounts"][0]["oauth_name"], accounts_of);
        }
        let (status, complaints) = running.stop();
        assert!(status.success() && complaints.is_empty(), "{complaints}");
    }
}

#[test]
fn a_server_whose_providers_cannot_work_says_why() {
    for (more, part) in [
        (&[][..], "exactly one of OAUTH_ACME_KIND, OAUTH_ACME_ISSUER and OAUTH_ACME_AUTHORIZE_URL"),
        (&[("OAUTH_ACME_ISSUER", "http://login.acme.example")], "not https"),
        (&[("OAUTH_ACME_KIND", "myspace")], "no provider `myspace`"),
        (&[("OAUTH_ACME_KIND", "microsoft")], "OAUTH_ACME_TENANT is not set"),
        (&[("OAUTH_ACME_KIND", "google"), ("OAUTH_ACME_ISSUER", "https://a.example")], "exactly one of"),
        (&[("OAUTH_ACME_AUTHORIZE_URL", "https://a.example")], "OAUTH_ACME_TOKEN_URL is not set"),
        (&[("OAUTH_ACME_KIND", "google"), ("OAUTH_BACKEND", "paper")], "OAUTH_BACKEND"),
        (&[("OAUTH_ACME_KIND", "google"), ("OAUTH_SUCCESS_URL", "//evil.example")], "cannot return"),
        (&[("OAUTH_ACME_KIND", "google"), ("OAUTH_PROVIDERS", "jwt")], "/auth/jwt is taken"),
        (&[("OAUTH_PROVIDERS", "other")], "OAUTH_OTHER_CLIENT_ID is not set"),
        (&[("OAUTH_PROVIDERS", "sso")], "/auth/sso is taken"),
        (&[("OIDC_RESOURCE_ISSUER", "https://a.example")], "OIDC_RESOURCE_AUDIENCE is not set"),
        (&[("OIDC_RESOURCE_AUDIENCE", "a")], "OIDC_RESOURCE_ISSUER is not"),
        (&[("OIDC_RESOURCE_ISSUER", "http://a.example"), ("OIDC_RESOURCE_AUDIENCE", "a")], "not https"),
    ] {
        let variables = [&[("BIND", "127.0.0.1:0"), ("DATABASE_URL", "sqlite::memory:")][..], &ACME, more].concat();
        let (code, complaint) = run(&variables);
        assert_eq!(code, 1, "{complaint}");
        assert!(complaint.contains(part) && complaint.lines().count() == 1, "{part}: {complaint}");
        assert!(!complaint.contains(CLIENT_SECRET), "{complaint}");
    }
}
