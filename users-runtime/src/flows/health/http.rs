//! The routes of health checks.

use std::sync::Arc;

use axum::{Router, response::Response};
use http::StatusCode;
use serde::Serialize;

use super::{LIVE, READY, logic::Readiness};
use crate::{
    http::{ApiError, HasUsers, Routes, json_response},
    service::Users,
    user::AuthUser,
};

/// Returns the routes of health checks, for `Router::nest("/health", health_routes(&users))`: `GET /live` and `GET /ready`.
///
/// `/live` responds with 200 as long as the service handles requests: restart it if it does not. `/ready` responds with
/// 200 if the database can be read and, where Redis holds sessions, revoked tokens or counters, Redis responds.
/// Otherwise it responds with 503 within two seconds: send no requests to the service until it is ready. The event
/// `not_ready` contains the cause; the response never does.
///
/// Anyone can call them. They need no token and are not limited. All requests within a second share one check.
pub fn health_routes<U: AuthUser, S: HasUsers<U>>(users: &Users<U>) -> Router<S> {
    let (users_of_checks, readiness) = (users.clone(), Arc::new(Readiness::default()));
    let ready = move || {
        let (users, readiness) = (users_of_checks.clone(), Arc::clone(&readiness));
        async move {
            match readiness.of(&users).await {
                true => Ok(healthy()),
                false => Err(ApiError::Unavailable { retry_after: 1 }),
            }
        }
    };
    Routes::new(users).get(LIVE.path, || std::future::ready(healthy())).get(READY.path, ready).into_router()
}

#[derive(Serialize)]
struct HealthRead {
    status: &'static str,
}

fn healthy() -> Response {
    json_response(StatusCode::OK, &HealthRead { status: "ok" })
}
