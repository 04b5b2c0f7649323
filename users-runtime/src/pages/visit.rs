//! One request to a page, and the ways to respond to it.

use std::sync::Arc;

use axum::{
    Extension,
    body::Body,
    extract::{FromRequest, FromRequestParts, Request},
    response::{IntoResponse, Response},
};
use http::{
    HeaderMap, HeaderValue, Method, StatusCode,
    header::{CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, TRANSFER_ENCODING},
    request::Parts,
};
use serde_json::Value;
use url::form_urlencoded;

use super::{
    fields::Fields,
    messages::{Argument, LanguageIndex},
    next,
    page::{Block, Challenge, Form, Link, Page, PageError, PageKind, Weight},
    refusals::Refused,
    site::{Site, root_of},
};
use crate::{
    http::{
        ApiError, BODY_LIMIT, Handle, HasUsers, Incoming, Parameters, Repeated, Requirements, RouteBackend,
        ensure_own_page, see_other,
    },
    service::{Authenticated, SOLUTION_HEADER, Users},
    user::AuthUser,
};

/// The hidden field with the solution of a challenge.
const SOLUTION_FIELD: &str = "challenge-solution";

/// The headers of a flow's response that are kept in a redirect.
const KEPT_HEADERS: [&str; 2] = ["set-cookie", "clear-site-data"];

/// The messages that the next page may show after a change.
const NOTICES: [&str; 22] = [
    "registered",
    "verified",
    "verify-sent",
    "password-reset",
    "email-confirmed",
    "email-undone",
    "saved",
    "password-changed",
    "session-ended",
    "others-ended",
    "account-linked",
    "account-removed",
    "passkey-added",
    "passkey-removed",
    "logged-out",
    "log-in-first",
    "log-in-again",
    "reauthenticated",
    "two-factor-disabled",
    "two-factor-first",
    "two-factor-prove",
    "invitation-accepted",
];

/// The language of a request, in its extensions.
#[derive(Debug, Clone, Copy)]
pub(super) struct Reader(pub(super) LanguageIndex);

/// One request to a page.
pub(super) struct Visit<U: AuthUser> {
    pub(super) users: Users<U>,
    pub(super) site: Arc<Site>,
    language: LanguageIndex,
    head: Parts,
    /// The parameters of the URL.
    pub(super) query: Parameters,
    /// The fields of the form that was sent; none for `GET`.
    pub(super) form: Parameters,
}

impl<S: HasUsers<U>, U: AuthUser> FromRequest<S> for Visit<U> {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &S) -> Result<Self, ApiError> {
        let (mut head, body) = request.into_parts();
        let Handle(users) = Handle::from_request_parts(&mut head, state).await?;
        let found = Extension::<Arc<Site>>::from_request_parts(&mut head, state).await;
        let Extension(site) = found.map_err(|_| ApiError::Internal)?;
        let found = Extension::<Reader>::from_request_parts(&mut head, state).await;
        let Extension(Reader(language)) = found.map_err(|_| ApiError::Internal)?;
        let query = Parameters::of_query(&head.uri, Repeated::Refused)?;
        let form = if head.method == Method::POST {
            let backend = users.inner().backends.get(site.backend).ok_or(ApiError::Internal)?;
            // A form from another site must not register an account or request a mail either.
            let request = ensure_own_page(&users, backend, Request::from_parts(head, body))?;
            let (parts, body) = request.into_parts();
            head = parts;
            let form = Parameters::of_form(&head, body, BODY_LIMIT, Repeated::Refused).await?;
            if form.has_repetition() {
                return Err(ApiError::BadRequest("BAD_REQUEST"));
            }
            form
        } else {
            Parameters::of_query(&http::Uri::from_static("/"), Repeated::Refused)?
        };
        Ok(Self { users, site, language, head, query, form })
    }
}

impl<U: AuthUser> Visit<U> {
    /// Returns a value of the form as it was sent, or an empty text.
    pub(super) fn sent(&self, name: &str) -> &str {
        self.form.text(name).unwrap_or_default()
    }

    /// Returns a value of the form. An empty field is treated as absent.
    pub(super) fn given(&self, name: &str) -> Option<&str> {
        self.form.text(name).filter(|value| !value.is_empty())
    }

    /// Returns the token of a mailed link, or of the form on its page.
    pub(super) fn token(&self) -> &str {
        match self.form.text("token") {
            Some(token) => token,
            None => self.query.text("token").unwrap_or_default(),
        }
    }

    pub(super) fn find(&self, name: &str, arguments: &[(&str, Argument)]) -> Option<String> {
        self.site.pages.messages.find(self.language, name, arguments)
    }

    pub(super) fn text(&self, name: &str) -> String {
        self.text_with(name, &[])
    }

    pub(super) fn text_with(&self, name: &str, arguments: &[(&str, Argument)]) -> String {
        self.site.pages.messages.text(self.language, name, arguments)
    }

