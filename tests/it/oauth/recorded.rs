//! The recorded examples of OAuth (contract.md section 18, R64 to R79), replayed under both policies. The recorded provider is
//! `fake`, ours is `hub`; user and provider have other fields and scopes.

use std::{collections::BTreeSet, time::Duration};

use axum_users::{Backend, Cookie, Jwt, schema::Status};
use serde_json::{Value, json};

use super::{
    provider::Person,
    support::{App, Setup, Started, User, UserCreate, callback_path, started},
};
use crate::{
    support::{Call, Carrier, PASSWORD, Response},
    wire::{
        app::Rules,
        recorded::{Difference, Expected, Seen, always, expected, recommended},
    },
};

const TOKEN: &str = r#"{"access_token":"<TOKEN>","token_type":"bearer"}"#;
const BAD_REQUEST: &str = r#"{"detail":"Bad Request"}"#;
const REGISTERED: &[&str] = &["on_after_register", "on_after_login"];

/// The response of `authorize`, with the cookie of the flow under this name and with this lifetime.
macro_rules! authorize {
    ($callback:literal, $more:literal, $cookie:literal, $seconds:literal) => {
        expected(
            200,
            concat!(
                r#"{"authorization_url":"https://hub.example/login/oauth/authorize?response_type=code&client_id=client%2Fid"#,
                "&redirect_uri=http%3A%2F%2Flocalhost%3A8000%2Fauth%2F",
                $callback,
                "%2Fcallback&state=<STATE>&scope=read%3Auser+user%3Aemail",
                $more,
                r#""}"#
            ),
        )
        .headers(&[(
            "set-cookie",
            concat!($cookie, "=<CSRF>; HttpOnly; Max-Age=", $seconds, "; Path=/; SameSite=lax; Secure"),
        )])
    };
}

/// The differences of `authorize`: the name of the cookie (C9), the lifetime of states (C15), and PKCE.
macro_rules! authorize_differs {
    ($callback:literal) => {
        &[
            recommended(
                "C9",
                authorize!(
                    $callback,
                    "&code_challenge=<CHALLENGE>&code_challenge_method=S256",
                    "__Host-fastapiusersoauthcsrf",
                    600
                ),
            ),
            always(
                "C15",
                authorize!(
                    $callback,
                    "&code_challenge=<CHALLENGE>&code_challenge_method=S256",
                    "fastapiusersoauthcsrf",
                    600
                ),
            ),
        ]
    };
}

/// The user of an association, with these fields for the provider's tokens.
macro_rules! associated {
    ($tokens:literal) => {
        concat!(
            r#"{"oauth_accounts":[{"id":"<ACCOUNT>","oauth_name":"hub","#,
            $tokens,
            r#","account_id":"rmordred","account_email":"rmordred@example.com"}],"id":"<MORDRED>","#,
            r#""email":"mordred@camelot.bt","is_active":true,"is_superuser":true,"is_verified":false,"name":null}"#
        )
    };
}

/// A service, and what was played of the recording.
struct Replay {
    app: App,
    rules: Rules,
    played: BTreeSet<&'static str>,
    differences: BTreeSet<&'static str>,
}

impl Replay {
    async fn start(rules: Rules, carrier: Carrier) -> Self {
        let setup = Setup {
            policy: rules.policy(),
            public_url: "http://localhost:8000",
            carrier,
            backend: |carrier| match carrier {
                Carrier::Bearer => carrier.backend("it"),
                Carrier::Cookie => Backend::new("it", Cookie::new().max_age(Duration::from_secs(3600)), Jwt::new()),
            },
            ..Setup::default()
        };
        let (played, differences) = (BTreeSet::new(), BTreeSet::new());
        Self { app: App::with(setup).await, rules, played, differences }
    }

    /// Compares the response to a recorded request.
    fn check(&mut self, name: &'static str, response: &Response, recorded: Expected, differences: &[Difference]) {
        let wanted = recorded.under(self.rules, differences);
        Seen::default().check(response, wanted, self.rules, &format!("{name} under {:?}", self.rules));
        assert_eq!(self.app.hooks.take(), wanted.hooks, "{name}: hooks");
        self.played.insert(name);
        self.differences.extend(differences.iter().map(|difference| difference.number));
    }

