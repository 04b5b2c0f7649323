//! Listing and ending one's own sessions.

use std::collections::BTreeSet;

use super::super::everywhere;
use crate::support::PASSWORD;

#[tokio::test]
async fn list_and_end_own_only() {
    everywhere(|app| async move {
        let own = "/auth/sessions";
        let kay = app.member("kay").await;
        let mut tokens = vec![app.member("arthur").await];
        for _ in 0..2 {
            app.advance(1);
            tokens.push(app.login("arthur", PASSWORD).await);
        }
        let end = async |path: &str, token: &str| app.with(app.delete(path), token).send().await;

        let response = app.see(own, &tokens[1]).await;
        assert_eq!(response.status, 200, "{response:?}");
        for token in tokens.iter().chain([&kay]) {
            assert!(!response.text().contains(token.as_str()), "a token is shown: {}", response.text());
        }
        let listed = response.json().as_array().unwrap().clone();
        app.get(own).send().await.is(401, r#"{"detail":"Unauthorized"}"#);
        if app.combination.strategy.keeps_sessions() {
            let current: Vec<_> = listed.iter().map(|session| session["current"].as_bool().unwrap()).collect();
            assert_eq!(current, [false, true, false], "in the order of their logins");
            let keys: BTreeSet<_> = listed[0].as_object().unwrap().keys().map(String::as_str).collect();
            let shown =
                ["amr", "client", "created_at", "current", "expires_at", "fresh", "id", "last_seen_at", "user_agent"];
            assert_eq!(keys, BTreeSet::from(shown));
            assert_eq!(listed[0]["client"], "127.0.0.1");
            assert_eq!(listed[1]["created_at"], "2026-11-23T12:00:01Z");
            // Another user's session gets the same response as an unknown one.
            let kays = app.see(own, &kay).await.json()[0]["id"].as_str().unwrap().to_owned();
            for unknown in [kays.as_str(), "AAAAAAAAAAAAAAAAAAAAAA", "x"] {
                end(&format!("{own}/{unknown}"), &tokens[1]).await.is(404, r#"{"detail":"Not Found"}"#);
            }
            app.assert_valid(&kay).await;
            let first = format!("{own}/{}", listed[0]["id"].as_str().unwrap());
            app.delete(&first).send().await.is(401, r#"{"detail":"Unauthorized"}"#);
            end(&first, &tokens[1]).await.is(204, "");
            app.assert_invalid(&tokens[0]).await;
            app.assert_valid(&tokens[2]).await;
        } else {
            assert_eq!(listed, [0; 0], "JWTs are not listed");
            end(&format!("{own}/AAAAAAAAAAAAAAAAAAAAAA"), &tokens[1]).await.is(404, r#"{"detail":"Not Found"}"#);
        }

        // A stolen session must not be able to end the owner's sessions: ending requires a fresh login.
        app.advance(301);
        for path in [own.to_owned(), format!("{own}/AAAAAAAAAAAAAAAAAAAAAA")] {
            end(&path, &tokens[1]).await.is(401, r#"{"detail":"REAUTHENTICATION_REQUIRED"}"#);
        }
        app.assert_valid(&tokens[2]).await;
        let fresh = app.login("arthur", PASSWORD).await;
        end(own, &fresh).await.is(204, "");
        app.assert_valid(&fresh).await;
        app.assert_valid(&kay).await;
        for other in &tokens[1..] {
            app.assert_invalid(other).await;
        }
    })
    .await;
}