    /// Returns the error of a failed flow with a provider from the URL: a code that the texts know.
    pub(super) fn error_of_query(&self) -> Option<PageError> {
        // A link cannot show any other text of the catalogue.
        let is_code = |text: &&str| text.contains('_') && text.bytes().all(|c| c.is_ascii_alphanumeric() || c == b'_');
        let code = self.query.text("error").filter(is_code)?;
        let text = self.find(code, &[("minutes", 1.into())]).unwrap_or_else(|| self.text("refused"));
        Some(PageError { text, field: None })
    }

    /// Returns the backend of the pages, for the handlers of login and logout.
    pub(super) fn backend(&self) -> Extension<RouteBackend> {
        Extension(RouteBackend(self.site.backend))
    }

    pub(super) fn handle(&self) -> Handle<U> {
        Handle(self.users.clone())
    }

    /// Returns this request with another method and no body, for a flow.
    pub(super) fn bare(&self, method: Method) -> Request {
        self.request(method, None, Vec::new())
    }

    /// Returns this request with JSON as its body, for a flow.
    pub(super) fn json(&self, method: Method, body: &Value) -> Request {
        self.request(method, Some("application/json"), body.to_string().into_bytes())
    }

    /// Returns this request with a form as its body, for a flow.
    pub(super) fn url_encoded(&self, fields: &[(&str, &str)]) -> Request {
        let form = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        self.request(Method::POST, Some("application/x-www-form-urlencoded"), form.into_bytes())
    }

    fn request(&self, method: Method, content_type: Option<&'static str>, body: Vec<u8>) -> Request {
        let mut head = self.head.clone();
        head.method = method;
        for name in [CONTENT_TYPE, CONTENT_LENGTH, CONTENT_ENCODING, TRANSFER_ENCODING] {
            head.headers.remove(name);
        }
        if let Some(content_type) = content_type {
            head.headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
        }
        if let Some(solution) = self.given(SOLUTION_FIELD).and_then(|solution| HeaderValue::from_str(solution).ok()) {
            head.headers.insert(SOLUTION_HEADER, solution);
        }
        Request::from_parts(head, Body::from(body))
    }

    /// Authenticates the request as the flows do. Also admits a user who must still enroll a second factor: the flows
    /// refuse the operations that such a user may not perform.
    pub(super) async fn authenticate(&self) -> Result<Authenticated<U>, ApiError> {
        let incoming = Incoming::bare(self.bare(self.head.method.clone()));
        incoming.authenticate(&self.users, Requirements::usual(&self.users).before_enrollment()).await
    }

    /// Returns a page without content.
    pub(super) fn page(&self, kind: PageKind) -> Page {
        let notice = self.query.text("notice").filter(|notice| NOTICES.contains(notice));
        Page {
            notice: notice.map(|notice| self.text(&format!("notice-{notice}"))),
            ..self.site.page(kind, self.language, self.root())
        }
    }

    /// Returns the relative path from this URL to the first level of the pages.
    fn root(&self) -> String {
        root_of(self.head.uri.path())
    }

    /// Returns a page of a user who is logged in, without content.
    pub(super) fn own_page(&self, kind: PageKind) -> Page {
        let mut page = self.page(kind);
        let has_links = cfg!(feature = "oauth") && self.has_providers();
        let has_codes = self.users.has_second_factors();
        let kinds =
            [PageKind::Profile, PageKind::Sessions, PageKind::TwoFactor, PageKind::Passkeys, PageKind::LinkedAccounts];
        page.navigation = kinds
            .into_iter()
            .filter(|other| *other != PageKind::LinkedAccounts || has_links)
            .filter(|other| *other != PageKind::TwoFactor || has_codes)
            .filter(|other| *other != PageKind::Passkeys || self.users.has_passkeys())
            .map(|other| Link { current: other == kind, ..self.link(&format!("{}-title", other.name()), other.name()) })
            .collect();
        page.log_out = Some(self.new_form("log-out", "log-out-button"));
        page
    }

    pub(super) fn has_providers(&self) -> bool {
        #[cfg(feature = "oauth")]
        return !self.site.pages.providers.is_empty();
        #[cfg(not(feature = "oauth"))]
        false
    }

    /// Returns a link to another of these pages.
    pub(super) fn link(&self, text: &str, page: &str) -> Link {
        Link::new(self.text(text), format!("{}{page}", self.root()))
    }

    /// Returns a form without fields.
    pub(super) fn new_form(&self, action: &str, button: &str) -> Form {
        Form {
            action: format!("{}{action}", self.root()),
            hidden: Vec::new(),
            fields: Vec::new(),
            button: self.text(button),
            button_detail: None,
            weight: Weight::Main,
            challenge: None,
            passkey: None,
        }
    }

