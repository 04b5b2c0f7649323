//! E-mail addresses on the wire (contract.md 4.3 and 5).

use axum_users::schema::Status;
use serde_json::json;

use super::app::{GUINEVERE, Rules, WireApp};
use crate::support::Response;

/// Addresses with their normalized form.
const ACCEPTED: [(&str, &str); 11] = [
    ("king.arthur@camelot.bt", "king.arthur@camelot.bt"),
    ("King.Arthur@CAMELOT.Bt", "King.Arthur@camelot.bt"),
    ("  arthur@camelot.bt\t", "arthur@camelot.bt"),
    ("arthur@example.com", "arthur@example.com"),
    ("arthur@a.b.example.org", "arthur@a.b.example.org"),
    ("a+tag@camelot.bt", "a+tag@camelot.bt"),
    ("o'neill@camelot.bt", "o'neill@camelot.bt"),
    ("arthur@BÜCHER.example", "arthur@bücher.example"),
    ("arthur@xn--bcher-kva.example", "arthur@bücher.example"),
    ("arthur@bu\u{308}cher.example", "arthur@bücher.example"),
    ("a!#$%&'*+-/=?^_`{|}~z@camelot.bt", "a!#$%&'*+-/=?^_`{|}~z@camelot.bt"),
];

/// Refused under both policies.
const REFUSED: [&str; 36] = [
    "arthur",
    "",
    "@camelot.bt",
    "arthur@",
    ".arthur@camelot.bt",
    "arthur.@camelot.bt",
    "arthur@.camelot.bt",
    "king..arthur@camelot.bt",
    "arthur@camelot..bt",
    "arthur@-camelot.bt",
    "arthur@camelot",
    "arthur@camelot.123",
    "arthur@127.0.0.1",
    "arthur@[127.0.0.1]",
    "arthur@[IPv6:::1]",
    "\"king arthur\"@camelot.bt",
    "arthur@camelot_2.bt",
    "king arthur@camelot.bt",
    "king\u{0}arthur@camelot.bt",
    "king,arthur@camelot.bt",
    "arthur@camelot.arpa",
    "arthur@camelot.invalid",
    "arthur@camelot.local",
    "arthur@camelot.localhost",
    "arthur@camelot.onion",
    "arthur@camelot.test",
    "arthur@deep.camelot.test",
    "arthur\r@camelot.bt",
    "arthur\n@camelot.bt",
    "arthur@camelot.bt\r\nBcc: everybody@camelot.bt",
    "arthur@camelot@camelot.bt",
    "arthur@camelot.bt, mordred@camelot.bt",
    "arthur@localhost",
    "arthur@test",
    "arthur@camelot.bt(king)",
    "arthur\u{200b}@camelot.bt",
];

/// Refused by fastapi-users; the recommended policy accepts the address that is meant (difference C24).
const ONLY_MEANT: [&str; 4] = [
    "arthur@camelot.bt.",
    "arthur\u{ff20}camelot.bt",
    "\u{200d}arthur@camelot.bt",
    "\u{202a}arthur@camelot.bt\u{202c}",
];

/// Accepted by fastapi-users; the recommended policy refuses them (difference C24).
const ONLY_INTERNATIONALIZED: [(&str, &str); 5] = [
    ("Arthur Pendragon <arthur@camelot.bt>", "arthur@camelot.bt"),
    ("\"Arthur\" <arthur@camelot.bt>", "arthur@camelot.bt"),
    ("<arthur@camelot.bt>", "arthur@camelot.bt"),
    ("ärthur@camelot.bt", "ärthur@camelot.bt"),
    ("a\u{308}rthur@camelot.bt", "ärthur@camelot.bt"),
];

/// Asserts a 422 response that has one problem, about the address, with a reason.
#[track_caller]
fn refused(response: &Response, email: &str) {
    let body = response.json();
    let problem = &body["detail"][0];
    let reason = problem["ctx"]["reason"].as_str().filter(|reason| !reason.is_empty());
    let expected = json!({ "detail": [{
        "type": "value_error",
        "loc": ["body", "email"],
        "msg": format!("value is not a valid email address: {}", reason.unwrap_or("a reason")),
        "input": email,
        "ctx": { "reason": reason.unwrap_or("a reason") },
    }] });
    assert_eq!((response.status.as_u16(), &body), (422, &expected), "{email}");
}

#[tokio::test]
async fn addresses_are_stored_and_returned_in_normalized_form() {
    for rules in Rules::BOTH {
        let app = WireApp::start(rules).await;
        let token = app.member("mordred@camelot.bt").await;
        let mut accepted = ACCEPTED.to_vec();
        if rules == Rules::FastapiUsers {
            accepted.extend(ONLY_INTERNATIONALIZED);
        }
        for (sent, normal) in accepted {
            let response = app.patch("/users/me").bearer(&token).json(json!({ "email": sent })).send().await;
            assert_eq!(response.json()["email"], normal, "{sent}: {response:?}");
            assert_eq!(app.stored(normal).await.email, normal);
            // Change it back, so that no address in the list conflicts with itself in another case.
            let back = json!({ "email": "mordred@camelot.bt" });
            assert_eq!(app.patch("/users/me").bearer(&token).json(back).send().await.status, 200);
        }
    }
}

