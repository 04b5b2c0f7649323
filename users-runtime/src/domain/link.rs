//! Links in mails that carry a token.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use url::{Position, Url};

use super::{Error, PublicUrl, Result, Setting};

/// The kind of a mailed link that carries a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum LinkKind {
    /// Verifies the address of an account.
    Verify,
    /// Lets the owner of an account choose a new password.
    ResetPassword,
    /// Confirms the new address of an account.
    ConfirmEmail,
    /// Undoes a change of the address.
    UndoEmail,
    /// Logs in.
    MagicLink,
    /// Opens the account of an invited user.
    Invitation,
}

impl LinkKind {
    /// All kinds.
    pub const ALL: [Self; 6] =
        [Self::Verify, Self::ResetPassword, Self::ConfirmEmail, Self::UndoEmail, Self::MagicLink, Self::Invitation];

    /// Returns the last segment of the page's path, unless the application sets another link.
    #[must_use]
    pub const fn page(self) -> &'static str {
        match self {
            Self::Verify => "verify",
            Self::ResetPassword => "reset-password",
            Self::ConfirmEmail => "confirm-email",
            Self::UndoEmail => "undo-email",
            Self::MagicLink => "magic-link",
            Self::Invitation => "accept-invitation",
        }
    }
}

/// The placeholder for the token in a template.
const PLACEHOLDER: &str = "{token}";

/// The unreserved characters of RFC 3986 stay as they are, as they do in every token of this library.
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// A URL with a place for a token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct LinkTemplate {
    before: String,
    after: String,
}

impl LinkTemplate {
    /// Reads a template such as `https://app.example.org/reset?token={token}`. One without a scheme is relative to `site`.
    ///
    /// # Errors
    /// [`Error::Config`] unless it has `{token}` once, in the path, the query or the fragment of a URL that
    /// [`PublicUrl::parse`] would accept without them, or [`PublicUrl::in_private_network`] if `site` is such a URL.
    pub(crate) fn parse(text: &str, site: &PublicUrl) -> Result<Self> {
        if text.chars().any(|c| c.is_control() || c.is_whitespace() || c == '\\') {
            return refuse("a mailed link has a space, a control character or a backslash");
        }
        let parts: Vec<&str> = text.split(PLACEHOLDER).collect();
        let [before, after] = parts[..] else {
            return refuse(format!("a mailed link needs {PLACEHOLDER} once, where the token goes"));
        };
        if [before, after].into_iter().any(|part| part.contains(['{', '}'])) {
            return refuse(format!("a mailed link has braces other than those of {PLACEHOLDER}"));
        }
        let marker = marker_for(text);
        let url = absolute(&format!("{before}{marker}{after}"), site)?;
        if !url.username().is_empty() || url.password().is_some() {
            return refuse("a mailed link has a user name or a password");
        }
        if url[..Position::BeforePath].contains(&marker) {
            return refuse(format!("{PLACEHOLDER} belongs into the path, the query or the fragment of a mailed link"));
        }
        let parse = if site.is_http_in_private_network() { PublicUrl::in_private_network } else { PublicUrl::parse };
        if parse(&url[..Position::BeforePath]).is_err() {
            return refuse(
                "a mailed link must start with https://, or with http:// and a loopback host: tokens are secrets",
            );
        }
        match url.as_str().split(&marker).collect::<Vec<_>>()[..] {
            [before, after] => Ok(Self { before: before.to_owned(), after: after.to_owned() }),
            _ => refuse(format!("{PLACEHOLDER} is removed by a `..` in the path of a mailed link")),
        }
    }

    /// Returns the link with this token, which is percent-encoded.
    pub(crate) fn link(&self, token: &str) -> String {
        format!("{}{}{}", self.before, utf8_percent_encode(token, ESCAPED), self.after)
    }
}

/// Returns a text that stands for the token while the template is read, and that does not occur in it.
fn marker_for(text: &str) -> String {
    let mut marker = "placeholder".to_owned();
    while text.to_ascii_lowercase().contains(&marker) {
        marker.push('x');
    }
    marker
}

