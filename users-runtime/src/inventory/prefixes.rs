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
pub struct Prefixes(Vec<(RouteGroup, String)>);

impl Prefixes {
    /// Returns the groups of the derived `user_routes`, at the prefixes that front ends of fastapi-users expect.
    pub fn usual() -> Self {
        RouteGroup::OF_USER_ROUTES.into_iter().fold(Self(Vec::new()), Self::with)
    }

    /// Adds a group at its usual prefix.
    pub fn with(self, group: RouteGroup) -> Self {
        self.at(group, group.usual_prefix())
    }

    /// Adds a group at this prefix, or moves it there. In the prefix of [`RouteGroup::Auth`], `{backend}` stands for a
    /// backend's name.
    pub fn at(mut self, group: RouteGroup, prefix: impl Into<String>) -> Self {
        self.0.retain(|(other, _)| *other != group);
        self.0.push((group, prefix.into()));
        self
    }

    /// Removes a group.
    pub fn without(mut self, group: RouteGroup) -> Self {
        self.0.retain(|(other, _)| *other != group);
        self
    }

    /// Returns the full path of a route, if it is mounted.
    #[must_use]
    pub fn path_of(&self, endpoint: &Endpoint, backend: &str) -> Option<String> {
        let (_, prefix) = self.0.iter().find(|(group, _)| *group == endpoint.group())?;
        let prefix = match endpoint.group() {
            RouteGroup::Auth => prefix.replace("{backend}", backend),
            _ => prefix.clone(),
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
