//! The format of tokens, and rejection of everything else.

use std::collections::BTreeSet;

use serde_json::json;

use super::super::{Plan, combination::Strategy, everywhere, everywhere_as};
use crate::support::{Carrier, PASSWORD};

#[tokio::test]
async fn two_logins_two_tokens() {
    everywhere(|app| async move {
        let tokens =
            [app.member("arthur").await, app.login("arthur", PASSWORD).await, app.login("arthur", PASSWORD).await];
        assert_eq!(BTreeSet::from(tokens.each_ref()).len(), 3, "tokens issued in the same second differ");
        for token in &tokens {
            app.assert_valid(token).await;
        }
        assert_eq!(app.logout(&tokens[1]).await.status, 204);
        app.assert_valid(&tokens[0]).await;
        app.assert_invalid(&tokens[1]).await;
        app.assert_valid(&tokens[2]).await;
    })
    .await;
}

/// The randomness of many tokens is tested by `entropy::one_hundred_thousand_tokens`.
#[tokio::test]
async fn token_format_and_entropy() {
    everywhere_as(Plan { alone: true, ..Plan::default() }, |app| async move {
        app.register("arthur").await;
        let mut tokens = BTreeSet::new();
        for _ in 0..8 {
            tokens.insert(app.login("arthur", PASSWORD).await);
        }
        assert_eq!(tokens.len(), 8);
        let is_url_safe = |text: &str| text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte));
        for token in &tokens {
            if app.combination.strategy == Strategy::Jwt {
                assert_eq!(token.split('.').filter(|part| is_url_safe(part)).count(), 3, "{token}");
            } else {
                assert!(token.len() == 43 && is_url_safe(token), "256 bits in 43 characters: {token}");
            }
        }
        for text in app.dump().await {
            assert!(!tokens.contains(&text), "a token is stored in clear");
        }
    })
    .await;
}

#[tokio::test]
async fn stored_value_cannot_log_in() {
    everywhere_as(Plan { alone: true, ..Plan::default() }, |app| async move {
        let (session, out) = (app.member("arthur").await, app.login("arthur", PASSWORD).await);
        assert_eq!(app.logout(&out).await.status, 204);
        assert_eq!(app.patch_me(&session, json!({ "password": "another long sword" })).await.status, 200);
        let dump = app.dump().await;
        assert!(dump.len() >= 4, "{dump:?}");
        for text in &dump {
            app.assert_invalid(text).await;
        }
        app.assert_valid(&session).await;
    })
    .await;
}

/// Random texts and randomly damaged valid tokens, from a seeded generator.
#[tokio::test]
async fn garbage_is_401() {
    everywhere(|app| async move {
        let token = app.member("arthur").await;
        let mut state = 0x9E37_79B9_u64 + app.number();
        let mut random = move |below: usize| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            usize::try_from(state >> 33).unwrap() % below
        };
        // Characters that a header and a cookie can contain.
        const CHARACTERS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.~!*'()%+/:=";
        let mut garbage = vec!["null".to_owned(), "0".to_owned(), ".".to_owned(), "..".to_owned(), "a.b.c".to_owned()];
        garbage.extend([format!("{token}{token}"), format!("{token}."), format!(".{token}"), "x".repeat(4000)]);
        garbage.extend(["A".repeat(43), "A".repeat(42), "A".repeat(44), token.to_lowercase(), token.to_uppercase()]);
        for _ in 0..40 {
            let sign = |random: &mut dyn FnMut(usize) -> usize| char::from(CHARACTERS[random(CHARACTERS.len())]);
            garbage.push((0..=random(80)).map(|_| sign(&mut random)).collect());
            let (at, mut damaged) = (random(token.len()), token.clone());
            match random(4) {
                0 => damaged.truncate(at),
                1 => damaged.insert(at, sign(&mut random)),
                2 => damaged.replace_range(at..=at, &sign(&mut random).to_string()),
                _ => drop(damaged.remove(at)),
            }
            garbage.push(damaged);
        }
        for garbage in garbage.iter().filter(|garbage| **garbage != token) {
            assert_eq!(app.me(garbage).await.status, 401, "{garbage}");
        }
        for nothing in ["Bearer", "Bearer ", "Basic eDp5"] {
            assert_eq!(app.get("/users/me").header("authorization", nothing).send().await.status, 401, "{nothing}");
        }
        app.assert_valid(&token).await;
    })
    .await;
}

/// Services of each other combination run on the same database with the same secret.
#[tokio::test]
async fn a_token_of_another_strategy_or_transport_is_401() {
    everywhere(|app| async move {
        let token = app.member("arthur").await;
        for strategy in Strategy::ALL {
            for transport in Carrier::BOTH {
                let other = app.beside(strategy, transport).await;
                for carrier in Carrier::BOTH {
                    // A token is valid only at a backend of the same strategy that reads its transport.
                    let is_good = strategy == app.combination.strategy && carrier == transport;
                    let response = other.get("/users/me").token(carrier, &token).send().await;
                    let wanted = if is_good { 200 } else { 401 };
                    assert_eq!(response.status.as_u16(), wanted, "at {} by {carrier:?}", other.combination);
                    if !is_good {
                        // It cannot be logged out there either.
                        let response = other.post("/auth/it/logout").token(carrier, &token).send().await;
                        assert_eq!(response.status, 401, "at {} by {carrier:?}", other.combination);
                    }
                }
            }
        }
        app.assert_valid(&token).await;
    })
    .await;
}