#[tokio::test]
async fn invalid_addresses_are_rejected_with_a_reason() {
    for rules in Rules::BOTH {
        let app = WireApp::start(rules).await;
        for sent in REFUSED {
            refused(&app.try_register(sent, GUINEVERE).await, sent);
        }
    }
}

#[tokio::test]
async fn what_keyboards_add_is_refused_as_by_fastapi_users_and_ignored_by_the_recommended_policy() {
    for sent in ONLY_MEANT {
        let app = WireApp::start(Rules::FastapiUsers).await;
        refused(&app.try_register(sent, GUINEVERE).await, sent);
        let app = WireApp::start(Rules::Recommended).await;
        let registered = app.try_register(sent, GUINEVERE).await;
        assert_eq!(registered.json()["email"], "arthur@camelot.bt", "{sent:?}: {registered:?}");
    }
}

#[tokio::test]
async fn the_recommended_policy_accepts_only_a_bare_address_with_an_ascii_local_part() {
    let app = WireApp::start(Rules::Recommended).await;
    for (sent, _) in ONLY_INTERNATIONALIZED {
        let response = app.try_register(sent, GUINEVERE).await;
        assert_eq!(
            (response.status.as_u16(), &response.json()["detail"][0]["type"]),
            (422, &json!("value_error")),
            "{sent}"
        );
    }
}

#[tokio::test]
async fn the_length_of_an_address_is_limited() {
    for rules in Rules::BOTH {
        let app = WireApp::start(rules).await;
        let at = |local: usize, last: usize| {
            format!("{}@{}.{}.{}.bt", "l".repeat(local), "a".repeat(62), "b".repeat(62), "c".repeat(last))
        };
        let (longest, too_long) = (at(64, 60), at(64, 61));
        assert_eq!(longest.len(), 254);
        assert_eq!(app.try_register(&longest, GUINEVERE).await.status, 201, "{rules:?}");
        refused(&app.try_register(&too_long, GUINEVERE).await, &too_long);
        // RFC 5321 allows 64 octets before the @; fastapi-users does not count them.
        let status = if rules == Rules::FastapiUsers { 201 } else { 422 };
        assert_eq!(app.try_register(&at(65, 59), GUINEVERE).await.status, status);
        let endless = app.try_register(&format!("{}@camelot.bt", "l".repeat(3000)), GUINEVERE).await;
        assert_eq!((endless.status.as_u16(), &endless.json()["detail"][0]["type"]), (422, &json!("value_error")));
    }
}

#[tokio::test]
async fn every_route_except_login_validates_the_address() {
    for rules in Rules::BOTH {
        let app = WireApp::start(rules).await;
        let token = app.member("arthur@camelot.bt").await;
        for path in ["/auth/register", "/auth/forgot-password", "/auth/request-verify-token"] {
            let body = json!({ "email": "bad", "password": GUINEVERE });
            refused(&app.post(path).json(body).send().await, "bad");
        }
        let response = app.patch("/users/me").bearer(&token).json(json!({ "email": "bad" })).send().await;
        refused(&response, "bad");
        for username in ["bad", "", "arthur@camelot.bt\n", "arthur @camelot.bt", "\0"] {
            let response = app.try_login(username, GUINEVERE).await;
            if username.is_empty() {
                assert_eq!(response.status, 422);
            } else {
                response.is(400, r#"{"detail":"LOGIN_BAD_CREDENTIALS"}"#);
            }
        }
        // A text that is accepted at registration also works at login.
        for username in [" arthur@camelot.bt", "arthur@camelot.bt ", "Arthur <arthur@camelot.bt>"] {
            let expected = if app.try_register(username, GUINEVERE).await.status == 422 { 400 } else { 200 };
            assert_eq!(app.try_login(username, GUINEVERE).await.status, expected, "{rules:?} {username}");
        }
    }
}

#[tokio::test]
async fn lookups_ignore_case() {
    for rules in Rules::BOTH {
        let app = WireApp::start(rules).await;
        app.knight("King.Arthur@Camelot.bt", Status::NEW).await;
        for spelling in ["king.arthur@camelot.bt", "KING.ARTHUR@CAMELOT.BT", "kInG.aRtHuR@cAmElOt.Bt"] {
            assert_eq!(app.try_login(spelling, GUINEVERE).await.status, 200, "{spelling}");
            app.try_register(spelling, GUINEVERE).await.is(400, r#"{"detail":"REGISTER_USER_ALREADY_EXISTS"}"#);
            app.journal.take();
            app.post("/auth/forgot-password").json(json!({ "email": spelling })).send().await.is(202, "null");
            assert_eq!(
                app.journal.wait_for("on_after_forgot_password").await.user.unwrap().email,
                "King.Arthur@camelot.bt"
            );
        }
    }
}

#[tokio::test]
async fn addresses_that_differ_only_in_case_cannot_both_be_stored() {
    let app = WireApp::start(Rules::FastapiUsers).await;
    app.knight("arthur@camelot.bt", Status::NEW).await;
    let pool = app.pool().await;
    let copy = "INSERT INTO user (id, email, hashed_password, is_active, is_superuser, is_verified) \
                VALUES ('bdfc2b97-4876-4210-9dba-158745062fcd', 'ARTHUR@camelot.bt', 'x', 1, 0, 0)";
    let refused = sqlx::query(copy).execute(&pool).await.unwrap_err();
    assert!(refused.as_database_error().unwrap().is_unique_violation());
}
