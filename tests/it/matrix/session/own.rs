//! One's own sessions, to look at and to end.

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

        let answer = app.see(own, &tokens[1]).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        for token in tokens.iter().chain([&kay]) {
            assert!(!answer.text().contains(token.as_str()), "a token is shown: {}", answer.text());
        }
        let listed = answer.json().as_array().unwrap().clone();
        app.get(own).send().await.is(401, r#"{"detail":"Unauthorized"}"#);
        if app.combination.strategy.keeps_sessions() {
            let current: Vec<_> = listed.iter().map(|session| session["current"].as_bool().unwrap()).collect();
            assert_eq!(current, [false, true, false], "in the order of their logins");
            let keys: BTreeSet<_> = listed[0].as_object().unwrap().keys().map(String::as_str).collect();
            let shown = ["client", "created_at", "current", "expires_at", "id", "last_seen_at", "user_agent"];
            assert_eq!(keys, BTreeSet::from(shown));
            assert_eq!(listed[0]["client"], "127.0.0.1");
            assert_eq!(listed[1]["created_at"], "2026-11-23T12:00:01Z");
            // Another user's session is as unknown as one that never was.
            let kays = app.see(own, &kay).await.json()[0]["id"].as_str().unwrap().to_owned();
            for unknown in [kays.as_str(), "AAAAAAAAAAAAAAAAAAAAAA", "x"] {
                end(&format!("{own}/{unknown}"), &tokens[1]).await.is(404, r#"{"detail":"Not Found"}"#);
            }
            app.lives(&kay).await;
            let first = format!("{own}/{}", listed[0]["id"].as_str().unwrap());
            app.delete(&first).send().await.is(401, r#"{"detail":"Unauthorized"}"#);
            end(&first, &tokens[1]).await.is(204, "");
            app.is_dead(&tokens[0]).await;
            app.lives(&tokens[2]).await;
        } else {
            assert_eq!(listed, [0; 0], "they stand for themselves");
            end(&format!("{own}/AAAAAAAAAAAAAAAAAAAAAA"), &tokens[1]).await.is(404, r#"{"detail":"Not Found"}"#);
        }

        // A stolen session must not throw its owner out: ending needs a login of a moment ago.
        app.advance(301);
        for path in [own.to_owned(), format!("{own}/AAAAAAAAAAAAAAAAAAAAAA")] {
            end(&path, &tokens[1]).await.is(401, r#"{"detail":"Reauthentication required"}"#);
        }
        app.lives(&tokens[2]).await;
        let fresh = app.login("arthur", PASSWORD).await;
        end(own, &fresh).await.is(204, "");
        app.lives(&fresh).await;
        app.lives(&kay).await;
        for other in &tokens[1..] {
            app.is_dead(other).await;
        }
    })
    .await;
}
