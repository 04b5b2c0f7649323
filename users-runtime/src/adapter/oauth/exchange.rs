//! The exchange of a code for tokens.

use oauth2::{
    AuthType, AuthorizationCode, Client, ClientId, ClientSecret as Secret, ExtraTokenFields, PkceCodeVerifier,
    RedirectUrl, RequestTokenError, StandardRevocableToken, StandardTokenResponse, TokenResponse as _, TokenUrl,
    basic::{
        BasicErrorResponse, BasicErrorResponseType, BasicRevocationErrorResponse, BasicTokenIntrospectionResponse,
        BasicTokenType,
    },
};
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize};
use url::Url;

use super::{apple::AppleKey, http_client::HttpClient};
use crate::{
    domain::Timestamp,
    port::{CodeExchange, ProviderError},
};

type TokenClient = Client<
    BasicErrorResponse,
    StandardTokenResponse<IdTokenField, BasicTokenType>,
    BasicTokenIntrospectionResponse,
    StandardRevocableToken,
    BasicRevocationErrorResponse,
>;

/// What OpenID Connect adds to the response of a token endpoint.
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

/// What a token endpoint returns.
pub(super) struct Tokens {
    pub(super) access_token: SecretString,
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
        let secret = self.secret(callback.now).ok_or_else(|| ProviderError::failed("no client secret"))?;
        let redirect = RedirectUrl::new(callback.redirect_uri.to_owned());
        let client = TokenClient::new(ClientId::new(self.client_id.clone()))
            .set_client_secret(secret)
            .set_auth_type(match authentication {
                ClientAuthentication::Basic => AuthType::BasicAuth,
                ClientAuthentication::Post => AuthType::RequestBody,
            })
            .set_token_uri(TokenUrl::from_url(endpoint.clone()))
            .set_redirect_uri(redirect.map_err(|_| ProviderError::failed("the URL of the callback is not a URL"))?);
        let response = client
            .exchange_code(AuthorizationCode::new(callback.code.secret().to_owned()))
            .set_pkce_verifier(PkceCodeVerifier::new(callback.verifier.secret().to_owned()))
            .request_async(http)
            .await
            .map_err(refusal)?;
        Ok(Tokens {
            access_token: response.access_token().secret().clone().into(),
            id_token: response.extra_fields().id_token.clone().map(SecretString::from),
        })
    }
}

/// Describes why there are no tokens. Only error codes of RFC 6749 are repeated.
fn refusal<E>(error: RequestTokenError<E, BasicErrorResponse>) -> ProviderError
where
    E: std::error::Error + 'static,
{
    ProviderError::failed(match error {
        RequestTokenError::ServerResponse(response) => match response.error() {
            BasicErrorResponseType::Extension(_) => "the token endpoint refuses the code".to_owned(),
            known => format!("the token endpoint refuses the code: {}", known.as_ref()),
        },
        RequestTokenError::Request(error) => error.to_string(),
        RequestTokenError::Parse(..) | RequestTokenError::Other(_) => {
            "the answer of the token endpoint is not valid".to_owned()
        }
    })
}
