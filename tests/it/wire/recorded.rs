//! The recorded examples of contract.md section 18, replayed in one sequence under both policies. Those of OAuth are in
//! `oauth::recorded`.

use std::collections::{BTreeMap, BTreeSet};

use axum::http::{HeaderMap, Method};

use super::{
    app::{Rules, WireApp, WireSetup},
    cookie, general, login, logout, me, moving, register, reset, users_by_id, verify,
};
use crate::support::Response;

/// One step of the sequence.
pub enum Step {
    /// A call with a name, `R…` if it was recorded, and its expected response.
    Call(Call),
    /// A statement that was run on the database between two calls.
    Sql(&'static str),
}

/// A call as written in the tables. In paths, bodies and tokens, `<NAME>` stands for a value captured before.
pub struct Call {
    name: &'static str,
    request: Request,
    expected: Expected,
    differences: &'static [Difference],
}

pub struct Request {
    method: &'static str,
    path: &'static str,
    content_type: &'static str,
    body: &'static str,
    bearer: &'static str,
    cookie: &'static str,
}

/// The expected response. In a body, a new `<NAME>` captures the value at its position.
#[derive(Clone, Copy)]
pub struct Expected {
    status: u16,
    body: &'static str,
    headers: &'static [(&'static str, &'static str)],
    pub hooks: &'static [&'static str],
    token: &'static str,
}

/// A difference of docs/contributing/security.md, by its number, and the policies it affects.
pub struct Difference {
    pub number: &'static str,
    under: &'static [Rules],
    expected: Expected,
}

pub const fn call(name: &'static str, request: Request, expected: Expected) -> Call {
    Call { name, request, expected, differences: &[] }
}

pub const fn get(path: &'static str) -> Request {
    Request { method: "GET", path, content_type: "", body: "", bearer: "", cookie: "" }
}

pub const fn post(path: &'static str) -> Request {
    Request { method: "POST", ..get(path) }
}

pub const fn patch(path: &'static str) -> Request {
    Request { method: "PATCH", ..get(path) }
}

pub const fn put(path: &'static str) -> Request {
    Request { method: "PUT", ..get(path) }
}

pub const fn delete(path: &'static str) -> Request {
    Request { method: "DELETE", ..get(path) }
}

impl Request {
    pub const fn json(self, body: &'static str) -> Self {
        self.typed("application/json", body)
    }

    pub const fn form(self, body: &'static str) -> Self {
        self.typed("application/x-www-form-urlencoded", body)
    }

    pub const fn typed(mut self, content_type: &'static str, body: &'static str) -> Self {
        self.content_type = content_type;
        self.body = body;
        self
    }

    pub const fn bearer(mut self, token: &'static str) -> Self {
        self.bearer = token;
        self
    }

    pub const fn cookie(mut self, cookie: &'static str) -> Self {
        self.cookie = cookie;
        self
    }
}

pub const fn expected(status: u16, body: &'static str) -> Expected {
    Expected { status, body, headers: &[], hooks: &[], token: "" }
}

impl Expected {
    pub const fn headers(mut self, headers: &'static [(&'static str, &'static str)]) -> Self {
        self.headers = headers;
        self
    }

    pub const fn hooks(mut self, hooks: &'static [&'static str]) -> Self {
        self.hooks = hooks;
        self
    }

    /// Returns what is expected under a policy.
    pub fn under(self, rules: Rules, differences: &[Difference]) -> Self {
        let difference = differences.iter().find(|difference| difference.under.contains(&rules));
        difference.map_or(self, |difference| difference.expected)
    }

    /// Captures the token that a hook received under this name.
    pub const fn token(mut self, name: &'static str) -> Self {
        self.token = name;
        self
    }
}

impl Call {
    /// Adds the differences from the recorded response.
    pub const fn differs(mut self, differences: &'static [Difference]) -> Step {
        self.differences = differences;
        Step::Call(self)
    }

