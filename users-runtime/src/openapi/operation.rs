//! One operation of the document, for functions that name and group operations.

use http::Method;

use crate::http::{Endpoint, RouteGroup};

/// An operation of the [`Document`](super::Document), for a function that chooses its id or its tags.
#[derive(Debug, Clone)]
pub struct DocumentedOperation {
    pub(super) endpoint: &'static Endpoint,
    pub(super) name: String,
    pub(super) path: String,
}

impl DocumentedOperation {
    /// Returns the route name of fastapi-users, such as `auth:jwt.login`, `users:patch_current_user` or
    /// `oauth:github.jwt.authorize`.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns the method.
    #[must_use]
    pub fn method(&self) -> &Method {
        self.endpoint.method()
    }

    /// Returns the path in the document, such as `/users/{id}`.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }

    /// Returns the group of routes that it is mounted with.
    #[must_use]
    pub fn group(&self) -> RouteGroup {
        self.endpoint.group()
    }

    /// Returns the id that FastAPI builds: the route name, the path and the method, with `_` for every character other than
    /// letters, digits and `_`, such as `auth_jwt_login_auth_jwt_login_post`. It is the default.
    #[must_use]
    pub fn long_id(&self) -> String {
        let word = |c: char| if c.is_alphanumeric() || c == '_' { c } else { '_' };
        let words: String = format!("{}{}", self.name, self.path).chars().map(word).collect();
        format!("{words}_{}", self.method().as_str().to_ascii_lowercase())
    }

    /// Returns the route name in camel case, such as `authJwtLogin`, `usersPatchCurrentUser` or `oauthGithubJwtAuthorize`.
    /// A route name is unique unless a group of routes is mounted twice.
    #[must_use]
    pub fn camel_case(&self) -> String {
        let mut id = String::with_capacity(self.name.len());
        for (index, word) in self.name.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).enumerate()
        {
            let mut letters = word.chars();
            if index > 0 {
                id.extend(letters.next().into_iter().flat_map(char::to_uppercase));
            }
            id.extend(letters);
        }
        id
    }

    /// Returns the default tag, as in the documentation of fastapi-users: `users` or `auth`.
    #[must_use]
    pub fn usual_tag(&self) -> &'static str {
        match self.group() {
            RouteGroup::Users | RouteGroup::AccountStatus => "users",
            _ => "auth",
        }
    }
}