    fn refused(&mut self, name: &'static str, response: &Response, body: &'static str) {
        self.check(name, response, expected(400, body), &[]);
    }

    /// Starts a login in a new browser.
    async fn flow(&self) -> Started {
        started(&self.app.get("/auth/hub/authorize").send().await)
    }

    /// Sends a browser back with this code, and with the cookie of the flow.
    async fn back(&self, flow: &Started, code: &str) -> Response {
        self.of_browser(flow, self.app.get(&callback_path("/auth/hub", code, &flow.state))).await
    }

    async fn of_browser(&self, flow: &Started, call: Call<'_>) -> Response {
        let name =
            if self.rules == Rules::Recommended { "__Host-fastapiusersoauthcsrf" } else { "fastapiusersoauthcsrf" };
        call.cookie(name, &flow.cookie).send().await
    }

    /// Lets a person log in.
    async fn log_in(&self, person: Person) -> Response {
        let flow = self.flow().await;
        let code = self.app.provider.approve(&flow.url, person);
        self.back(&flow, &code).await
    }

    /// Creates a user, and forgets the hooks.
    async fn knight(&self, email: &str, status: Status) -> User {
        let create = UserCreate { email: email.to_owned(), password: PASSWORD.into(), name: None };
        let user = self.app.users.create(create, status).await.unwrap();
        self.app.hooks.take();
        user
    }

