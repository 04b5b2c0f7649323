//! A handler on axum that returns constant bytes to every request: the upper bound for any service on axum, since it
//! checks no token and reads no row. For `requests`.

use std::env;

use axum::{Router, http::header::CONTENT_TYPE, routing::get};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const USER: &str = r#"{"id":"4bbfa8a4-4a4c-4f4b-9d2e-1f4b4c6a7e5d","email":"knight0@camelot.bt","is_active":true,"is_superuser":false,"is_verified":false,"full_name":"Arthur"}"#;

#[tokio::main]
async fn main() {
    let app = Router::new().route("/users/me", get(|| async { ([(CONTENT_TYPE, "application/json")], USER) }));
    let listener = tokio::net::TcpListener::bind(env::var("BIND").unwrap()).await.unwrap();
    axum::serve(listener, app).await.unwrap();
}
