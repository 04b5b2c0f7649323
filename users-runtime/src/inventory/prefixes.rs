//! The prefixes of the groups of routes.

use crate::http::{Endpoint, RouteGroup};

/// The prefixes at which an application mounts the groups of routes, for the OpenAPI document.
///
/// ```
/// use users_runtime::routes::{Prefixes, RouteGroup};
///
/// let prefixes = Prefixes::usual()
///     .at(RouteGroup::Auth, "/api/login/{backend}")
///     .at(RouteGroup::Users, "/api/accounts")
///     .with(RouteGroup::Sessions)
///     .without(RouteGroup::Register);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use]
pub struct Prefixes {
    groups: Vec<(RouteGroup, String)>,
    providers: Vec<ProviderRoutes>,
}

/// The routes of one OAuth provider.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(not(feature = "openapi"), allow(dead_code, reason = "read by the OpenAPI document only"))]
pub(crate) struct ProviderRoutes {
    pub(crate) group: RouteGroup,
    pub(crate) provider: String,
    /// The backend of a login; empty for associations.
    pub(crate) backend: String,
    prefix: String,
}

impl ProviderRoutes {
    /// Returns the full path of a route.
    #[cfg_attr(not(feature = "openapi"), allow(dead_code, reason = "read by the OpenAPI document only"))]
    pub(crate) fn path_of(&self, endpoint: &Endpoint) -> String {
        format!("{}{}", self.prefix.trim_end_matches('/'), endpoint.path())
    }
}

impl Prefixes {
    /// Returns the groups of the derived `user_routes`, at the prefixes that front ends of fastapi-users expect.
    pub fn usual() -> Self {
        RouteGroup::OF_USER_ROUTES.into_iter().fold(Self { groups: Vec::new(), providers: Vec::new() }, Self::with)
    }

    /// Adds the groups of [`passkey_routes`](crate::passkeys::passkey_routes), nested under `/auth`.
    #[cfg(feature = "passkeys")]
    pub fn passkeys(self) -> Self {
        RouteGroup::OF_PASSKEYS.into_iter().fold(self, Self::with)
    }

    /// Adds a group at its usual prefix.
    pub fn with(self, group: RouteGroup) -> Self {
        self.at(group, group.usual_prefix())
    }

    /// Adds a group at this prefix, or moves it there. In the prefix of [`RouteGroup::Auth`], `{backend}` stands for a
    /// backend's name.
    pub fn at(mut self, group: RouteGroup, prefix: impl Into<String>) -> Self {
        self.groups.retain(|(other, _)| *other != group);
        self.groups.push((group, prefix.into()));
        self
    }

    /// Adds the logins with an OAuth provider at a backend, at `/auth/{provider}`.
    pub fn oauth(self, provider: &str, backend: &str) -> Self {
        self.oauth_at(provider, backend, RouteGroup::OAuth.usual_prefix().replace("{provider}", provider))
    }

    /// Adds the logins with an OAuth provider at a backend, at this prefix.
    pub fn oauth_at(mut self, provider: &str, backend: &str, prefix: impl Into<String>) -> Self {
        self.providers.push(ProviderRoutes {
            group: RouteGroup::OAuth,
            provider: provider.to_owned(),
            backend: backend.to_owned(),
            prefix: prefix.into(),
        });
        self
    }

    /// Adds the logins with an ID token of an OAuth provider at a backend, at `/auth/{provider}`.
    pub fn oauth_id_tokens(self, provider: &str, backend: &str) -> Self {
        self.oauth_id_tokens_at(
            provider,
            backend,
            RouteGroup::OAuthIdTokens.usual_prefix().replace("{provider}", provider),
        )
    }

    /// Adds the logins with an ID token of an OAuth provider at a backend, at this prefix.
    pub fn oauth_id_tokens_at(mut self, provider: &str, backend: &str, prefix: impl Into<String>) -> Self {
        self.providers.push(ProviderRoutes {
            group: RouteGroup::OAuthIdTokens,
            provider: provider.to_owned(),
            backend: backend.to_owned(),
            prefix: prefix.into(),
        });
        self
    }

    /// Adds the routes that associate an account at an OAuth provider, at `/auth/associate/{provider}`.
    pub fn oauth_associate(self, provider: &str) -> Self {
        let prefix = RouteGroup::OAuthAssociate.usual_prefix().replace("{provider}", provider);
        self.oauth_associate_at(provider, prefix)
    }

    /// Adds the routes that associate an account at an OAuth provider, at this prefix.
    pub fn oauth_associate_at(mut self, provider: &str, prefix: impl Into<String>) -> Self {
        self.providers.push(ProviderRoutes {
            group: RouteGroup::OAuthAssociate,
            provider: provider.to_owned(),
            backend: String::new(),
            prefix: prefix.into(),
        });
        self
    }

    #[cfg(feature = "openapi")]
    pub(crate) fn providers(&self) -> &[ProviderRoutes] {
        &self.providers
    }

    /// Removes a group.
    pub fn without(mut self, group: RouteGroup) -> Self {
        self.groups.retain(|(other, _)| *other != group);
        self.providers.retain(|routes| routes.group != group);
        self
    }

    /// Returns the full path of a route, if it is mounted.
    #[must_use]
    pub fn path_of(&self, endpoint: &Endpoint, backend: &str) -> Option<String> {
        let (_, prefix) = self.groups.iter().find(|(group, _)| *group == endpoint.group())?;
        let prefix = match endpoint.group().is_of_each_backend() {
            true => prefix.replace("{backend}", backend),
            false => prefix.clone(),
        };
        Some(format!("{}{}", prefix.trim_end_matches('/'), endpoint.path()))
    }
}

impl Default for Prefixes {
    fn default() -> Self {
        Self::usual()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inventory::endpoints;

    fn path(prefixes: &Prefixes, name: &str, backend: &str) -> Option<String> {
        prefixes.path_of(endpoints().find(|endpoint| endpoint.name() == name)?, backend)
    }

    #[test]
    fn a_group_has_its_last_prefix_or_none() {
        let prefixes = Prefixes::usual();
        assert_eq!(path(&prefixes, "auth:{backend}.login", "jwt").as_deref(), Some("/auth/jwt/login"));
        assert_eq!(path(&prefixes, "users:user", "").as_deref(), Some("/users/{id}"));
        let prefixes = prefixes.at(RouteGroup::Users, "/a").at(RouteGroup::Users, "/b/").without(RouteGroup::Auth);
        assert_eq!(path(&prefixes, "users:current_user", "").as_deref(), Some("/b/me"));
        assert_eq!(path(&prefixes, "auth:{backend}.login", "jwt"), None);
        assert_eq!(path(&prefixes, "sessions:list", ""), None);
        let prefixes = prefixes.with(RouteGroup::Sessions);
        assert_eq!(path(&prefixes, "sessions:end_others", "").as_deref(), Some("/auth/sessions"));
        assert_eq!(path(&prefixes, "sessions:end", "").as_deref(), Some("/auth/sessions/{id}"));
    }
}
