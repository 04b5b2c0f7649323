//! A session at the service.

use std::fmt;

use axum_users::client::{BearerResponse, ErrorResponse, Exposed, Login, RequestSchema};
use reqwest::{Client, RequestBuilder, Response};

use crate::user::{UserCreate, UserRead, UserUpdate};

/// A user who is logged in.
#[derive(Debug)]
pub struct Account {
    http: Client,
    url: String,
    login: BearerResponse,
}

impl Account {
    /// Creates an account.
    ///
    /// # Errors
    /// [`Failed::Refused`] with the code of the service, such as `REGISTER_USER_ALREADY_EXISTS`.
    #[cfg_attr(not(test), allow(dead_code, reason = "the program logs in only"))]
    pub async fn register(url: &str, user: &UserCreate) -> Result<UserRead, Failed> {
        let request = http_client().post(format!("{url}/auth/register")).json(&Exposed(user));
        Ok(sent(request).await?.json().await?)
    }

    /// Logs in.
    ///
    /// # Errors
    /// [`Failed::Refused`] with `LOGIN_BAD_CREDENTIALS`.
    pub async fn log_in(url: &str, email: &str, password: &str) -> Result<Self, Failed> {
        let http = http_client();
        let login = Login { username: email.to_owned(), password: password.into() };
        let request = http.post(format!("{url}/auth/jwt/login")).form(&Exposed(&login));
        let login = sent(request).await?.json().await?;
        Ok(Self { http, url: url.to_owned(), login })
    }

    /// Reads the profile.
    ///
    /// # Errors
    /// [`Failed::Refused`] with `Unauthorized` after the end of the session.
    pub async fn profile(&self) -> Result<UserRead, Failed> {
        let request = self.http.get(format!("{}/users/me", self.url));
        Ok(sent(self.authorized(request)).await?.json().await?)
    }

    /// Changes the profile. Fields that are `None` keep their values.
    ///
    /// # Errors
    /// [`Failed::Refused`] with a code, or without one for a value that is not valid.
    #[cfg_attr(not(test), allow(dead_code, reason = "the program reads only"))]
    pub async fn change(&self, change: &UserUpdate) -> Result<UserRead, Failed> {
        let request = self.http.patch(format!("{}/users/me", self.url));
        Ok(sent(self.authorized(with_json(request, change))).await?.json().await?)
    }

    /// Ends the session.
    ///
    /// # Errors
    /// [`Failed::Refused`] if it has ended already.
    pub async fn log_out(&self) -> Result<(), Failed> {
        let request = self.http.post(format!("{}/auth/jwt/logout", self.url));
        sent(self.authorized(request)).await.map(drop)
    }

    fn authorized(&self, request: RequestBuilder) -> RequestBuilder {
        request.bearer_auth(self.login.access_token.secret())
    }
}

/// Returns a client. In this workspace, reqwest leaves the choice of the cryptography provider for TLS to the program: ring.
fn http_client() -> Client {
    // It fails only if another part of the program has already chosen one.
    drop(rustls::crypto::ring::default_provider().install_default());
    Client::new()
}

fn with_json(request: RequestBuilder, body: &impl RequestSchema) -> RequestBuilder {
    request.json(&Exposed(body))
}

/// Sends a request, and returns the response if it is a success.
async fn sent(request: RequestBuilder) -> Result<Response, Failed> {
    let response = request.send().await?;
    if response.status().is_success() {
        return Ok(response);
    }
    let status = response.status().as_u16();
    Err(Failed::Refused { status, body: response.json().await.ok() })
}

/// Why a request failed.
#[derive(Debug)]
pub enum Failed {
    /// The service does not respond, or responds unexpectedly.
    Unreachable(reqwest::Error),
    /// The service refused.
    Refused {
        /// The status.
        status: u16,
        /// The body, if it is one of the service's.
        body: Option<ErrorResponse>,
    },
}

impl From<reqwest::Error> for Failed {
    fn from(error: reqwest::Error) -> Self {
        Self::Unreachable(error)
    }
}

impl fmt::Display for Failed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreachable(error) => write!(f, "the service does not respond: {error}"),
            Self::Refused { status, body } => {
                let code = body.as_ref().and_then(ErrorResponse::code).unwrap_or("no code");
                write!(f, "the service refused with status {status}: {code}")
            }
        }
    }
}

impl std::error::Error for Failed {}
