//! The exchange of a code, or of a refresh token, for tokens.

use chrono::TimeDelta;
use oauth2::{
    AuthType, AuthorizationCode, Client, ClientId, ClientSecret as Secret, EndpointNotSet, EndpointSet,
    ExtraTokenFields, PkceCodeVerifier, RedirectUrl, RefreshToken as Refresh, RequestTokenError,
    StandardRevocableToken, StandardTokenResponse, TokenResponse as _, TokenUrl,
    basic::{
        BasicErrorResponse, BasicErrorResponseType, BasicRevocationErrorResponse, BasicTokenIntrospectionResponse,
        BasicTokenType,
    },
};
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use url::Url;

use super::{apple::AppleKey, http_client::HttpClient};
use crate::{
    domain::{
        Timestamp,
        oauth::{ProviderToken, ProviderTokens, RefreshToken},
    },
    port::{CodeExchange, ProviderError, TokenRefresh},
};

/// The longest lifetime of an access token that is accepted. Tokens of GitLab and Microsoft are valid for hours,
/// Facebook's for 60 days.
const LONGEST: TimeDelta = TimeDelta::days(3650);

type TokenResponse = StandardTokenResponse<IdTokenField, BasicTokenType>;
/// A client whose token endpoint is set.
type TokenClient = Client<
    BasicErrorResponse,
    TokenResponse,
    BasicTokenIntrospectionResponse,
    StandardRevocableToken,
    BasicRevocationErrorResponse,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointSet,
>;

/// The field that OpenID Connect adds to the response of a token endpoint.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct IdTokenField {
    id_token: Option<String>,
}

impl ExtraTokenFields for IdTokenField {}

/// The secret of an application at a provider.
#[derive(Clone)]
pub(super) enum ClientSecret {
    Text(SecretString),
    Apple(AppleKey),
}

/// How an application authenticates at a token endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ClientAuthentication {
    /// With HTTP Basic.
    Basic,
    /// With parameters of the form.
    Post,
}

/// An application at a provider.
#[derive(Clone)]
pub(super) struct Application {
    pub(super) client_id: String,
    pub(super) secret: ClientSecret,
}

/// The tokens that a token endpoint returns for a code.
pub(super) struct Tokens {
    pub(super) tokens: ProviderTokens,
    pub(super) id_token: Option<SecretString>,
}

impl Application {
    pub(super) fn new(client_id: &str, client_secret: &str) -> Self {
        Self { client_id: client_id.to_owned(), secret: ClientSecret::Text(client_secret.into()) }
    }

    fn secret(&self, now: Timestamp) -> Option<Secret> {
        match &self.secret {
            ClientSecret::Text(text) => Some(Secret::new(text.expose_secret().to_owned())),
            ClientSecret::Apple(key) => key.client_secret(&self.client_id, now).map(Secret::new),
        }
    }

    /// Exchanges the code of a callback, once.
    pub(super) async fn exchange(
        &self,
        http: &HttpClient,
        endpoint: &Url,
        authentication: ClientAuthentication,
        callback: &CodeExchange<'_>,
    ) -> Result<Tokens, ProviderError> {
        let redirect = RedirectUrl::new(callback.redirect_uri.to_owned());
        let response = self
            .client(endpoint, authentication, callback.now)?
            .set_redirect_uri(redirect.map_err(|_| ProviderError::failed("the URL of the callback is not a URL"))?)
            .exchange_code(AuthorizationCode::new(callback.code.secret().to_owned()))
            .set_pkce_verifier(PkceCodeVerifier::new(callback.verifier.secret().to_owned()))
            .request_async(http)
            .await
            .map_err(refusal)?;
        let id_token = response.extra_fields().id_token.clone().map(SecretString::from);
        Ok(Tokens { tokens: tokens(&response, callback.now), id_token })
    }

    /// Exchanges a refresh token, once.
    pub(super) async fn refresh(
        &self,
        http: &HttpClient,
        endpoint: &Url,
        authentication: ClientAuthentication,
        refresh: &TokenRefresh<'_>,
    ) -> Result<ProviderTokens, ProviderError> {
        let response = self
            .client(endpoint, authentication, refresh.now)?
            .exchange_refresh_token(&Refresh::new(refresh.token.secret().to_owned()))
            .request_async(http)
            .await
            .map_err(|error| if has_ended(&error) { ProviderError::GrantEnded } else { refusal(error) })?;
        Ok(tokens(&response, refresh.now))
    }

    fn client(
        &self,
        endpoint: &Url,
        authentication: ClientAuthentication,
        now: Timestamp,
    ) -> Result<TokenClient, ProviderError> {
        let secret = self.secret(now).ok_or_else(|| ProviderError::failed("no client secret"))?;
        Ok(Client::new(ClientId::new(self.client_id.clone()))
            .set_client_secret(secret)
            .set_auth_type(match authentication {
                ClientAuthentication::Basic => AuthType::BasicAuth,
                ClientAuthentication::Post => AuthType::RequestBody,
            })
            .set_token_uri(TokenUrl::from_url(endpoint.clone())))
    }
}

fn tokens(response: &TokenResponse, now: Timestamp) -> ProviderTokens {
    let mut access = ProviderToken::new(response.access_token().secret().clone());
    if let Some(lifetime) = response.expires_in() {
        let lifetime = TimeDelta::from_std(lifetime).map_or(LONGEST, |lifetime| lifetime.min(LONGEST));
        access = access.expires_at(now + lifetime);
    }
    if let Some(scopes) = response.scopes() {
        // GitHub separates them with commas.
        let scopes = scopes.iter().flat_map(|scope| scope.split(','));
        access = access.scopes(scopes.filter(|scope| !scope.is_empty()).map(str::to_owned).collect());
    }
    ProviderTokens::new(access, response.refresh_token().map(|token| RefreshToken::new(token.secret().clone())))
}

/// Returns whether a token endpoint reports that a refresh token is no longer valid, or that the user must give consent again.
fn has_ended<E>(error: &RequestTokenError<E, BasicErrorResponse>) -> bool
where
    E: std::error::Error + 'static,
{
    match error {
        RequestTokenError::ServerResponse(response) => is_end(response.error().as_ref()),
        // GitHub returns errors with status 200.
        RequestTokenError::Parse(_, body) => {
            let answer: Option<Map<String, Value>> = serde_json::from_slice(body).ok();
            answer.as_ref().and_then(|answer| answer.get("error")?.as_str()).is_some_and(is_end)
        }
        RequestTokenError::Request(_) | RequestTokenError::Other(_) => false,
    }
}

/// Beside the code of RFC 6749 there are GitHub's name for it, and two that Microsoft adds.
fn is_end(error: &str) -> bool {
    matches!(error, "invalid_grant" | "bad_refresh_token" | "interaction_required" | "consent_required")
}

/// Describes why there are no tokens. Only error codes of RFC 6749 are repeated.
fn refusal<E>(error: RequestTokenError<E, BasicErrorResponse>) -> ProviderError
where
    E: std::error::Error + 'static,
{
    ProviderError::failed(match error {
        RequestTokenError::ServerResponse(response) => match response.error() {
            BasicErrorResponseType::Extension(_) => "the token endpoint refuses".to_owned(),
            known => format!("the token endpoint refuses: {}", known.as_ref()),
        },
        RequestTokenError::Request(error) => error.to_string(),
        RequestTokenError::Parse(..) | RequestTokenError::Other(_) => {
            "the answer of the token endpoint is not valid".to_owned()
        }
    })
}