    pub(super) fn fields(&self) -> Fields<'_, U> {
        Fields(self)
    }

    /// Responds with a page.
    pub(super) fn show(&self, page: &Page) -> Response {
        self.site.show(StatusCode::OK, page)
    }

    /// Responds with a page, with the cookies of a flow's response.
    pub(super) fn show_with(&self, page: &Page, headers: &HeaderMap) -> Response {
        let mut response = self.show(page);
        let kept = headers.iter().filter(|(name, _)| KEPT_HEADERS.contains(&name.as_str()));
        response.headers_mut().extend(kept.map(|(name, value)| (name.clone(), value.clone())));
        response
    }

    /// Responds to a refusal: with the page and its errors, or with the login if the user must log in first.
    pub(super) fn refuse(&self, mut page: Page, error: ApiError) -> Response {
        match &error {
            ApiError::Unauthorized { .. } => return self.log_in_first(page.kind, "log-in-first"),
            // There, or for a session that cannot be re-authenticated, only a new login helps.
            ApiError::Reauthenticate { .. }
                if self.users.policy().keeps_quirks() || page.kind == PageKind::Reauthenticate =>
            {
                return self.log_in_first(page.kind, "log-in-again");
            }
            ApiError::Refused("MFA_ENROLLMENT_REQUIRED") => return self.go("two-factor?notice=two-factor-first"),
            ApiError::Refused("MFA_REQUIRED") if page.kind != PageKind::Reauthenticate => {
                return self.go_and_return(PageKind::Reauthenticate.name(), Some("two-factor-prove"), page.kind);
            }
            ApiError::Reauthenticate { .. } => {
                return self.go_and_return(PageKind::Reauthenticate.name(), None, page.kind);
            }
            _ => {}
        }
        let mut refused = Refused::of(self, &error);
        if let Some(value) = refused.challenge.take() {
            self.ask_for_solution(&mut page, &value);
        }
        refused.show_on(&mut page);
        let title = self.text_with("title-with-error", &[("title", page.title.as_str().into())]);
        page.document_title = format!("{title} – {}", page.site_name);
        let mut response = self.site.show(error.status(), &page);
        // `Retry-After`, the fields of limits and the challenge of RFC 6750.
        for (name, value) in error.into_response().headers() {
            response.headers_mut().entry(name).or_insert_with(|| value.clone());
        }
        response
    }

    /// Sends the browser to the login, and back to this page after it.
    fn log_in_first(&self, kind: PageKind, notice: &str) -> Response {
        self.go_and_return(PageKind::LogIn.name(), Some(notice), kind)
    }

    /// Sends the browser to a page that leads back to the page `kind`.
    fn go_and_return(&self, page: &str, notice: Option<&str>, kind: PageKind) -> Response {
        let next = Some(kind.name()).filter(|name| next::OWN_PAGES.contains(name));
        let mut query = form_urlencoded::Serializer::new(String::new());
        query.extend_pairs(notice.map(|notice| ("notice", notice))).extend_pairs(next.map(|next| ("next", next)));
        self.go(&format!("{page}?{}", query.finish()))
    }

    fn ask_for_solution(&self, page: &mut Page, challenge: &Value) {
        // A challenge of another kind needs a script of the application.
        page.scripts.extend(cfg!(feature = "altcha").then(|| format!("{}challenge.js", page.root)));
        let form = page.blocks.iter_mut().find_map(|block| match block {
            Block::Form(form) => Some(form),
            _ => None,
        });
        if let Some(form) = form {
            form.hidden.push((SOLUTION_FIELD, String::new()));
            form.challenge = Some(Challenge {
                json: challenge.to_string(),
                working: self.text("challenge-working"),
                ready: self.text("challenge-ready"),
                needs_script: self.text("challenge-needs-script"),
            });
        }
    }

    /// Sends the browser to another of these pages, or to a path of the application.
    pub(super) fn go(&self, page: &str) -> Response {
        self.go_with(page, &HeaderMap::new())
    }

    /// Sends the browser to another page, with the cookies of a flow's response.
    pub(super) fn go_with(&self, page: &str, headers: &HeaderMap) -> Response {
        let kept = headers.iter().filter(|(name, _)| KEPT_HEADERS.contains(&name.as_str()));
        let kept = kept.map(|(name, value)| (name.clone(), value.clone())).collect();
        let root = if page.starts_with('/') { String::new() } else { self.root() };
        see_other(&format!("{root}{page}"), kept).unwrap_or_else(IntoResponse::into_response)
    }

    /// Responds to an error that belongs to no form of this page.
    pub(super) fn fail(&self, error: ApiError) -> Response {
        self.refuse(self.error_page(), error)
    }

    fn error_page(&self) -> Page {
        let mut page = self.page(PageKind::Error);
        page.blocks.push(Block::Links(vec![self.link("error-back", "profile")]));
        page
    }
}
