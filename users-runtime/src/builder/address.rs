//! Where clients reach the service, from which pages, and through which proxies.

use super::UsersBuilder;
use crate::{
    domain::{Error, Origin, PublicUrl, TrustedOrigins, TrustedProxies},
    user::AuthUser,
};

impl<U: AuthUser> UsersBuilder<U> {
    /// Sets the URL at which users reach the service, such as `https://app.example.org`. Cookie backends need its
    /// origin for browsers released before 2023, and for a front end that another server serves at that URL.
    ///
    /// Building the service fails if [`PublicUrl::parse`] rejects the text. For a private network without TLS pass a
    /// [`PublicUrl::in_private_network`].
    pub fn public_url<P>(mut self, url: P) -> Self
    where
        P: TryInto<PublicUrl>,
        Error: From<P::Error>,
    {
        self.public_url = Some(url.try_into().map_err(Error::from));
        self
    }

    /// Sets the path under which clients reach the routes, such as `/api/v1`. Set it if the application nests the
    /// routes (`Router::new().nest("/api/v1", …)`) or if a proxy removes the prefix. Default: none.
    ///
    /// The paths of the OpenAPI document start with it, and it is the default path of cookies, whose name then has the prefix
    /// `__Secure-`. The browser does not send the session cookie to paths outside of it; `Cookie::path("/")` makes the cookie
    /// valid for the whole host again. Links in mails start with the public URL of the [`Mailer`](crate::Mailer), which may have
    /// a path as well.
    ///
    /// Building the service fails unless it consists of letters, digits and `-._~` between slashes.
    pub fn base_path(mut self, path: impl Into<String>) -> Self {
        self.base_path = path.into();
        self
    }

    /// Adds other origins whose pages may log in and send state-changing requests with a cookie: a front end on another
    /// host ([`TrustedOrigins::new`]), applications in web views ([`TrustedOrigins::web_views`]), or those that a function
    /// accepts, for which [`UsersBuilder::trusted_origins_if`] is shorter.
    pub fn trusted_origins(mut self, origins: impl Into<TrustedOrigins>) -> Self {
        self.trusted_origins = self.trusted_origins.and(origins);
        self
    }

    /// Adds the origins for which `decide` returns `true`: `.trusted_origins_if(|origin| origin.host() == …)`.
    ///
    /// # Security
    /// As for [`TrustedOrigins::deciding`].
    pub fn trusted_origins_if(self, decide: impl Fn(&Origin) -> bool + Send + Sync + 'static) -> Self {
        self.trusted_origins(TrustedOrigins::deciding(decide))
    }

    /// Sets the reverse proxies in front of the service, from whose headers the address of the client is read. Default:
    /// [`TrustedProxies::none`], the client is the peer of the connection, and headers are not read.
    ///
    /// Behind a proxy that is not declared, all clients appear under its address and share the limits per address; a WARN
    /// event `proxy_undeclared` reports this once. If the address of the peer is not available (the application serves
    /// without `into_make_service_with_connect_info`), limits per address do not apply, and the event is `client_unknown`.
    pub fn trusted_proxies(mut self, proxies: TrustedProxies) -> Self {
        self.trusted_proxies = proxies;
        self
    }
}
