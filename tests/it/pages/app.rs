//! A service with pages, and a browser without scripts that visits them.

use std::{collections::BTreeMap, sync::Arc};

use axum::Router;
use axum_users::{
    AuthUser, Backend, Cookie, DatabaseSessions, Mailer, PasswordHash, Policy, SecretKey, Users, UsersBuilder,
    mail::{Mail, MemoryMails},
    pages::{Pages, page_routes},
    schema::Status,
    testing::ManualClock,
};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::hashing::weak_hashing;
use crate::support::{Http, PASSWORD, Response, SECRET, SharedClock, roomy};

pub const ARTHUR: &str = "arthur@camelot.bt";
pub const OTHER: &str = "another long sword";
/// What a browser sends with a form of a page of the service.
pub const OWN: &str = "https://camelot.bt";

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Rank {
    Squire,
    Knight,
}

/// A user with a custom field of every kind that a form can show.
#[derive(AuthUser, Debug, Clone)]
pub struct Knight {
    pub id: Uuid,
    pub email: String,
    pub hashed_password: PasswordHash,
    pub is_active: bool,
    pub is_superuser: bool,
    pub is_verified: bool,

    /// The name to greet you by.
    ///
    /// Not unique.
    #[auth(read, create, update, length(min = 2, max = 20), pattern("^[^0-9]+$"))]
    pub full_name: String,
    /// Your motto.
    #[auth(read, create, update, length(max = 500))]
    pub motto: Option<String>,
    #[auth(read, create, update, range(min = 0, max = 150))]
    pub age: Option<i32>,
    #[auth(read, create, update, default)]
    pub newsletter: bool,
    #[auth(read, create, update)]
    pub left_handed: Option<bool>,
    #[auth(read, create, update, text, default = Rank::Squire)]
    pub rank: Rank,
    #[auth(read, update, json, default)]
    pub horses: Vec<String>,
    /// Granted by the king.
    #[auth(read, admin, default = 3)]
    pub seats: i64,
    #[auth(private, default)]
    pub note: String,
}

/// A running service.
pub struct App {
    pub users: Users<Knight>,
    pub http: Http,
    pub mails: MemoryMails,
    pub clock: Arc<ManualClock>,
    _folder: tempfile::TempDir,
}

impl App {
    pub async fn start() -> Self {
        Self::with(Pages::new("cookie"), |builder| builder).await
    }

    pub async fn with_policy(policy: Policy) -> Self {
        Self::with(Pages::new("cookie"), |builder| builder.policy(policy)).await
    }

    pub async fn with(pages: Pages, set: impl FnOnce(UsersBuilder<Knight>) -> UsersBuilder<Knight>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mails = MemoryMails::new();
        let mailer = Mailer::new(Arc::new(mails.clone()), OWN).unwrap().link_to_pages("/account").unwrap();
        let clock = Arc::new(ManualClock::at("2026-11-23T12:00:00Z".parse().unwrap()));
        let builder = Users::<Knight>::builder(SecretKey::new(SECRET).unwrap())
            .database(format!("sqlite://{}?mode=rwc", folder.path().join("test.db").display()))
            .public_url(OWN)
            .hashing(weak_hashing())
            .clock(SharedClock(Arc::clone(&clock)))
            .limits(roomy())
            .backend(Backend::new("cookie", Cookie::new(), DatabaseSessions::new()))
            .mailer(mailer);
        let users = set(builder).build().await.unwrap();
        users.migrate().await.unwrap();
        let app = Router::new()
            .merge(knight_routes(&users))
            .nest("/account", page_routes(&users, pages))
            .fallback(axum_users::not_found)
            .with_state(users.clone());
        Self { users, http: Http::serve(app).await, mails, clock, _folder: folder }
    }

    /// Creates a verified user.
    pub async fn create(&self, email: &str) -> Knight {
        let input = KnightCreate {
            email: email.into(),
            password: PASSWORD.into(),
            full_name: "Arthur".into(),
            motto: None,
            age: None,
            newsletter: false,
            left_handed: None,
            rank: Rank::Squire,
        };
        self.users.create(input, Status { is_active: true, is_superuser: false, is_verified: true }).await.unwrap()
    }

    pub async fn stored(&self, email: &str) -> Knight {
        self.users.get_by_email(email).await.unwrap().unwrap()
    }

