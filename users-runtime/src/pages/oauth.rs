//! Logins with OAuth providers, and the page of linked accounts.

use axum::{
    Extension,
    extract::{FromRequestParts, Path, Request},
    response::Response,
};
use http::{Method, StatusCode, Uri, header::LOCATION, request::Parts};
use serde_json::Value;
use url::form_urlencoded;

use super::{
    custom::text_of,
    flow_response::json_of,
    page::{Block, Item, Link, Page, PageKind, Weight},
    visit::Visit,
};
use crate::{
    flows::oauth::{
        list_accounts, oauth_associate_authorize, oauth_associate_callback, oauth_authorize, oauth_callback,
        unlink_account,
    },
    http::{ApiError, IdText, RouteProvider, ensure_own_page},
    service::OAuthProvider,
    user::AuthUser,
};

/// The provider in the path of a request.
pub(super) struct ProviderInPath(String);

impl<S: Send + Sync> FromRequestParts<S> for ProviderInPath {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let path = Path::<String>::from_request_parts(parts, state).await;
        path.map(|Path(name)| Self(name)).map_err(|_| ApiError::NotFound)
    }
}

impl<U: AuthUser> Visit<U> {
    fn provider(&self, ProviderInPath(name): &ProviderInPath) -> Result<Extension<RouteProvider>, ApiError> {
        let provider = self.site.pages.providers.iter().find(|provider| provider.name() == *name);
        provider.map(|provider| Extension(RouteProvider(provider.clone()))).ok_or(ApiError::NotFound)
    }

    /// Returns this request without the parameters of its URL, unless it was sent by a page of another site.
    fn start(&self) -> Result<Request, ApiError> {
        let backend = self.users.inner().backends.get(self.site.backend).ok_or(ApiError::Internal)?;
        let mut request = ensure_own_page(&self.users, backend, self.bare(Method::GET))?;
        *request.uri_mut() = Uri::try_from(request.uri().path()).map_err(|_| ApiError::NotFound)?;
        Ok(request)
    }
}

/// Returns the links to logins with providers, if there are any.
pub(super) fn log_in_links<U: AuthUser>(visit: &Visit<U>) -> Vec<Block> {
    let links: Vec<Link> = links(visit, "oauth", "log-in-with");
    if links.is_empty() { Vec::new() } else { vec![Block::Text(visit.text("or")), Block::Links(links)] }
}

fn links<U: AuthUser>(visit: &Visit<U>, path: &str, text: &str) -> Vec<Link> {
    let link = |provider: &OAuthProvider| {
        let name = provider.name();
        Link {
            text: visit.text_with(text, &[("provider", shown(visit, name).as_str().into())]),
            button: true,
            ..visit.link(text, &format!("{path}/{name}/authorize"))
        }
    };
    visit.site.pages.providers.iter().map(link).collect()
}

/// Returns the display name of a provider: from the texts, or the name with a capital letter.
fn shown<U: AuthUser>(visit: &Visit<U>, name: &str) -> String {
    visit.find(&format!("provider-{name}"), &[]).unwrap_or_else(|| {
        let mut letters = name.chars();
        letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
    })
}

/// Handles `GET /oauth/{provider}/authorize`: sends the browser to the provider. A link instead of a form, because
/// browsers also apply the `form-action` of the Content-Security-Policy to redirects.
pub(super) async fn start_log_in<U: AuthUser>(provider: ProviderInPath, visit: Visit<U>) -> Response {
    let started = async {
        let request = visit.start()?;
        to_provider(&visit, oauth_authorize(visit.handle(), visit.provider(&provider)?, request).await?).await
    };
    started.await.unwrap_or_else(|error| failed(&visit, PageKind::LogIn, &error))
}

/// Handles `GET /link/{provider}/authorize` for a user who is logged in.
pub(super) async fn start_link<U: AuthUser>(provider: ProviderInPath, visit: Visit<U>) -> Response {
    let started = async {
        let request = visit.start()?;
        to_provider(&visit, oauth_associate_authorize(visit.handle(), visit.provider(&provider)?, request).await?).await
    };
    started.await.unwrap_or_else(|error| failed(&visit, PageKind::LinkedAccounts, &error))
}

/// Handles `GET /oauth/{provider}/callback`.
pub(super) async fn finish_log_in<U: AuthUser>(provider: ProviderInPath, visit: Visit<U>) -> Response {
    let finished = async {
        let provider = visit.provider(&provider)?;
        oauth_callback(visit.handle(), visit.backend(), provider, visit.bare(Method::GET)).await
    };
    match finished.await {
        Ok(response) if response.status() == StatusCode::SEE_OTHER => response,
        Ok(response) => visit.go_with(&visit.site.pages.after_log_in, response.headers()),
        #[cfg(feature = "totp")]
        Err(ApiError::SecondFactorRequired(token)) => {
            visit.show(&super::two_factor::second_step(&visit, token.secret()))
        }
        Err(error) => failed(&visit, PageKind::LogIn, &error),
    }
}

