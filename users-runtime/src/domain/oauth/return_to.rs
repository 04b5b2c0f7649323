//! Where a browser goes after a flow.

use url::Url;

use crate::domain::{Error, Origin, PublicUrl, Result, Setting};

/// The pages to which a browser returns after a flow (303), instead of the JSON of fastapi-users.
///
/// After success the browser goes to the first page, after a refusal to the second one, with the code in the query:
/// `?error=OAUTH_USER_ALREADY_EXISTS`. With a cookie backend the session is in the cookie. With a bearer backend the token
/// is in the fragment: `#access_token=…&token_type=bearer`, which browsers send to no server.
///
/// With [`ReturnTo::or_path`] and [`ReturnTo::or_origin`] the client may choose another page when it starts the flow
/// (`GET /authorize?return_to=/settings`). Any other page is refused with 422.
///
/// # Security
/// Prefer a cookie backend: a script on the page can read the fragment, and so can extensions of the browser.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use]
pub struct ReturnTo {
    success: Option<String>,
    failure: Option<String>,
    paths: Vec<String>,
    origins: Vec<Origin>,
}

impl ReturnTo {
    /// Sets the pages after success and after a refusal: absolute URLs as [`PublicUrl`] accepts them, or paths of the
    /// service's own host such as `/welcome`. They may have a query.
    ///
    /// # Errors
    /// [`Error::Config`] for anything else.
    pub fn pages(success: &str, failure: &str) -> Result<Self> {
        Ok(Self { failure: Some(page(failure)?), ..Self::page_after_success(success)? })
    }

    /// Sets the page after success only; a refusal stays JSON.
    ///
    /// # Errors
    /// As for [`ReturnTo::pages`].
    pub fn page_after_success(success: &str) -> Result<Self> {
        Ok(Self { success: Some(page(success)?), failure: None, paths: Vec::new(), origins: Vec::new() })
    }

    /// Sets the page after a refusal only; success stays JSON, unless the client chose a page.
    ///
    /// # Errors
    /// As for [`ReturnTo::pages`].
    pub fn page_after_failure(failure: &str) -> Result<Self> {
        Ok(Self { success: None, failure: Some(page(failure)?), paths: Vec::new(), origins: Vec::new() })
    }

    /// Lets the client choose this path, and no path below it.
    ///
    /// # Errors
    /// [`Error::Config`] unless it starts with one slash and has no backslash, control character or `..`.
    pub fn or_path(mut self, path: &str) -> Result<Self> {
        if !is_plain_path(path) {
            return Err(refused(path));
        }
        self.paths.push(path.to_owned());
        Ok(self)
    }

    /// Lets the client choose any page of this origin, such as `https://app.example.org`.
    ///
    /// # Errors
    /// [`Error::Config`] for a text that [`Origin::parse`] refuses.
    pub fn or_origin(mut self, origin: &str) -> Result<Self> {
        self.origins.push(Origin::parse(origin)?);
        Ok(self)
    }

    /// Returns whether the client may choose this page.
    pub(crate) fn allows(&self, chosen: &str) -> bool {
        if chosen.starts_with('/') {
            let path = chosen.split(['?', '#']).next().unwrap_or_default();
            return is_plain_path(chosen) && self.paths.iter().any(|allowed| allowed == path);
        }
        let is_plain = !chosen.contains(['\\', '@']) && !chosen.chars().any(|c| c.is_control() || c.is_whitespace());
        let Some(url) = Url::parse(chosen).ok().filter(|_| is_plain) else { return false };
        self.origins.iter().any(|allowed| *allowed == Origin::of(&url))
    }

    /// Returns the page after success, if there is one. It may be the one that the client chose.
    pub(crate) fn success<'a>(&'a self, chosen: Option<&'a str>) -> Option<&'a str> {
        chosen.filter(|chosen| self.allows(chosen)).or(self.success.as_deref())
    }