    pub fn visitor(&self) -> Visitor<'_> {
        Visitor::of(&self.http)
    }

    /// Returns a visitor who has created an account and logged in.
    pub async fn member(&self, email: &str) -> Visitor<'_> {
        self.create(email).await;
        let mut visitor = self.visitor();
        visitor.log_in(email, PASSWORD).await;
        visitor
    }

    /// Waits for this many mails and returns the last one.
    pub async fn mail(&self, count: usize) -> Mail {
        let mails = tokio::time::timeout(std::time::Duration::from_secs(20), self.mails.wait_for(count)).await;
        mails.unwrap_or_else(|_| panic!("{:?}", self.mails.all())).remove(count - 1)
    }
}

/// Returns the path and query of the link in a mail.
pub fn link_of(mail: &Mail) -> String {
    let link = mail.text.split_whitespace().find(|word| word.starts_with("https://")).unwrap();
    link.strip_prefix(OWN).unwrap().to_owned()
}

/// A browser without scripts.
pub struct Visitor<'a> {
    pub http: &'a Http,
    pub cookies: BTreeMap<String, String>,
    /// Headers of every request.
    pub headers: Vec<(&'static str, String)>,
}

impl<'a> Visitor<'a> {
    pub fn of(http: &'a Http) -> Self {
        Self { http, cookies: BTreeMap::new(), headers: Vec::new() }
    }

    pub fn speaking(mut self, language: &str) -> Self {
        self.headers.push(("accept-language", language.to_owned()));
        self
    }

    pub async fn get(&mut self, path: &str) -> Response {
        let call = self.http.get(path);
        self.send(call).await
    }

    /// Sends a form as a page of the service does.
    pub async fn submit(&mut self, path: &str, fields: &[(&str, &str)]) -> Response {
        let call = self.http.post(path).form(fields).header("origin", OWN);
        self.send(call.header("sec-fetch-site", "same-origin")).await
    }

    pub async fn send(&mut self, mut call: crate::support::Call<'_>) -> Response {
        for (name, value) in &self.headers {
            call = call.header(name, value);
        }
        let cookies: Vec<String> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        if !cookies.is_empty() {
            call = call.header("cookie", &cookies.join("; "));
        }
        let response = call.send().await;
        for cookie in response.headers.get_all("set-cookie") {
            let cookie = cookie.to_str().unwrap();
            let (name, value) = cookie.split(';').next().unwrap().split_once('=').unwrap();
            match cookie.contains("Max-Age=0") {
                true => self.cookies.remove(name),
                false => self.cookies.insert(name.to_owned(), value.to_owned()),
            };
        }
        response
    }

    /// Sends a form and follows the redirect.
    pub async fn submit_and_follow(&mut self, path: &str, fields: &[(&str, &str)]) -> Response {
        let response = self.submit(path, fields).await;
        let next = location(&response);
        self.get(&next).await
    }

    pub async fn log_in(&mut self, email: &str, password: &str) {
        let response = self.submit("/account/log-in", &[("username", email), ("password", password)]).await;
        assert_eq!(location(&response), "/account/profile");
    }

    pub async fn is_logged_in(&mut self) -> bool {
        self.get("/users/me").await.status == 200
    }
}

/// Returns the path to which a response under `/account` redirects.
#[track_caller]
pub fn location(response: &Response) -> String {
    assert_eq!(response.status, 303, "{}", response.text());
    match response.header("location").unwrap() {
        path if path.starts_with('/') => path.to_owned(),
        page => format!("/account/{}", page.trim_start_matches("./")),
    }
}

/// Asserts that a page contains this text.
#[track_caller]
pub fn says(response: &Response, text: &str) {
    assert!(response.text().contains(text), "{text:?} is not in\n{}", response.text());
}

/// Asserts that a refused form shows a sentence in the summary and beside the field.
#[track_caller]
pub fn complains(response: &Response, status: u16, field: &str, sentence: &str) {
    assert_eq!(response.status.as_u16(), status, "{}", response.text());
    let page = response.text();
    let id = format!("field-{field}");
    assert!(page.contains(&format!("<a href=\"#{id}\">{sentence}</a>")), "{sentence:?}\n{page}");
    assert!(page.contains(&format!("<p class=\"error\" id=\"{id}-error\">{sentence}</p>")), "{page}");
    let control = control(&page, &id);
    assert!(control.contains("aria-invalid=\"true\"") && control.contains(&format!("{id}-error")), "{control}");
    assert!(page.contains("<title>Error: "), "{page}");
}

/// Returns the tag of the control with this id.
#[track_caller]
pub fn control(page: &str, id: &str) -> String {
    let at = page.find(&format!("id=\"{id}\"")).unwrap_or_else(|| panic!("{id}\n{page}"));
    let start = page[..at].rfind('<').unwrap();
    page[start..].split('>').next().unwrap().to_owned()
}
