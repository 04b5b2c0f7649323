//! An HTTP client for one service under test.
#![allow(dead_code, reason = "each test program uses a part of this module")]

use std::net::{IpAddr, SocketAddr};

use axum::{
    Router,
    body::{Body, Bytes},
    extract::ConnectInfo,
    http::{HeaderMap, Method, Request, StatusCode, header},
    middleware::Next,
};
use axum_users::{Backend, Jwt};
use http_body_util::BodyExt;
use hyper_util::{client::legacy::Client, client::legacy::connect::HttpConnector, rt::TokioExecutor};
use serde_json::Value;

/// The name of the cookie under the recommended policy.
pub const COOKIE: &str = "__Host-fastapiusersauth";

/// The transport of a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Carrier {
    Bearer,
    Cookie,
}

impl Carrier {
    pub const BOTH: [Self; 2] = [Self::Bearer, Self::Cookie];

    pub fn backend(self, name: &str) -> Backend {
        match self {
            Self::Bearer => Backend::bearer(name, Jwt::new()),
            Self::Cookie => Backend::cookie(name, Jwt::new()),
        }
    }
}

/// A client of one service.
pub struct Http {
    address: SocketAddr,
    client: Client<HttpConnector, Body>,
}

impl Http {
    /// Serves `app` on a free port. Requests can come from any address: see [`Call::from`].
    pub async fn serve(app: Router) -> Self {
        let app = app.layer(axum::middleware::from_fn(from_the_address_of_the_test));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move {
            axum::serve(listener, app.into_make_service_with_connect_info::<SocketAddr>()).await.unwrap();
        });
        Self { address, client: Client::builder(TokioExecutor::new()).build_http() }
    }

    /// Creates a client of a service that is already running.
    #[allow(dead_code, reason = "used by tests that start a server process")]
    pub fn at(address: SocketAddr) -> Self {
        Self { address, client: Client::builder(TokioExecutor::new()).build_http() }
    }

    /// Creates a client of the same service with its own connections.
    pub fn another(&self) -> Self {
        Self { address: self.address, client: Client::builder(TokioExecutor::new()).build_http() }
    }

    /// Returns the address of the service.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Sends a request to the service.
    pub async fn send(&self, mut request: Request<Body>) -> Response {
        let uri = format!("http://{}{}", self.address, request.uri()).parse().unwrap();
        *request.uri_mut() = uri;
        let response = self.client.request(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        Response { status: parts.status, headers: parts.headers, body }
    }

    /// Starts a request; finish it with `send()`.
    pub fn request(&self, method: Method, path: &str) -> Call<'_> {
        Call { http: self, request: Request::builder().method(method).uri(path), body: Body::empty() }
    }

    pub fn get(&self, path: &str) -> Call<'_> {
        self.request(Method::GET, path)
    }

    pub fn post(&self, path: &str) -> Call<'_> {
        self.request(Method::POST, path)
    }

    pub fn patch(&self, path: &str) -> Call<'_> {
        self.request(Method::PATCH, path)
    }

    pub fn put(&self, path: &str) -> Call<'_> {
        self.request(Method::PUT, path)
    }

    pub fn delete(&self, path: &str) -> Call<'_> {
        self.request(Method::DELETE, path)
    }
}

/// The header with the address that a request comes from, instead of that of the socket.
const ADDRESS: &str = "x-address-of-the-test";

async fn from_the_address_of_the_test(mut request: Request<Body>, next: Next) -> axum::response::Response {
    if let Some(address) = request.headers_mut().remove(ADDRESS) {
        let address: IpAddr = address.to_str().unwrap().parse().unwrap();
        request.extensions_mut().insert(ConnectInfo(SocketAddr::new(address, 1)));
    }
    next.run(request).await
}

/// A request under construction.
pub struct Call<'a> {
    http: &'a Http,
    request: axum::http::request::Builder,
    body: Body,
}

impl Call<'_> {
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.request = self.request.header(name, value);
        self
    }

    /// Sends the request from an address other than that of the socket.
    pub fn from(self, address: &str) -> Self {
        self.header(ADDRESS, address)
    }

    pub fn bearer(self, token: &str) -> Self {
        self.header("authorization", &format!("Bearer {token}"))
    }

    pub fn cookie(self, name: &str, value: &str) -> Self {
        self.header("cookie", &format!("{name}={value}"))
    }

    /// Adds the token by this transport.
    pub fn token(self, carrier: Carrier, token: &str) -> Self {
        match carrier {
            Carrier::Bearer => self.bearer(token),
            Carrier::Cookie => self.cookie(COOKIE, token),
        }
    }

    pub fn json(self, body: Value) -> Self {
        self.raw("application/json", body.to_string())
    }

    pub fn form(self, fields: &[(&str, &str)]) -> Self {
        let mut body = String::new();
        for (name, value) in fields {
            if !body.is_empty() {
                body.push('&');
            }
            body.push_str(&encode(name));
            body.push('=');
            body.push_str(&encode(value));
        }
        self.raw("application/x-www-form-urlencoded", body)
    }

    pub fn raw(mut self, content_type: &str, body: impl Into<Body>) -> Self {
        if !content_type.is_empty() {
            self.request = self.request.header(header::CONTENT_TYPE, content_type);
        }
        self.body = body.into();
        self
    }

    pub async fn send(self) -> Response {
        self.http.send(self.request.body(self.body).unwrap()).await
    }
}

fn encode(text: &str) -> String {
    text.bytes()
        .map(|byte| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' => char::from(byte).to_string(),
            _ => format!("%{byte:02X}"),
        })
        .collect()
}

/// A response with its whole body.
#[derive(Debug, Clone, PartialEq)]
pub struct Response {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Bytes,
}

impl Response {
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|_| panic!("not JSON: {}", self.text()))
    }

    /// Asserts a status and a body, byte for byte.
    #[track_caller]
    pub fn is(&self, status: u16, body: &str) {
        assert_eq!((self.status.as_u16(), self.text().as_str()), (status, body));
    }

    /// Returns the token of a successful login.
    #[track_caller]
    pub fn access_token(&self) -> String {
        match self.set_cookie() {
            Some((_, token)) if self.status == 204 => token.to_owned(),
            _ if self.status == 200 => self.json()["access_token"].as_str().unwrap().to_owned(),
            _ => panic!("not a successful login: {self:?}"),
        }
    }

    /// Returns the refresh token of a successful login.
    #[track_caller]
    pub fn refresh_token(&self) -> String {
        let cookies = self.headers.get_all("set-cookie").iter().map(|cookie| cookie.to_str().unwrap());
        let in_cookie = cookies.filter_map(|cookie| cookie.split(';').next()?.split_once("-refresh="));
        match in_cookie.map(|(_, token)| token.to_owned()).next() {
            Some(token) => token,
            None => self.json()["refresh_token"].as_str().unwrap().to_owned(),
        }
    }

    /// Returns the name and value of the cookie that is set; panics if there are several.
    pub fn set_cookie(&self) -> Option<(&str, &str)> {
        let cookies = self.headers.get_all("set-cookie").iter().map(|cookie| cookie.to_str().unwrap());
        let mut cookies =
            cookies.filter(|cookie| !cookie.contains("axumusersdevice=") && !cookie.contains("-refresh="));
        let cookie = cookies.next()?;
        assert!(cookies.next().is_none(), "{self:?}");
        cookie.split(';').next()?.split_once('=')
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }
}