    /// Returns the page after a refusal, if there is one, with the code in its query.
    pub(crate) fn failure(&self, code: &str) -> Option<String> {
        let failure = self.failure.as_deref()?;
        let (page, fragment) = match failure.split_once('#') {
            Some((page, fragment)) => (page, Some(fragment)),
            None => (failure, None),
        };
        let separator = if page.contains('?') { '&' } else { '?' };
        let code: String = url::form_urlencoded::byte_serialize(code.as_bytes()).collect();
        let fragment = fragment.map(|fragment| format!("#{fragment}")).unwrap_or_default();
        Some(format!("{page}{separator}error={code}{fragment}"))
    }
}

/// Returns whether a text is a path of this host, for every browser: `//host` and `/\host` lead elsewhere.
fn is_plain_path(text: &str) -> bool {
    let path = text.split(['?', '#']).next().unwrap_or_default();
    text.starts_with('/')
        && !text.starts_with("//")
        && !text.contains('\\')
        && text.bytes().all(|byte| byte.is_ascii_graphic())
        && !path.split('/').any(|segment| matches!(segment, "." | ".."))
}

/// Checks a page that the application configures.
fn page(text: &str) -> Result<String> {
    if text.starts_with('/') {
        return if is_plain_path(text) { Ok(text.to_owned()) } else { Err(refused(text)) };
    }
    let without_query = text.split(['?', '#']).next().unwrap_or_default();
    PublicUrl::parse(without_query)?;
    Ok(Url::parse(text).map_err(|_| refused(text))?.into())
}

fn refused(text: &str) -> Error {
    Error::setting(
        Setting::OAuth,
        format!("the browser cannot return to {text:?}: write a path such as \"/welcome\", or an https:// URL"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn return_to() -> ReturnTo {
        let pages = ReturnTo::pages("/welcome", "https://app.example.org/login?from=oauth").unwrap();
        pages.or_path("/settings").unwrap().or_origin("https://app.example.org").unwrap()
    }

    #[test]
    fn only_listed_paths_and_origins_can_be_chosen() {
        let allowed = return_to();
        for page in ["/settings", "/settings?tab=1", "/settings#a", "https://app.example.org/any/page?x=1"] {
            assert!(allowed.allows(page), "{page}");
            assert_eq!(allowed.success(Some(page)), Some(page));
        }
        for page in [
            "",
            "/",
            "/settings/",
            "/settings/../admin",
            "/other",
            "//evil.example",
            "///evil.example",
            "/\\evil.example",
            "\\\\evil.example",
            "/settings\\",
            "/settings\n",
            " /settings",
            "https://evil.example",
            "https://app.example.org.evil.example",
            "https://app.example.org@evil.example",
            "https:\\\\app.example.org",
            "http://app.example.org/",
            "https://app.example.org:444/",
            "javascript:alert(1)",
            "data:text/html,x",
            "settings",
        ] {
            assert!(!allowed.allows(page), "{page}");
            assert_eq!(allowed.success(Some(page)), Some("/welcome"), "{page}");
        }
    }

    #[test]
    fn the_code_of_a_refusal_is_in_the_query() {
        let code = "OAUTH_INVALID_STATE";
        let failure = return_to().failure(code);
        assert_eq!(failure.unwrap(), "https://app.example.org/login?from=oauth&error=OAUTH_INVALID_STATE");
        let failure = |page| ReturnTo::page_after_failure(page).unwrap().failure(code).unwrap();
        assert_eq!(failure("/login"), "/login?error=OAUTH_INVALID_STATE");
        assert_eq!(failure("/#/login"), "/?error=OAUTH_INVALID_STATE#/login");
    }

    #[test]
    fn without_a_page_there_is_no_redirect() {
        assert_eq!(ReturnTo::page_after_success("/").unwrap().failure("CODE"), None);
        assert_eq!(ReturnTo::page_after_failure("/").unwrap().success(None), None);
    }

    #[test]
    fn pages_elsewhere_are_refused_at_start() {
        for page in ["//evil.example", "http://app.example.org", "javascript:alert(1)", "welcome", "", "/a b"] {
            assert!(ReturnTo::pages(page, "/").is_err(), "{page}");
            assert!(ReturnTo::pages("/", page).is_err(), "{page}");
        }
        assert!(return_to().or_origin("https://app.example.org/path").is_err());
        assert!(return_to().or_path("//x").is_err());
    }
}
