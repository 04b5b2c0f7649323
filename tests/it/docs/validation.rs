//! The page about what a field may hold. Its tables are written by the validators themselves: by their functions, or by a
//! service that is sent the value.

use std::fmt::Write as _;

use axum::{
    Router,
    body::Body,
    http::{Request, StatusCode, header},
};
use axum_users::{
    AuthUser, Backend, Jwt, PasswordHash, PasswordPolicy, SecretKey, Users,
    password::{Argon2Params, HashSettings},
    schema::{EmailAddress, EmailRules, UserId},
    token::{MAX_TOKEN_BYTES, MailTokenSettings},
};
use http_body_util::BodyExt as _;
use serde_json::{Value, json};
use tower::ServiceExt as _;
use uuid::Uuid;

use super::page::is_current;

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

async fn service() -> Router {
    let users = Users::<Member>::builder(SecretKey::generate().unwrap())
        .database("sqlite::memory:")
        .backend(Backend::bearer("jwt", Jwt::new()))
        .hashing(HashSettings { params: Argon2Params::weak_for_tests(), ..HashSettings::default() })
        .build()
        .await
        .unwrap();
    users.migrate().await.unwrap();
    Router::new().merge(member_routes(&users)).with_state(users)
}

/// What a registration with this value in this field is answered: what is stored, or the problem.
async fn registered(service: &Router, number: usize, field: &str, value: &Value) -> Result<Value, String> {
    let mut body = json!({"email": format!("a{number}@example.com"), "password": "the lady of the lake"});
    body[field] = value.clone();
    let request = Request::post("/auth/register").header(header::CONTENT_TYPE, "application/json");
    let response = service.clone().oneshot(request.body(Body::from(body.to_string())).unwrap()).await.unwrap();
    let status = response.status();
    let answer: Value = serde_json::from_slice(&response.into_body().collect().await.unwrap().to_bytes()).unwrap();
    if status == StatusCode::CREATED {
        return Ok(answer[field].clone());
    }
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{field}: {value}: {answer}");
    let problem = &answer["detail"][0];
    assert_eq!(problem["loc"], json!(["body", field]), "{answer}");
    Err(format!("`{}`: {}", problem["type"].as_str().unwrap(), problem["msg"].as_str().unwrap()))
}

/// The largest number of characters for which `accepts` says yes, up to 4,096.
fn longest(accepts: impl Fn(usize) -> bool) -> usize {
    (1..=4096).rev().find(|length| accepts(*length)).unwrap()
}

fn email(page: &mut String) {
    let taken = |text: &str, rules| EmailAddress::parse(text, rules).is_ok();
    let local = |length: usize| format!("{}@example.com", "a".repeat(length));
    // An address of this length whose parts are all short enough.
    let whole = |length: usize| {
        let labels: String = "aaaaaaa.".chars().cycle().take(length.saturating_sub(65)).collect();
        format!("{}@{}b.com", "a".repeat(59), labels)
    };
    let input =
        |rules| longest(|length| taken(&format!("{}a@example.com", " ".repeat(length.saturating_sub(13))), rules));
    let _ = writeln!(
        page,
        "## E-mail addresses\n\n\
         One parser, for register, update, forgot-password and request-verify-token; a login looks its user name up as typed.\n\n\
         * The normal form is stored and shown: spaces around it removed, the domain in lower case and in Unicode, all in NFC, the case\n  \
         before the `@` kept. Compared are lower-case forms.\n\
         * At most {} characters before the `@`, {} in all. Longer input than {} characters ({} under `internationalized_email()`)\n  \
         is not looked at.\n\
         * Nobody asks the DNS; whether the mailbox is there shows when it is verified.\n\n\
         | address | by default | under `internationalized_email()` |\n|---|---|---|",
        longest(|length| taken(&local(length), EmailRules::Ascii)),
        longest(|length| length > 65 && taken(&whole(length), EmailRules::Ascii)),
        input(EmailRules::Ascii),
        input(EmailRules::Internationalized),
    );
    for text in [
        "King.Arthur@Camelot.BT",
        " arthur@camelot.bt ",
        "arthur+grail@camelot.bt",
        "arthur@xn--bcher-kva.example",
        "arthur@bücher.example",
        "jösé@example.com",
        "Arthur <arthur@camelot.bt>",
        "arthur",
        "@camelot.bt",
        "arthur@camelot",
        "arthur@localhost",
        "arthur@[127.0.0.1]",
        "arthur@127.0.0.1",
        "\"arthur\"@camelot.bt",
        ".arthur@camelot.bt",
        "arthur..king@camelot.bt",
        "arthur@-camelot.bt",
        "arthur king@camelot.bt",
        "arthur@camelot.bt, merlin@camelot.bt",
        "arthur@camelot.bt\\nbcc:merlin@camelot.bt",
    ] {
        let sent = text.replace("\\n", "\n");
        let verdict = |rules| match EmailAddress::parse(&sent, rules) {
            Ok(address) => format!("`{}`", address.as_str()),
            Err(refused) => refused.reason.to_owned(),
        };
        let _ = writeln!(
            page,
            "| `{text}` | {} | {} |",
            verdict(EmailRules::Ascii),
            verdict(EmailRules::Internationalized)
        );
    }
}

fn passwords(page: &mut String) {
    let (usual, nist) = (PasswordPolicy::recommended(), PasswordPolicy::nist());
    let _ = writeln!(
        page,
        "\n## Passwords\n\n\
         Any text of {} to {} code points and at most {} bytes, none of the common ones, not your address and not the words of the\n\
         service; `PasswordPolicy::nist()` begins at {}. [The page about passwords](passwords.md).",
        usual.least(),
        usual.most(),
        PasswordPolicy::MAX_BYTES,
        nist.least(),
    );
}