/// Returns the URL of a template, in which a marker stands for the token.
fn absolute(text: &str, site: &PublicUrl) -> Result<Url> {
    match Url::parse(text) {
        Ok(url) => Ok(url),
        Err(url::ParseError::RelativeUrlWithoutBase) if text.starts_with("//") => {
            refuse("a mailed link starts with `//`: write https://HOST, or the path of a page")
        }
        Err(url::ParseError::RelativeUrlWithoutBase) => {
            let absolute = format!("{}/{}", site.as_str(), text.trim_start_matches('/'));
            Url::parse(&absolute).or_else(|error| refuse(format!("a mailed link is not a URL ({error})")))
        }
        Err(error) => refuse(format!("a mailed link is not a URL ({error})")),
    }
}

fn refuse<T>(text: impl Into<String>) -> Result<T> {
    Err(Error::setting(Setting::Mail, text.into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn link(template: &str, site: &str, token: &str) -> Result<String> {
        Ok(LinkTemplate::parse(template, &PublicUrl::in_private_network(site)?)?.link(token))
    }

    #[test]
    fn the_token_is_in_the_fragment_the_query_or_the_path() -> Result<()> {
        const SITE: &str = "https://api.example.org/v1/";
        for (template, expected) in [
            ("verify#token={token}", "https://api.example.org/v1/verify#token=a.b-c_d~"),
            ("/verify/{token}", "https://api.example.org/v1/verify/a.b-c_d~"),
            ("?page=verify&token={token}&x=1", "https://api.example.org/v1/?page=verify&token=a.b-c_d~&x=1"),
            (
                "https://app.example.org/password-recovery/confirm?token={token}",
                "https://app.example.org/password-recovery/confirm?token=a.b-c_d~",
            ),
            ("HTTPS://App.Example.org:8443/{token}/done#top", "https://app.example.org:8443/a.b-c_d~/done#top"),
            ("http://localhost:3000/#/verify?token={token}", "http://localhost:3000/#/verify?token=a.b-c_d~"),
            ("https://app.example.org/placeholder/{token}", "https://app.example.org/placeholder/a.b-c_d~"),
            ("https://app.example.org/?a=ä&t={token}", "https://app.example.org/?a=%C3%A4&t=a.b-c_d~"),
        ] {
            assert_eq!(link(template, SITE, "a.b-c_d~")?, expected, "{template}");
        }
        Ok(())
    }

    #[test]
    fn a_token_cannot_leave_its_place() -> Result<()> {
        for template in ["/v#t={token}", "/v?t={token}", "/v/{token}"] {
            let link = link(template, "https://app.example.org", "a&b=c#d e/?\r\n\"<+%é")?;
            assert!(link.ends_with("a%26b%3Dc%23d%20e%2F%3F%0D%0A%22%3C%2B%25%C3%A9"), "{link}");
        }
        Ok(())
    }

    #[test]
    fn templates_that_would_lose_or_leak_the_token_are_refused() {
        for template in [
            "",
            "/verify",
            "/verify#token={Token}",
            "/verify#token={token}&again={token}",
            "/verify?a={b}&token={token}",
            "/{token}/../verify",
            "//evil.example/{token}",
            "/\\evil.example/{token}",
            "https://{token}.example.org/",
            "https://example.org:{token}/",
            "https://{token}@example.org/",
            "https://arthur:hunter2@example.org/{token}",
            "{token}://example.org/",
            "http://app.example.org/{token}",
            "ftp://app.example.org/{token}",
            "javascript:alert('{token}')",
            "mailto:a@b.org?body={token}",
            "https:///{token}",
            "/a b/{token}",
            "/a\r\nBcc:{token}",
        ] {
            let refused = link(template, "https://api.example.org", "t");
            let text = refused.as_ref().map_or_else(ToString::to_string, Clone::clone);
            assert!(matches!(refused, Err(Error::Config(_))), "{template}: {text}");
            assert!(!text.contains("hunter2"), "{text}");
        }
    }

    #[test]
    fn a_link_without_tls_leads_to_loopback_or_stays_in_a_private_network() {
        for (template, site, is_accepted) in [
            ("http://127.0.0.1:3000/{token}", "https://api.example.org", true),
            ("http://192.168.1.10/{token}", "https://api.example.org", false),
            ("http://192.168.1.11/{token}", "http://192.168.1.10", true),
            ("http://app.example.org/{token}", "http://192.168.1.10", false),
        ] {
            assert_eq!(link(template, site, "t").is_ok(), is_accepted, "{template} {site}");
        }
    }
}
