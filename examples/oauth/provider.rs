//! A demonstration provider on a separate port. It accepts any name without a password: do not use it anywhere else.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
};

use axum::{
    Form, Json, Router,
    extract::{Query, State},
    http::{HeaderMap, StatusCode, header::AUTHORIZATION},
    response::{Html, Redirect},
    routing::{get, post},
};
use serde_json::{Value, json};
use uuid::Uuid;

type Fields = HashMap<String, String>;
/// The names of people, by their codes and access tokens.
type Granted = Arc<Mutex<Fields>>;

const PAGE: &str = r#"<!doctype html>
<html lang="en">
<title>A provider</title>
<h1>A provider for trying it out</h1>
<form method="post">
  <label>Who are you? <input name="name" value="arthur" pattern="[a-z]+" maxlength="40" required></label>
  <button>Log in</button>
</form>
"#;

/// Starts the provider and returns its URL.
pub async fn start() -> std::io::Result<String> {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let app = Router::new()
        .route("/authorize", get(async || Html(PAGE)).post(approve))
        .route("/token", post(token))
        .route("/user", get(user))
        .with_state(Granted::default());
    tokio::spawn(async move { axum::serve(listener, app).await });
    Ok(format!("http://{address}"))
}

/// Creates a code or a token for a name, and returns it.
#[allow(clippy::disallowed_methods, reason = "the rules for ids are those of the library")]
fn grant(granted: &Granted, name: String) -> Result<String, StatusCode> {
    let new = Uuid::new_v4().to_string();
    granted.lock().map_err(|_| StatusCode::INTERNAL_SERVER_ERROR)?.insert(new.clone(), name);
    Ok(new)
}

/// Returns the name that belongs to a code or a token, once.
fn take(granted: &Granted, given: Option<&str>) -> Result<String, StatusCode> {
    let mut granted = granted.lock().map_err(|_| StatusCode::INTERNAL_SERVER_ERROR)?;
    given.and_then(|given| granted.remove(given)).ok_or(StatusCode::BAD_REQUEST)
}

/// Sends the browser back with a code.
async fn approve(
    State(granted): State<Granted>,
    Query(query): Query<Fields>,
    Form(form): Form<Fields>,
) -> Result<Redirect, StatusCode> {
    let field = |fields: &Fields, name: &str| fields.get(name).cloned().ok_or(StatusCode::BAD_REQUEST);
    let code = grant(&granted, field(&form, "name")?)?;
    let (back, state) = (field(&query, "redirect_uri")?, field(&query, "state")?);
    Ok(Redirect::to(&format!("{back}?code={code}&state={state}")))
}

/// Exchanges a code for an access token.
async fn token(State(granted): State<Granted>, Form(form): Form<Fields>) -> Result<Json<Value>, StatusCode> {
    let name = take(&granted, form.get("code").map(String::as_str))?;
    Ok(Json(json!({ "access_token": grant(&granted, name)?, "token_type": "bearer" })))
}

/// Returns the user who has logged in.
async fn user(State(granted): State<Granted>, headers: HeaderMap) -> Result<Json<Value>, StatusCode> {
    let header = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok());
    let name = take(&granted, header.and_then(|value| value.strip_prefix("Bearer ")))?;
    Ok(Json(json!({ "id": name, "email": format!("{name}@provider.example") })))
}
