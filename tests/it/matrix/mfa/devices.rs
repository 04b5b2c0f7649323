//! Devices on which no code is required.

use std::time::Duration;

use axum_users::Mfa;
use serde_json::{Value, json};

use super::{REQUIRED, enrolled, login_with, optional, post};
use crate::{
    matrix::{Plan, app::Service, everywhere_as},
    support::{PASSWORD, Response},
};

const COOKIE: &str = "__Host-axumusersremembered";
const OTHER: &str = "another long sword";
const MONTH: u64 = 30 * 24 * 3600;

pub(super) fn remembering() -> Plan {
    let month = Duration::from_secs(MONTH);
    Plan { mfa: Some(Mfa::optional().remember_devices(month)), ..Plan::default() }
}

/// Returns the cookie of a remembered device in a response.
pub(super) fn device_in(response: &Response) -> Option<String> {
    let cookies = response.headers.get_all("set-cookie").iter().map(|cookie| cookie.to_str().unwrap());
    let own = cookies.filter(|cookie| cookie.starts_with(COOKIE));
    own.map(|cookie| cookie.split(';').next().unwrap().split_once('=').unwrap().1.to_owned()).next()
}

pub(super) async fn login_and_remember(app: &Service, name: &str, otp: &str) -> Response {
    let mail = app.mail(name);
    let form = [("username", mail.as_str()), ("password", PASSWORD), ("otp", otp), ("remember_device", "true")];
    app.post("/auth/it/login").form(&form).send().await
}

pub(super) async fn login_from(app: &Service, name: &str, password: &str, device: &str) -> Response {
    let mail = app.mail(name);
    let form = [("username", mail.as_str()), ("password", password)];
    app.post("/auth/it/login").form(&form).cookie(COOKIE, device).send().await
}

async fn devices(app: &Service, session: &str) -> Vec<Value> {
    app.see("/auth/totp/devices", session).await.json().as_array().unwrap().clone()
}

#[tokio::test]
async fn a_remembered_device_needs_no_code_until_it_is_forgotten() {
    everywhere_as(remembering(), |app| async move {
        let user = enrolled(&app, "arthur").await;
        let other = enrolled(&app, "kay").await;
        assert_eq!(device_in(&login_with(&app, user.name, PASSWORD, &user.next_code(&app)).await), None);
        let login = login_and_remember(&app, user.name, &user.next_code(&app)).await;
        let device = device_in(&login).unwrap();
        assert_eq!(device.len(), 43);
        let session = login_from(&app, user.name, PASSWORD, &device).await.access_token();
        app.assert_valid(&session).await;
        // It replaces one factor, for one user, and is not a code.
        login_from(&app, user.name, OTHER, &device).await.is(400, r#"{"detail":"LOGIN_BAD_CREDENTIALS"}"#);
        login_from(&app, other.name, PASSWORD, &device).await.is(400, REQUIRED);
        login_from(&app, user.name, PASSWORD, &"A".repeat(43)).await.is(400, REQUIRED);
        app.assert_invalid(&device).await;
        // A wrong code is also refused on a remembered device, and yields no cookie.
        let refused = login_and_remember(&app, user.name, &user.wrong_code(&app)).await;
        refused.is(400, r#"{"detail":"LOGIN_MFA_BAD_CODE"}"#);
        assert_eq!(device_in(&refused), None);

        let listed = devices(&app, &session).await;
        assert_eq!(listed.len(), 1);
        assert!(!listed[0].to_string().contains(&device));
        let path = format!("/auth/totp/devices/{}", listed[0]["id"].as_str().unwrap());
        app.with(app.delete(&path), &other.session).send().await.is(404, r#"{"detail":"Not Found"}"#);
        app.with(app.delete(&path), &session).send().await.is(204, "");
        app.with(app.delete(&path), &session).send().await.is(404, r#"{"detail":"Not Found"}"#);
        login_from(&app, user.name, PASSWORD, &device).await.is(400, REQUIRED);
    })
    .await;
}

#[tokio::test]
async fn a_device_is_forgotten_with_its_time_the_password_the_factor_and_the_sessions() {
    everywhere_as(remembering(), |app| async move {
        let user = enrolled(&app, "arthur").await;
        let remember = async || device_in(&login_and_remember(&app, user.name, &user.next_code(&app)).await).unwrap();
        let forgotten = async |device: &str, password: &str| {
            login_from(&app, user.name, password, device).await.is(400, REQUIRED);
        };
        let device = remember().await;
        app.advance(MONTH);
        forgotten(&device, PASSWORD).await;

        let device = remember().await;
        let id = app.stored_user(user.name).await.id;
        app.users.sessions().end_all(id).await.unwrap();
        forgotten(&device, PASSWORD).await;

        let device = remember().await;
        let session = login_from(&app, user.name, PASSWORD, &device).await.access_token();
        let change = json!({ "password": OTHER, "current_password": PASSWORD });
        assert_eq!(app.patch_me(&session, change).await.status, 200);
        forgotten(&device, OTHER).await;
        let change = json!({ "password": PASSWORD, "current_password": OTHER });
        assert_eq!(app.patch_me(&session, change).await.status, 200);
        forgotten(&device, PASSWORD).await;

        let device = remember().await;
        app.users.revoke_factor(id).await.unwrap();
        let session = login_from(&app, user.name, PASSWORD, &device).await.access_token();
        assert_eq!(devices(&app, &session).await, Vec::<Value>::new());
    })
    .await;
}

#[tokio::test]
async fn no_device_is_remembered_where_the_service_does_not_do_that() {
    everywhere_as(optional(), |app| async move {
        let user = enrolled(&app, "arthur").await;
        let login = login_and_remember(&app, user.name, &user.next_code(&app)).await;
        assert_eq!(device_in(&login), None);
        app.assert_valid(&login.access_token()).await;
        assert_eq!(post(&app, "/auth/totp/confirm", &user.session, json!({ "code": "1" })).await.status, 400);
    })
    .await;
}
