//! OAuth 2.0 services with an API that returns the user who has logged in.

use std::fmt;

use serde_json::Value;
use url::Url;

use super::{
    authorize::authorization_url,
    exchange::{Application, ClientAuthentication, Tokens},
    http_client::{HttpClient, endpoint},
    limits::Limits,
    profile::{Profile, choose, read_json},
};
use crate::{
    domain::{
        Result,
        oauth::{AddressStatus, ExternalIdentity, ProviderAddress, ProviderTokens},
    },
    port::{AuthorizationRequest, BoxFuture, CodeExchange, IdentityProvider, ProviderError, TokenRefresh},
};

/// The endpoints of an OAuth 2.0 service.
#[derive(Debug, Clone, Copy)]
pub struct OAuth2Endpoints<'a> {
    /// The page to which the browser is sent.
    pub authorize: &'a str,
    /// The token endpoint.
    pub token: &'a str,
    /// The API that returns the person as a JSON object, with the access token as a bearer token.
    pub user: &'a str,
    /// The API that returns the addresses of the person as a list of `{"email", "primary", "verified"}`, as GitHub does.
    pub emails: Option<&'a str>,
}

/// A provider that is an OAuth 2.0 service without OpenID Connect.
///
/// The subject is `id` of the person (a text or an integer), the address `email`. Without a list of addresses, it is
/// not known whether the provider has verified it, unless [`OAuth2::verified_at`] names a key for this.
pub struct OAuth2 {
    authorize: Url,
    token: Url,
    user: Url,
    emails: Option<Url>,
    http: HttpClient,
    application: Application,
    authentication: ClientAuthentication,
    profile: Profile,
    limits: Limits,
}

impl OAuth2 {
    /// Describes a service.
    ///
    /// # Errors
    /// [`Error::Config`](crate::Error::Config) unless every endpoint is an `https` URL, or an `http` URL of a loopback host.
    pub fn new(endpoints: OAuth2Endpoints<'_>, client_id: &str, client_secret: &str) -> Result<Self> {
        let (authorize, token) = (endpoint(endpoints.authorize)?, endpoint(endpoints.token)?);
        let (user, emails) = (endpoint(endpoints.user)?, endpoints.emails.map(endpoint).transpose()?);
        // Only the browser, not the service, calls the authorization endpoint.
        let called: Vec<&Url> = [&token, &user].into_iter().chain(&emails).collect();
        Ok(Self {
            http: HttpClient::new(&called)?,
            authorize,
            token,
            user,
            emails,
            application: Application::new(client_id, client_secret),
            authentication: ClientAuthentication::Post,
            profile: Profile { subject: "id", verified: None, ..Profile::OPENID },
            limits: Limits::default(),
        })
    }

    /// Sends the client secret with HTTP Basic. Default: as a parameter of the form.
    #[must_use]
    pub fn basic_authentication(self) -> Self {
        Self { authentication: ClientAuthentication::Basic, ..self }
    }

    /// Sets the key of the subject. Default: `id`.
    #[must_use]
    pub fn subject_at(self, key: &'static str) -> Self {
        Self { profile: Profile { subject: key, ..self.profile }, ..self }
    }

    /// Sets the key that says whether the provider has verified the address. Default: none.
    #[must_use]
    pub fn verified_at(self, key: &'static str) -> Self {
        Self { profile: Profile { verified: Some(key), ..self.profile }, ..self }
    }

    pub(crate) fn profile(self, profile: Profile) -> Self {
        Self { profile, ..self }
    }

    async fn authenticate(&self, callback: &CodeExchange<'_>) -> Result<ExternalIdentity, ProviderError> {
        let Tokens { tokens, .. } =
            self.application.exchange(&self.http, &self.token, self.authentication, callback).await?;
        let Some(Value::Object(person)) = read_json(&self.http, &self.user, &tokens.access).await? else {
            return Err(ProviderError::failed("the provider does not tell who has logged in"));
        };
        let mut identity = self.profile.identity(person)?;
        if let Some(emails) = &self.emails {
            let of_profile = identity.address.as_ref().map(|address| address.email.as_str());
            identity.address = match read_json(&self.http, emails, &tokens.access).await? {
                Some(list) => choose(&list, of_profile),
                // The token does not cover the list: nothing is known about the address.
                None => identity.address.map(|address| ProviderAddress { status: AddressStatus::Unknown, ..address }),
            };
        }
        Ok(identity.tokens(tokens))
    }
}

impl IdentityProvider for OAuth2 {
    fn authorization_url<'a>(
        &'a self,
        request: AuthorizationRequest<'a>,
    ) -> BoxFuture<'a, Result<String, ProviderError>> {
        let url = authorization_url(&self.authorize, &self.application.client_id, &request, request.scopes, &[]);
        Box::pin(std::future::ready(Ok(url)))
    }

    fn exchange<'a>(&'a self, callback: CodeExchange<'a>) -> BoxFuture<'a, Result<ExternalIdentity, ProviderError>> {
        Box::pin(self.limits.within(callback.limited, async move { self.authenticate(&callback).await }))
    }

    fn refresh<'a>(&'a self, refresh: TokenRefresh<'a>) -> BoxFuture<'a, Result<ProviderTokens, ProviderError>> {
        Box::pin(self.limits.within(refresh.limited, async move {
            self.application.refresh(&self.http, &self.token, self.authentication, &refresh).await
        }))
    }
}

impl fmt::Debug for OAuth2 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OAuth2")
            .field("token", &self.token.as_str())
            .field("client_id", &self.application.client_id)
            .finish_non_exhaustive()
    }
}