fn ids(page: &mut String) {
    page.push_str(
        "\n## Ids\n\n\
         One parser reads the id in `/users/{id}` and the `sub` of tokens. An integer has one spelling, a UUID those of the crate `uuid`. Any\n\
         other text is an unknown id: 404.\n\n\
         | text | a UUID | a 64-bit integer | a 32-bit integer |\n|---|---|---|---|\n",
    );
    fn shown<T: UserId>(text: &str) -> String {
        T::parse(text).map_or("no".to_owned(), |id| format!("`{id}`"))
    }
    for text in [
        "bdfc2b97-4876-4210-9dba-158745062fcd",
        "BDFC2B97487642109DBA158745062FCD",
        "{bdfc2b97-4876-4210-9dba-158745062fcd}",
        "urn:uuid:bdfc2b97-4876-4210-9dba-158745062fcd",
        "bdfc2b97",
        "7",
        "+7",
        "-7",
        "007",
        "1_000",
        "2147483648",
        "9223372036854775808",
        "7.0",
        "0x7",
        "me",
    ] {
        let _ =
            writeln!(page, "| `{text}` | {} | {} | {} |", shown::<Uuid>(text), shown::<i64>(text), shown::<i32>(text));
    }
}

fn tokens(page: &mut String) {
    let _ = writeln!(
        page,
        "\n## Tokens\n\n\
         JSON Web Tokens in the compact form: three parts of base64url, at most {MAX_TOKEN_BYTES} bytes. The signature is checked before\n\
         anything in it is read; then audience, times, user and epoch. Any other text is 401, or the code of the route for mailed\n\
         tokens. [Keys and algorithms](cryptography.md).\n\n\
         | token | lives | at most |\n|---|---|---|\n\
         | access | {} s | `lifetime(…)`; over {} s it is listed as a relaxation |\n\
         | reset | {} s | {} s |\n\
         | verification | {} s | {} s |",
        Jwt::DEFAULT_LIFETIME.as_secs(),
        Jwt::LONG_LIFETIME.as_secs(),
        MailTokenSettings::DEFAULT_RESET_LIFETIME.as_secs(),
        MailTokenSettings::MAX_LIFETIME.as_secs(),
        MailTokenSettings::DEFAULT_VERIFY_LIFETIME.as_secs(),
        MailTokenSettings::MAX_LIFETIME.as_secs(),
    );
}

async fn booleans(page: &mut String, service: &Router) {
    page.push_str(
        "\n## Flags and booleans\n\n\
         As lax as on the wire, for the three flags and for boolean fields of your own.\n\n\
         | JSON | means |\n|---|---|\n",
    );
    let values = [
        json!(true),
        json!(false),
        json!(1),
        json!(0),
        json!(1.0),
        json!("true"),
        json!("T"),
        json!("Yes"),
        json!("y"),
        json!("on"),
        json!("1"),
        json!("false"),
        json!("No"),
        json!("off"),
        json!("0"),
        json!(2),
        json!("maybe"),
        json!(" true"),
        json!(""),
        json!([]),
        json!({}),
    ];
    for (number, value) in values.iter().enumerate() {
        let verdict = match registered(service, number, "news", value).await {
            Ok(truth) => format!("`{truth}`"),
            Err(problem) => problem,
        };
        let _ = writeln!(page, "| `{value}` | {verdict} |");
    }
}

async fn own_fields(page: &mut String, service: &Router) {
    page.push_str(
        "\n## Fields of your own\n\n\
         A value must have the field's Rust type and meet its rules. Texts are strict: a number is no text. Control characters but tab\n\
         and line ends are refused. Null is taken where the type is an `Option`. Every problem of a body comes in one 422 answer.\n\n\
         | field | JSON | answer |\n|---|---|---|\n",
    );
    let cases = [
        (
            "nick",
            "Option<String>, length(min = 2, max = 3)",
            vec![json!("Art"), json!("A"), json!("Arthur"), json!("é1"), json!(5), json!("a\u{0}b"), json!(null)],
        ),
        (
            "age",
            "Option<i32>, range(min = 0, max = 150)",
            vec![json!(41), json!(-1), json!(151), json!(4.5), json!("41"), json!(4_000_000_000_u64)],
        ),
        ("code", "Option<String>, pattern(\"^[A-Z]+$\")", vec![json!("ABC"), json!("abc")]),
        ("even", "Option<i64>, check = even", vec![json!(2), json!(3)]),
    ];
    let mut number = 100;
    for (field, rules, values) in cases {
        for value in values {
            number += 1;
            let verdict = match registered(service, number, field, &value).await {
                Ok(stored) => format!("`{stored}`"),
                Err(problem) => problem,
            };
            let _ = writeln!(page, "| `{rules}` | `{value}` | {verdict} |");
        }
    }
}

#[tokio::test]
async fn validation_rules_match_code() {
    let mut page = String::from(
        "# What a field may hold\n\n\
         Written by the validators: `UPDATE_DOCS=1 cargo test --test docs`. A test compares the page with the code\n\
         (OWASP ASVS 2.1.1).\n\n",
    );
    let service = service().await;
    email(&mut page);
    passwords(&mut page);
    ids(&mut page);
    tokens(&mut page);
    booleans(&mut page, &service).await;
    own_fields(&mut page, &service).await;
    is_current("docs/guide/validation.md", &page);
}
