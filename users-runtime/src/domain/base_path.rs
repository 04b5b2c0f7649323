//! The path under which clients reach the routes.

use super::{Error, Result, Setting};

/// The part of every URL before the paths of the routes: empty, or `/api/v1`. It never ends with a slash.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct BasePath(String);

impl BasePath {
    /// Parses a path. A slash at the end is ignored.
    ///
    /// # Errors
    /// [`Error::Config`] unless it is empty or starts with a slash and consists of segments of letters, digits and `-._~`.
    pub(crate) fn parse(text: &str) -> Result<Self> {
        let path = text.trim_end_matches('/');
        let fits = |c: char| c.is_ascii_alphanumeric() || "-._~".contains(c);
        let is_segment = |part: &str| !part.is_empty() && part.chars().all(fits) && part.chars().any(|c| c != '.');
        let is_path = path.is_empty() || path.strip_prefix('/').is_some_and(|rest| rest.split('/').all(is_segment));
        if !is_path {
            return Err(Error::setting(
                Setting::Url,
                format!(
                    "the base path {text:?} is not a path such as \"/api/v1\" (letters, digits and -._~ between slashes)"
                ),
            ));
        }
        Ok(Self(path.to_owned()))
    }

    /// Returns the path without a slash at its end; empty for none.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns the path of a page under this path.
    pub(crate) fn join(&self, path: &str) -> String {
        format!("{}{path}", self.0)
    }

    /// Returns the path of a request with this path prepended, unless it is still there: a proxy may have removed it.
    pub(crate) fn restored(&self, path: &str) -> String {
        let has_it = path.strip_prefix(&self.0).is_some_and(|rest| rest.starts_with('/'));
        if has_it { path.to_owned() } else { self.join(path) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_base_path_is_empty_or_consists_of_plain_segments() {
        for (text, path) in [("", ""), ("/", ""), ("/api", "/api"), ("/api/v1/", "/api/v1"), ("/~a-b._c", "/~a-b._c")] {
            assert_eq!(BasePath::parse(text).unwrap().as_str(), path);
        }
        for text in
            ["api", "//api", "/api//v1", "/a b", "/{id}", "/a?b", "/a#b", "/a;b", "/..", "/a/./b", "https://x", "/ä"]
        {
            assert!(matches!(BasePath::parse(text), Err(Error::Config(_))), "{text}");
        }
    }

    #[test]
    fn a_base_path_that_a_proxy_removed_is_restored() {
        let base = BasePath::parse("/api").unwrap();
        for (path, restored) in
            [("/users/me", "/api/users/me"), ("/api/users/me", "/api/users/me"), ("/apis/x", "/api/apis/x")]
        {
            assert_eq!(base.restored(path), restored);
        }
        assert_eq!(BasePath::default().restored("/users/me"), "/users/me");
    }
}
