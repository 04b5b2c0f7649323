//! SQL injection (OWASP ASVS 1.2.4).

use serde_json::json;

use crate::support::{PASSWORD, TestApp};

/// Known injection payloads.
const CORPUS: [&str; 16] = [
    "' OR '1'='1",
    "' OR 1=1 --",
    "\" OR \"\"=\"",
    "'; DROP TABLE user; --",
    "'); DELETE FROM user; --",
    "' UNION SELECT id, email, hashed_password, 1, 1, 1 FROM user --",
    "admin'--",
    "admin' #",
    "admin'/*",
    "\\'; UPDATE user SET is_superuser = 1; --",
    "%' AND 1=0 UNION ALL SELECT NULL --",
    "$1",
    "?1",
    ":email",
    "[0,\"' OR 1=1\"]",
    "1; PRAGMA writable_schema=1; --",
];

#[tokio::test]
async fn injection_corpus_harmless() {
    let app = TestApp::start().await;
    let king = app.superuser("uther@camelot.bt").await;
    let token = app.member("arthur@camelot.bt").await;
    let pool = app.sqlite().await;
    let schema = async || -> String {
        sqlx::query_scalar("SELECT group_concat(sql, ';') FROM sqlite_schema").fetch_one(&pool).await.unwrap()
    };
    let count = async || -> i64 { sqlx::query_scalar("SELECT count(*) FROM user").fetch_one(&pool).await.unwrap() };
    let (tables, rows) = (schema().await, count().await);

    for text in CORPUS {
        for (username, password) in [(text, PASSWORD), ("arthur@camelot.bt", text), (text, text)] {
            assert_eq!(app.try_login(username, password).await.status, 400, "{text}");
        }
        let quoted = format!("\"{}\"@camelot.bt", text.replace('\\', "\\\\").replace('"', "\\\""));
        for email in [text.to_owned(), format!("{text}@camelot.bt"), quoted] {
            for path in ["/auth/forgot-password", "/auth/request-verify-token"] {
                let response = app.post(path).json(json!({ "email": email })).send().await;
                assert!([202, 422].contains(&response.status.as_u16()), "{email}: {response:?}");
            }
        }
        // A text is stored and found unchanged.
        let changed = app.patch("/users/me").bearer(&token).json(json!({ "first_name": text })).send().await;
        assert_eq!((changed.status.as_u16(), &changed.json()["first_name"]), (200, &json!(text)));
        let key = json!({ text: true, format!("is_superuser{text}"): true });
        assert_eq!(app.patch("/users/me").bearer(&token).json(key).send().await.status, 200);
        let id: String = text.bytes().map(|byte| format!("%{byte:02X}")).collect();
        assert_eq!(app.get(&format!("/users/{id}")).bearer(&king).send().await.status, 404, "{text}");
        assert_eq!(app.delete(&format!("/users/{id}")).bearer(&king).send().await.status, 404, "{text}");
        for path in ["/auth/verify", "/auth/reset-password"] {
            let body = json!({ "token": text, "password": "another long sword" });
            assert_eq!(app.post(path).json(body).send().await.status, 400, "{text}");
        }
        let header = app.get("/users/me").header("authorization", &format!("Bearer {text}")).send().await;
        assert_eq!(header.status, 401, "{text}");
    }
    assert_eq!((schema().await, count().await), (tables, rows));
    let superusers: i64 =
        sqlx::query_scalar("SELECT count(*) FROM user WHERE is_superuser").fetch_one(&pool).await.unwrap();
    assert_eq!(superusers, 1);
    app.login("arthur@camelot.bt", PASSWORD).await;
}