    pub const fn step(self) -> Step {
        Step::Call(self)
    }

    fn expected(&self, rules: Rules) -> Expected {
        self.expected.under(rules, self.differences)
    }
}

/// A difference under the recommended policy only.
pub const fn recommended(number: &'static str, expected: Expected) -> Difference {
    Difference { number, under: &[Rules::Recommended], expected }
}

/// A difference under both policies, without an opt-out.
pub const fn always(number: &'static str, expected: Expected) -> Difference {
    Difference { number, under: &Rules::BOTH, expected }
}

/// Response headers that the tables do not list: those of HTTP and those of docs/contributing/security.md.
const OTHER_HEADERS: [&str; 7] = [
    "date",
    "content-length",
    "cache-control",
    "x-content-type-options",
    "referrer-policy",
    "content-security-policy",
    "cross-origin-resource-policy",
];

/// Captured values by name.
#[derive(Default)]
pub struct Seen(BTreeMap<String, String>);

impl Seen {
    pub fn fill(&self, template: &str) -> String {
        self.0.iter().fold(template.to_owned(), |text, (name, value)| text.replace(&format!("<{name}>"), value))
    }

    /// Returns whether `text` matches `template`, and captures the values with new names.
    fn fits(&mut self, template: &str, text: &str) -> bool {
        let template = self.fill(template);
        let (mut template, mut text) = (template.as_str(), text);
        while let Some((literal, rest)) = template.split_once('<') {
            let Some((name, after)) = rest.split_once('>') else { return false };
            let Some(value_and_more) = text.strip_prefix(literal) else { return false };
            let end = value_and_more.find(['"', ';', '&']).unwrap_or(value_and_more.len());
            self.0.insert(name.to_owned(), value_and_more[..end].to_owned());
            (template, text) = (after, &value_and_more[end..]);
        }
        template == text
    }

    /// Asserts that a response is the expected one.
    pub fn check(&mut self, response: &Response, expected: Expected, rules: Rules, context: &str) {
        assert_eq!(response.status.as_u16(), expected.status, "{context}: {}", response.text());
        assert!(
            self.fits(expected.body, &response.text()),
            "{context}\nwanted {}\n   got {}",
            self.fill(expected.body),
            response.text()
        );
        self.check_headers(response, expected, rules, context);
    }

    /// Asserts that the response has exactly the expected headers (contract.md section 3).
    fn check_headers(&mut self, response: &Response, expected: Expected, rules: Rules, context: &str) {
        let mut wanted: BTreeMap<&str, &str> = expected.headers.iter().copied().collect();
        let shown = shown(&response.headers);
        // The token of a cookie is captured from the header.
        if let (Some(template), Some(cookie)) = (wanted.get_mut("set-cookie"), shown.get("set-cookie")) {
            assert!(self.fits(template, cookie), "{context}\nwanted {template}\n   got {cookie}");
            *template = cookie;
        }
        if !expected.body.is_empty() {
            wanted.insert("content-type", "application/json");
        }
        if response.status == 401 && rules == Rules::Recommended {
            wanted.insert("www-authenticate", "Bearer"); // C11
        }
        assert_eq!(shown, wanted, "{context}: headers");
        let length = (response.status != 204).then(|| response.body.len().to_string());
        assert_eq!(response.header("content-length"), length.as_deref(), "{context}");
    }
}

/// Replays calls against a service.
pub struct Player<'a> {
    app: &'a WireApp,
    seen: Seen,
}

impl<'a> Player<'a> {
    pub fn new(app: &'a WireApp) -> Self {
        let name = if app.rules == Rules::Recommended { "__Host-fastapiusersauth" } else { "fastapiusersauth" }; // C9
        Self { app, seen: Seen(BTreeMap::from([("COOKIE".to_owned(), name.to_owned())])) }
    }

    pub async fn play(&mut self, steps: &[Step]) {
        for step in steps {
            match step {
                Step::Sql(statement) => assert_eq!(self.app.sql(statement).await, 1, "{statement}"),
                Step::Call(call) => self.play_call(call).await,
            }
        }
    }