/// Handles `GET /link/{provider}/callback` for a user who is logged in.
pub(super) async fn finish_link<U: AuthUser>(provider: ProviderInPath, visit: Visit<U>) -> Response {
    let finished = async {
        let provider = visit.provider(&provider)?;
        oauth_associate_callback(visit.handle(), provider, visit.bare(Method::GET)).await
    };
    match finished.await {
        Ok(response) if response.status() == StatusCode::SEE_OTHER => response,
        Ok(response) => visit.go_with("linked-accounts?notice=account-linked", response.headers()),
        Err(error) => failed(&visit, PageKind::LinkedAccounts, &error),
    }
}

/// Sends the browser to the URL in the response of a flow that has started.
async fn to_provider<U: AuthUser>(visit: &Visit<U>, started: Response) -> Result<Response, ApiError> {
    let (parts, body) = started.into_parts();
    let body = json_of(Response::new(body)).await?;
    let url = body["authorization_url"].as_str().and_then(|url| url.parse().ok()).ok_or(ApiError::Internal)?;
    let mut response = visit.go_with("profile", &parts.headers);
    response.headers_mut().insert(LOCATION, url);
    Ok(response)
}

/// Sends the browser to a page that explains why a flow failed, so that a reload does not repeat it.
fn failed<U: AuthUser>(visit: &Visit<U>, kind: PageKind, error: &ApiError) -> Response {
    if matches!(error, ApiError::Unauthorized { .. } | ApiError::Reauthenticate { .. }) {
        return visit.refuse(visit.page(kind), error.clone());
    }
    let Some(code) = error.code() else { return visit.fail(error.clone()) };
    let query = form_urlencoded::Serializer::new(String::new()).append_pair("error", code).finish();
    visit.go(&format!("{}?{query}", kind.name()))
}

/// Handles `GET /linked-accounts`.
pub(super) async fn linked_accounts_page<U: AuthUser>(visit: Visit<U>) -> Response {
    match list(&visit).await {
        Ok(mut page) => {
            page.errors.extend(visit.error_of_query());
            visit.show(&page)
        }
        Err(error) => visit.refuse(visit.page(PageKind::LinkedAccounts), error),
    }
}

/// Handles `POST /remove-account`.
pub(super) async fn submit_remove_account<U: AuthUser>(visit: Visit<U>) -> Response {
    let id = Some(visit.sent("id").to_owned()).filter(|id| !id.is_empty());
    match unlink_account(visit.handle(), IdText(id), visit.bare(Method::DELETE)).await {
        // An account that was already removed is not an error.
        Ok(_) | Err(ApiError::NotFound) => visit.go("linked-accounts?notice=account-removed"),
        Err(error) => match list(&visit).await {
            Ok(page) => visit.refuse(page, error),
            Err(_) => visit.refuse(visit.page(PageKind::LinkedAccounts), error),
        },
    }
}

async fn list<U: AuthUser>(visit: &Visit<U>) -> Result<Page, ApiError> {
    let listed = json_of(list_accounts(visit.handle(), visit.bare(Method::GET)).await?).await?;
    let items: Vec<Item> = listed.as_array().into_iter().flatten().map(|account| item(visit, account)).collect();
    let mut page = visit.own_page(PageKind::LinkedAccounts);
    let intro = if items.is_empty() { "linked-accounts-none" } else { "linked-accounts-intro" };
    page.blocks.push(Block::Text(visit.text(intro)));
    if !items.is_empty() {
        page.blocks.push(Block::Items(items));
    }
    page.blocks.push(Block::Heading(visit.text("linked-accounts-add")));
    page.blocks.push(Block::Links(links(visit, "link", "linked-accounts-link")));
    Ok(page)
}

fn item<U: AuthUser>(visit: &Visit<U>, account: &Value) -> Item {
    let provider = shown(visit, account["oauth_name"].as_str().unwrap_or_default());
    let email = text_of(&account["account_email"]);
    let mut form = visit.new_form("remove-account", "linked-accounts-remove");
    form.hidden.push(("id", text_of(&account["id"])));
    let arguments = [("provider", provider.as_str().into()), ("email", email.as_str().into())];
    form.button_detail = Some(visit.text_with("linked-accounts-remove-detail", &arguments));
    form.weight = Weight::Minor;
    Item {
        title: provider,
        details: vec![(visit.text("profile-email"), email)],
        form: Some(form),
        more_forms: Vec::new(),
    }
}
