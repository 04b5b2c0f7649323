//! The page about validation: every value in its tables is sent to a service.

use std::sync::atomic::{AtomicU32, Ordering};

use axum::{
    Router,
    body::Body,
    http::{Request, StatusCode, header::CONTENT_TYPE},
};
use axum_users::{
    AuthUser, Backend, Jwt, PasswordHash, Policy, SecretKey, Users, schema::UserId, token::MailTokenSettings,
};
use http_body_util::BodyExt as _;
use serde_json::{Value, json};
use tower::ServiceExt as _;
use uuid::Uuid;

use super::page::{quoted, read, rows, section};
use crate::hashing::weak_hashing;

/// A user with one field for each rule.
#[derive(AuthUser, Debug, Clone)]
pub struct Member {
    pub id: Uuid,
    pub email: String,
    pub hashed_password: PasswordHash,
    pub is_active: bool,
    pub is_superuser: bool,
    pub is_verified: bool,

    #[auth(read, create, update, length(min = 2, max = 3))]
    pub nick: Option<String>,
    #[auth(read, create, update, range(min = 0, max = 150))]
    pub age: Option<i32>,
    #[auth(read, create, update, pattern("^[A-Z]+$"))]
    pub code: Option<String>,
    #[auth(read, create, update, check = even)]
    pub even: Option<i64>,
    #[auth(read, create, update)]
    pub news: Option<bool>,
}

fn even(number: &i64) -> Result<(), String> {
    if number % 2 == 0 { Ok(()) } else { Err("must be even".to_owned()) }
}

async fn service(policy: Policy) -> Router {
    let users = Users::<Member>::builder(SecretKey::generate().unwrap())
        .database("sqlite::memory:")
        .backend(Backend::bearer("jwt", Jwt::new()))
        .policy(policy)
        .hashing(weak_hashing())
        .build()
        .await
        .unwrap();
    users.migrate().await.unwrap();
    Router::new().merge(member_routes(&users)).with_state(users)
}

/// The value of a field after a registration with it, or the type of the problem.
async fn registered(service: &Router, field: &str, value: &Value) -> Result<Value, String> {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let email = format!("{}@example.com", NEXT.fetch_add(1, Ordering::Relaxed));
    let mut body = json!({ "email": email, "password": "the lady of the lake" });
    body[field] = value.clone();
    let request = Request::post("/auth/register").header(CONTENT_TYPE, "application/json");
    let response = service.clone().oneshot(request.body(Body::from(body.to_string())).unwrap()).await.unwrap();
    let status = response.status();
    let answer: Value = serde_json::from_slice(&response.into_body().collect().await.unwrap().to_bytes()).unwrap();
    if status == StatusCode::CREATED {
        return Ok(answer[field].clone());
    }
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{field}: {value}: {answer}");
    assert_eq!(answer["detail"][0]["loc"], json!(["body", field]), "{answer}");
    Err(answer["detail"][0]["type"].as_str().unwrap().to_owned())
}

/// The longest address of a kind that is accepted.
async fn longest(service: &Router, address: impl Fn(usize) -> String) -> usize {
    for length in (1..400).rev() {
        if registered(service, "email", &address(length).into()).await.is_ok() {
            return length;
        }
    }
    0
}

#[tokio::test]
async fn validation_rules_match_code() {
    let page = read("docs/guide/validation.md");
    let usual = service(Policy::recommended()).await;

    let emails = rows(section(&page, "## Email addresses"));
    let (sizes, emails) = emails.split_at(2);
    let local = longest(&usual, |length| format!("{}@example.com", "a".repeat(length))).await;
    // Domains of labels that are short enough, behind a local part of 59 characters.
    let domain = |length: usize| "aaaaaaa.".chars().cycle().take(length.saturating_sub(65)).collect::<String>();
    let whole = longest(&usual, |length| format!("{}@{}b.com", "a".repeat(59), domain(length))).await;
    assert_eq!([&sizes[0][1], &sizes[1][1]], [&local.to_string(), &whole.to_string()]);
    for row in emails {
        let sent = Value::from(row[0].trim_matches('`').replace("\\n", "\n"));
        let policies = [Policy::recommended(), Policy::recommended().internationalized_email()];
        for (policy, expected) in policies.into_iter().zip(&row[1..]) {
            // A service of its own, since two spellings may be one account.
            let kept = registered(&service(policy).await, "email", &sent).await;
            let kept = kept.map_or("refused".to_owned(), |email| format!("`{}`", email.as_str().unwrap()));
            assert_eq!(kept, *expected, "{row:?}");
        }
    }

    fn parsed<T: UserId>(text: &str) -> String {
        T::parse(text).map_or("404".to_owned(), |id| format!("`{id}`"))
    }
    for row in rows(section(&page, "## Ids")) {
        let text = row[0].trim_matches('`');
        assert_eq!(row[1..], [parsed::<Uuid>(text), parsed::<i64>(text), parsed::<i32>(text)], "{row:?}");
    }

    let tokens: Vec<_> = rows(section(&page, "## Tokens")).into_iter().map(|row| row[1..].join(" ")).collect();
    let seconds = |lifetime: std::time::Duration| format!("{} s", lifetime.as_secs());
    let most = seconds(MailTokenSettings::MAX_LIFETIME);
    assert!(tokens[0].starts_with(&seconds(Jwt::DEFAULT_LIFETIME)));
    assert!(tokens[0].contains(&seconds(Jwt::LONG_LIFETIME)));
    assert_eq!(tokens[1], format!("{} {most}", seconds(MailTokenSettings::DEFAULT_RESET_LIFETIME)));
    assert_eq!(tokens[2], format!("{} {most}", seconds(MailTokenSettings::DEFAULT_VERIFY_LIFETIME)));

    for row in rows(section(&page, "## Flags and booleans")) {
        let sent = serde_json::from_str(quoted(&row[0])[0]).unwrap();
        let result = registered(&usual, "news", &sent).await.map_or_else(|kind| kind, |truth| truth.to_string());
        assert_eq!(row[1], format!("`{result}`"), "{row:?}");
    }
    for row in rows(section(&page, "## Your own fields")) {
        let rules = [("length", "nick"), ("range", "age"), ("pattern", "code"), ("check", "even")];
        let (_, field) = rules.into_iter().find(|(rule, _)| row[0].contains(rule)).unwrap();
        let sent: Value = serde_json::from_str(quoted(&row[1])[0]).unwrap();
        let result = match registered(&usual, field, &sent).await {
            Ok(kept) => (kept == sent).then(|| "accepted".to_owned()).unwrap(),
            Err(kind) => format!("`{kind}`"),
        };
        assert_eq!(row[2], result, "{row:?}");
    }
}