    async fn play_call(&mut self, call: &Call) {
        let Request { method, path, content_type, body, bearer, cookie } = &call.request;
        let mut request = self.app.request(Method::from_bytes(method.as_bytes()).unwrap(), &self.seen.fill(path));
        if !bearer.is_empty() {
            request = request.bearer(&self.seen.fill(bearer));
        }
        if !cookie.is_empty() {
            request = request.header("cookie", &self.seen.fill(cookie));
        }
        let response = request.raw(content_type, self.seen.fill(body)).send().await;

        let (expected, context) = (call.expected(self.app.rules), format!("{} under {:?}", call.name, self.app.rules));
        self.seen.check(&response, expected, self.app.rules, &context);
        let (hooks, token) = self.app.journal.take_written(expected.hooks.len()).await;
        assert_eq!(hooks, expected.hooks, "{context}: hooks");
        if !expected.token.is_empty() {
            self.seen.0.insert(expected.token.to_owned(), token.expect(call.name));
        }
    }
}

fn shown(headers: &HeaderMap) -> BTreeMap<&str, &str> {
    let shown = headers.iter().filter(|(name, _)| !OTHER_HEADERS.contains(&name.as_str()));
    shown.map(|(name, value)| (name.as_str(), value.to_str().unwrap())).collect()
}

/// The whole sequence, in the order of the recording.
const SEQUENCE: [&[Step]; 12] = [
    register::RECORDED,
    login::RECORDED,
    moving::LOGIN,
    cookie::LOGIN,
    logout::RECORDED,
    cookie::LOGOUT,
    moving::LOGOUT,
    verify::RECORDED,
    reset::RECORDED,
    me::RECORDED,
    users_by_id::RECORDED,
    general::RECORDED,
];

#[tokio::test]
async fn every_recorded_example_gets_the_recorded_response_under_both_policies() {
    for rules in Rules::BOTH {
        let app = WireSetup::of(rules).backends(cookie::recorded_backends()).start().await;
        let mut player = Player::new(&app);
        for steps in SEQUENCE {
            player.play(steps).await;
        }
        app.users.drain(std::time::Duration::from_secs(10)).await;
        assert_eq!(app.journal.take_written(0).await.0, Vec::<String>::new(), "hooks after the last response");
    }
}

#[test]
fn the_sequence_contains_every_example_of_the_implemented_features() {
    let calls = || {
        SEQUENCE.into_iter().flatten().filter_map(|step| match step {
            Step::Call(call) => Some(call),
            Step::Sql(_) => None,
        })
    };
    let played: BTreeSet<&str> = calls().map(|call| call.name).filter(|name| name.starts_with('R')).collect();
    // Redis: R16 and R27. OAuth: R64 to R79, which `oauth::recorded` replays.
    let built = (1..=15).chain(17..=26).chain(28..=63).chain(80..=81);
    assert_eq!(played, built.map(|number| &*format!("R{number}").leak()).collect());
    let numbers: BTreeSet<&str> =
        calls().flat_map(|call| call.differences).map(|difference| difference.number).collect();
    assert_eq!(numbers, BTreeSet::from(["C1", "C2", "C9", "C13", "C25", "[bug]", "[quirk]", "[text]"]));
}

#[test]
fn the_player_rejects_other_responses() {
    let mut seen = Seen::default();
    assert!(seen.fits(r#"{"id":"<ID>","n":1}"#, r#"{"id":"abc","n":1}"#));
    assert_eq!(seen.fill("/users/<ID>"), "/users/abc");
    for other in [r#"{"id":"abd","n":1}"#, r#"{"id":"abc","n":2}"#, r#"{"n":1,"id":"abc"}"#, r#"{"id":"abc","n":1} "#] {
        assert!(!seen.fits(r#"{"id":"<ID>","n":1}"#, other), "{other}");
    }
}
