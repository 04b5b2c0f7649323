//! Limits of flows.

mod oauth {
    use axum_users::Limits;

    use super::super::{
        provider::Person,
        support::{App, Setup, callback_path},
    };

    #[tokio::test]
    async fn flows_are_limited_by_address() {
        let app = App::with(Setup { limits: Limits::default(), ..Setup::default() }).await;
        let refused = |response: &crate::support::Response, limit: &str| {
            response.is(429, r#"{"detail":"TOO_MANY_REQUESTS"}"#);
            assert_eq!(response.headers["ratelimit"], format!("\"{limit}\";r=0;t=20"));
        };
        // Flows that end with a login are not counted: a company behind one address.
        for number in 0..40 {
            let person = Person::verified(&number.to_string(), &format!("knight{number}@camelot.bt"));
            assert_eq!(app.log_in("/auth/acme", person).await.status, 200, "{number}");
        }
        for _ in 0..30 {
            assert_eq!(app.get("/auth/acme/authorize").send().await.status, 200);
            assert_eq!(app.get(&callback_path("/auth/acme", "code", "forged")).send().await.status, 400);
        }
        refused(&app.get("/auth/hub/authorize").send().await, "oauth-start");
        refused(&app.get(&callback_path("/auth/hub", "code", "forged")).send().await, "oauth-callback");
        let other = app.get("/auth/acme/authorize").from("192.0.2.1").send().await;
        assert_eq!(other.status, 200, "another address");
    }
}