    async fn logins(&mut self) {
        let app = &self.app;
        let response = app.get("/auth/hub/authorize").send().await;
        let authorize = authorize!("hub", "", "fastapiusersoauthcsrf", 3600);
        self.check("R64", &response, authorize, authorize_differs!("hub"));
        let flow = started(&response);
        let lancelot = Person::verified("rlancelot", "rlancelot@example.com");
        let code = self.app.provider.approve(&flow.url, lancelot.clone());
        let response = self.back(&flow, &code).await;
        self.check("R65", &response, expected(200, TOKEN).hooks(REGISTERED), &[]);

        let response = self.app.get("/auth/hub/callback?error=access_denied").send().await;
        self.refused("R66", &response, r#"{"detail":"access_denied"}"#);
        let response = self.app.get("/auth/hub/callback").send().await;
        self.refused("R67", &response, BAD_REQUEST);
        let flow = self.flow().await;
        let response = self.back(&flow, "bad").await;
        let recorded = expected(500, r#"{"detail":"Client error '400 Bad Request' for url …"}"#);
        let ours = expected(400, r#"{"detail":"OAUTH_PROVIDER_ERROR"}"#);
        self.check("R68", &response, recorded, &[always("[bug]", ours)]);
        let response = self.of_browser(&flow, self.app.get("/auth/hub/callback?code=x&state=foo")).await;
        self.refused("R69", &response, r#"{"detail":"ACCESS_TOKEN_DECODE_ERROR"}"#);
        let response = self.app.get(&callback_path("/auth/hub", "x", &flow.state)).send().await;
        self.refused("R70", &response, r#"{"detail":"OAUTH_INVALID_STATE"}"#);
        let flow = self.flow().await;
        self.app.advance(3601);
        let response = self.back(&flow, "x").await;
        self.refused("R71", &response, r#"{"detail":"ACCESS_TOKEN_ALREADY_EXPIRED"}"#);
        let response = self.log_in(Person { email: Value::Null, ..lancelot.clone() }).await;
        // The account is known since R65, so the address does not matter any more.
        assert_eq!(response.status, 200, "{response:?}");
        self.app.hooks.take();
        let nobody = Person { email: Value::Null, ..Person::verified("xnoemail", "") };
        let response = self.log_in(nobody).await;
        self.refused("R72", &response, r#"{"detail":"OAUTH_NOT_AVAILABLE_EMAIL"}"#);
        self.knight("mordred@camelot.bt", Status { is_superuser: true, ..Status::NEW }).await;
        let response = self.log_in(Person::verified("x9", "mordred@camelot.bt")).await;
        self.refused("R73", &response, r#"{"detail":"OAUTH_USER_ALREADY_EXISTS"}"#);
        let token = self.app.password("mordred@camelot.bt").await;
        let user = self.app.users.get_by_email("rlancelot@example.com").await.unwrap().unwrap();
        let path = format!("/users/{}", user.id);
        let response = self.app.patch(&path).bearer(&token).json(json!({ "is_active": false })).send().await;
        assert_eq!(response.status, 200, "{response:?}");
        self.app.hooks.take();
        let response = self.log_in(lancelot).await;
        self.refused("R74", &response, r#"{"detail":"LOGIN_BAD_CREDENTIALS"}"#);
    }

    async fn cookie(&mut self) {
        let response = self.log_in(Person::verified("rgalahad", "rgalahad@example.com")).await;
        let recorded = |cookie: &'static [(&str, &str)]| expected(204, "").headers(cookie).hooks(REGISTERED);
        let (plain, host) = (
            &[("set-cookie", "fastapiusersauth=<TOKEN>; HttpOnly; Max-Age=3600; Path=/; SameSite=lax; Secure")],
            &[("set-cookie", "__Host-fastapiusersauth=<TOKEN>; HttpOnly; Max-Age=3600; Path=/; SameSite=lax; Secure")],
        );
        self.check("R75", &response, recorded(plain), &[recommended("C9", recorded(host))]);
    }

    async fn associations(&mut self) {
        let response = self.app.get("/auth/associate/hub/authorize").send().await;
        self.check("R76", &response, expected(401, r#"{"detail":"Unauthorized"}"#), &[]);
        let token = self.app.password("mordred@camelot.bt").await;
        self.app.hooks.take();
        let response = self.app.get("/auth/associate/hub/authorize").bearer(&token).send().await;
        let authorize = authorize!("associate%2Fhub", "", "fastapiusersoauthcsrf", 3600);
        self.check("R77", &response, authorize, authorize_differs!("associate%2Fhub"));
        let flow = started(&response);
        let code = self.app.provider.approve(&flow.url, Person::verified("rmordred", "rmordred@example.com"));
        let path = callback_path("/auth/associate/hub", &code, &flow.state);
        let response = self.of_browser(&flow, self.app.get(&path).bearer(&token)).await;
        let hooks = &["on_after_update"];
        let recorded = expected(
            200,
            associated!(r#""access_token":"AT-rmordred","expires_at":1795406798,"refresh_token":"RT-rmordred""#),
        );
        let ours = expected(200, associated!(r#""access_token":"","expires_at":null,"refresh_token":null"#));
        self.check("R78", &response, recorded.hooks(hooks), &[always("C14", ours.hooks(hooks))]);

        self.knight("gawain@camelot.bt", Status::NEW).await;
        let other = self.app.password("gawain@camelot.bt").await;
        let flow = started(&self.app.get("/auth/associate/hub/authorize").bearer(&other).send().await);
        self.app.hooks.take();
        let path = callback_path("/auth/associate/hub", "x", &flow.state);
        let response = self.of_browser(&flow, self.app.get(&path).bearer(&token)).await;
        self.refused("R79", &response, BAD_REQUEST);
    }
}

#[tokio::test]
async fn every_recorded_example_of_oauth_gets_the_recorded_response_under_both_policies() {
    for rules in Rules::BOTH {
        let mut replay = Replay::start(rules, Carrier::Bearer).await;
        replay.logins().await;
        replay.associations().await;
        let mut cookie = Replay::start(rules, Carrier::Cookie).await;
        cookie.cookie().await;
        replay.played.extend(cookie.played);
        assert_eq!(replay.played, (64..=79).map(|number| &*format!("R{number}").leak()).collect());
        replay.differences.extend(cookie.differences);
        assert_eq!(replay.differences, BTreeSet::from(["C9", "C14", "C15", "[bug]"]));
    }
}
