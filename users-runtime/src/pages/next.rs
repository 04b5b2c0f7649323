//! The page to which a login leads.

/// The pages of this library to which a login may lead back.
pub(super) const OWN_PAGES: [&str; 7] =
    ["profile", "change-password", "change-email", "sessions", "two-factor", "passkeys", "linked-accounts"];

/// Returns the page to which a login may lead: one of [`OWN_PAGES`], or a path of this origin. `None` for every other text,
/// such as a URL of another site (open redirect, OWASP ASVS 3.7.3).
pub(super) fn same_origin(next: &str) -> Option<&str> {
    if OWN_PAGES.contains(&next) {
        return Some(next);
    }
    // Browsers treat `\` as `/`, drop tabs and line ends, and read `//host` as another site. Only visible ASCII is accepted.
    let is_path = next.starts_with('/') && !next.starts_with("//") && next.bytes().all(|c| c.is_ascii_graphic());
    (is_path && !next.contains('\\') && next.len() <= 2_000).then_some(next)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_paths_of_this_origin_and_own_pages_are_accepted() {
        for next in ["/", "/orders?page=2#top", "/a//b", "/%2f%2fevil.example", "profile", "sessions"] {
            assert_eq!(same_origin(next), Some(next));
        }
        let long = format!("/{}", "a".repeat(2_000));
        for next in [
            "",
            "evil.example",
            "//evil.example",
            "///evil.example",
            "/\\evil.example",
            "\\\\evil.example",
            "/\t/evil.example",
            "\t//evil.example",
            " //evil.example",
            "/\n/evil.example",
            "/\r\nlocation: //evil.example",
            "https://evil.example",
            "https:evil.example",
            "javascript:alert(1)",
            "data:text/html,x",
            "@evil.example",
            "../../x",
            "profile/..//evil.example",
            "/é",
            &long,
        ] {
            assert_eq!(same_origin(next), None, "{next:?}");
        }
    }

    /// The rules of browsers, as implemented by the crate `url`.
    #[test]
    fn an_accepted_path_stays_on_its_origin() {
        let base = url::Url::parse("https://camelot.bt/account/log-in").unwrap();
        for first in ["/", "//", "/\\", "\\", "/.", "/..", "/@", "/;", "/?", "/#", "/:", "/%09/", "/%5c"] {
            for rest in ["evil.example", "/evil.example", "\\evil.example", "@evil.example", "..//evil.example"] {
                let next = format!("{first}{rest}");
                if let Some(next) = same_origin(&next) {
                    assert_eq!(base.join(next).unwrap().origin(), base.origin(), "{next}");
                }
            }
        }
    }
}
