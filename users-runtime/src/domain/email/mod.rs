//! Email addresses: one parser, one normal form that is stored and one canonical form that is compared.

use std::fmt;

mod domain_name;
mod local_part;
mod lookup;
mod policy;
mod typed;

use domain_name::DomainName;
pub(crate) use domain_name::is_visible;
pub(crate) use local_part::{check_dot_atom, is_atom_char};
pub(crate) use policy::{AnyStored, EmailPolicy, OwnOrNew, ReadEmail};

use crate::compat::email as internationalized;

/// The longest address in octets: RFC 5321 section 4.5.3.1.3 with erratum 1690 of RFC 3696.
const MAX_OCTETS: usize = 254;

/// Mailbox names whose case never matters: RFC 2142 sections 3 to 5.
const ROLE_NAMES: [&str; 15] = [
    "info",
    "marketing",
    "sales",
    "support",
    "abuse",
    "noc",
    "security",
    "postmaster",
    "hostmaster",
    "usenet",
    "news",
    "webmaster",
    "www",
    "uucp",
    "ftp",
];

/// Which addresses are accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum EmailRules {
    /// One bare address with an ASCII local part. The domain may be internationalized. This is the default.
    #[default]
    Ascii,
    /// The addresses that fastapi-users accepts: any Unicode local part, and `Name <address>`.
    Internationalized,
}

impl EmailRules {
    /// Returns how many characters of input are examined: by default, an address and some space around it
    /// (docs/contributing/security.md, "Default numbers"); under the other rules, as many as Pydantic examines.
    const fn max_input(self) -> usize {
        match self {
            Self::Ascii => 320,
            Self::Internationalized => 2048,
        }
    }
}

/// A valid address in its normal form: no spaces around it, the domain in lower case and Unicode, all of it in NFC, the
/// case of the local part kept.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct EmailAddress(String);

/// The form of an address that lookups, uniqueness and rate limits compare: the normal form in lower case.
///
/// Lower case means ASCII lower case, as `lower()` does in SQLite and in the unique index.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct CanonicalEmail(String);

/// The reason why a text is not an acceptable address.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct EmailRefused {
    /// A sentence for the person who typed the address, such as `An email address must have an @-sign.` It repeats no
    /// part of the address.
    pub reason: &'static str,
}

pub(crate) fn refuse<T>(reason: &'static str) -> Result<T, EmailRefused> {
    Err(EmailRefused { reason })
}

impl EmailAddress {
    /// Parses an address, checks it and brings it into its normal form.
    ///
    /// # Errors
    /// [`EmailRefused`] with the first rule that the text breaks.
    pub fn parse(text: &str, rules: EmailRules) -> Result<Self, EmailRefused> {
        Self::parse_with(text, rules, &[])
    }

    /// Parses an address as [`EmailAddress::parse`] does, and accepts these domains that are not public.
    fn parse_with(text: &str, rules: EmailRules, internal: &[String]) -> Result<Self, EmailRefused> {
        const TOO_LONG: &str = "The email address is too long.";
        if text.chars().count() > rules.max_input() {
            return refuse(TOO_LONG);
        }
        // Before spaces are removed, since line ends are spaces.
        if text.contains(['\r', '\n']) {
            return refuse("Carriage return and line feed characters are not allowed");
        }
        let bare = match rules {
            EmailRules::Ascii => typed::meant(text),
            // As fastapi-users does.
            EmailRules::Internationalized => internationalized::without_display_name(text).trim().into(),
        };
        let Some((local, domain)) = bare.split_once('@') else {
            return refuse("An email address must have an @-sign.");
        };
        if local.is_empty() {
            return refuse("There must be something before the @-sign.");
        }
        if domain.is_empty() {
            return refuse("There must be something after the @-sign.");
        }
        let mut local = match rules {
            EmailRules::Ascii => local_part::check(local).map(|()| local.to_owned()),
            EmailRules::Internationalized => internationalized::local_part(local),
        }?;
        if ROLE_NAMES.iter().any(|name| name.eq_ignore_ascii_case(&local)) {
            local.make_ascii_lowercase();
        }
        let domain = DomainName::parse(domain, internal)?;
        let normal = format!("{local}@{}", domain.unicode);
        let in_smtp = local.len() + 1 + domain.ascii.len();
        if bare.len().max(normal.len()).max(in_smtp) > MAX_OCTETS {
            return refuse(TOO_LONG);
        }
        Ok(Self(normal))
    }

    /// Wraps an address that is already stored. The current rules may reject it.
    ///
    /// Returns `None` if a mail header or an SMTP envelope could read the text as anything but one mailbox: if it contains
    /// a control character, space, comma, bracket or quotation mark, or has no `@` between two parts.
    pub(crate) fn stored(text: &str) -> Option<Self> {
        let one_mailbox = text.rsplit_once('@').is_some_and(|(local, domain)| !local.is_empty() && !domain.is_empty())
            && !text.contains(|c: char| c.is_control() || c.is_whitespace() || ",;:<>()[]\\\"".contains(c));
        one_mailbox.then(|| Self(text.to_owned()))
    }

    /// Returns the normal form, which is stored and shown.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns the form to compare.
    #[must_use]
    pub fn canonical(&self) -> CanonicalEmail {
        CanonicalEmail::of(&self.0)
    }
}

impl CanonicalEmail {
    /// Returns the canonical form of any text: of a stored address, or of the user name of a login, which is looked up as
    /// typed and need not be a valid address.
    #[must_use]
    pub fn of(text: &str) -> Self {
        Self(text.to_ascii_lowercase())
    }

    /// Returns the text to compare.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns whether a stored address can have this form: it is not empty, fits the column and has no control
    /// character. No user has any other name, so no query is needed; PostgreSQL would fail on a NUL.
    #[must_use]
    pub fn may_be_stored(&self) -> bool {
        /// The length of the column in the tables of fastapi-users, `VARCHAR(320)`.
        const MAX_CHARS: usize = 320;
        !self.0.is_empty() && self.0.chars().count() <= MAX_CHARS && !self.0.contains(char::is_control)
    }
}

impl fmt::Display for EmailAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    /// The verdicts of email-validator 2.3.0 under Pydantic 2.14.3, written by `tests/data/email_corpus.py`.
    const CORPUS: &str = include_str!("../../../tests/data/email_corpus.jsonl");

    /// An address and its normal form under either rules, if it is accepted.
    #[derive(Deserialize)]
    struct Case {
        input: String,
        internationalized: Option<String>,
        ascii: Option<String>,
    }

    /// Texts that fastapi-users refuses and the default rules accept, with the address that is meant.
    const MEANT: [(&str, &str); 5] = [
        ("a\u{ff20}camelot.bt", "a@camelot.bt"),
        ("a\u{fe6b}camelot.bt", "a@camelot.bt"),
        ("a@camelot.bt.", "a@camelot.bt"),
        ("\u{200d}a@camelot.bt", "a@camelot.bt"),
        ("\u{2064}a@camelot.bt", "a@camelot.bt"),
    ];

    #[test]
    fn addresses_are_accepted_normalized_and_refused_as_by_fastapi_users() {
        let mut wrong = Vec::new();
        for line in CORPUS.lines() {
            let case: Case = serde_json::from_str(line).unwrap();
            let meant = MEANT.iter().find(|(input, _)| *input == case.input).map(|(_, meant)| (*meant).to_owned());
            for (rules, expected) in
                [(EmailRules::Internationalized, case.internationalized), (EmailRules::Ascii, meant.or(case.ascii))]
            {
                let actual = EmailAddress::parse(&case.input, rules).ok().map(|address| address.0);
                if actual != expected {
                    wrong.push(format!("{:?} ({rules:?})\n  is {actual:?}\n  not {expected:?}", case.input));
                }
            }
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    }

    #[test]
    fn common_mistakes_are_explained() {
        for (address, reason) in [
            ("arthur", "An email address must have an @-sign."),
            ("@camelot.bt", "There must be something before the @-sign."),
            ("arthur@", "There must be something after the @-sign."),
            ("king arthur@camelot.bt", "The email address contains invalid characters before the @-sign."),
            ("arthur@camelot", "The part after the @-sign is not valid. It should have a period."),
        ] {
            for rules in [EmailRules::Ascii, EmailRules::Internationalized] {
                assert_eq!(EmailAddress::parse(address, rules), refuse(reason));
            }
        }
    }

    fn refused(text: &str) -> bool {
        EmailAddress::parse(text, EmailRules::default()).is_err()
    }

    /// The default rules that docs/contributing/security.md lists.
    #[test]
    fn rules() {
        let domain = |labels: usize, rest: usize| format!("{}{}.bt", "b1234567.".repeat(labels), "c".repeat(rest));
        let longest = format!("{}@{}", "a".repeat(64), domain(20, 6));
        assert_eq!(longest.len(), 254);
        for address in
            [longest.as_str(), "a@b.co", "a+b.c_d@b-c.co.uk", "a@bücher.com", "a@xn--bcher-kva.com", " a@b.co "]
        {
            assert!(!refused(address), "{address}");
        }
        let too_long = format!("{}@{}", "a".repeat(64), domain(20, 7));
        let long_local_part = format!("{}@b.co", "a".repeat(65));
        let long_label = format!("a@{}.co", "b".repeat(64));
        // Fewer than 254 characters, but more than 254 bytes in Punycode.
        let long_in_ascii = format!("a@{}co", "ü1.".repeat(30));
        for address in [
            too_long.as_str(),
            &long_local_part,
            &long_label,
            &long_in_ascii,
            "é@b.co",
            "a b@b.co",
            "\"a b\"@b.co",
            "A <a@b.co>",
            "<a@b.co>",
            "a@b.co, c@d.co",
            "a@b.co c@d.co",
            "a@b@c.co",
            "a@b",
            "a@[127.0.0.1]",
            "a@127.0.0.1",
            "a@x.test",
            "a@b.co\0",
            "a\u{7f}@b.co",
            "a\u{202e}@b.co",
            "",
        ] {
            assert!(refused(address), "{address:?}");
        }
    }

    #[test]
    fn header_injection_refused() {
        for separator in ["\r\n", "\n", "\r", "\0", "\u{b}", "\u{85}", "\u{2028}", ",", ";", " ", "%0a,", "\\r\\n"] {
            for address in [
                format!("a@b.co{separator}Bcc: x@y.zz"),
                format!("a{separator}Bcc: x@y.zz"),
                format!("a@b.co{separator}c@d.co"),
                format!("a@b{separator}.co>,<c@d.co"),
            ] {
                for rules in [EmailRules::Ascii, EmailRules::Internationalized] {
                    assert!(EmailAddress::parse(&address, rules).is_err(), "{address:?}");
                }
            }
        }
    }

    /// Every spelling of an address, at registration and at login, is compared as the same text.
    #[test]
    fn one_canonical_form_everywhere() {
        for (spellings, canonical) in [
            (["King@Camelot.BT", "king@camelot.bt", " KING@CAMELOT.bt "], "king@camelot.bt"),
            (["a@BÜCHER.de", "A@bu\u{308}cher.DE", "a@xn--bcher-kva.de"], "a@bücher.de"),
            (["a@ｃａｍｅｌｏｔ.bt", "a@camelot。bt", "A@Camelot.bt"], "a@camelot.bt"),
        ] {
            for spelling in spellings {
                let address = EmailAddress::parse(spelling, EmailRules::Ascii).unwrap();
                assert_eq!(address.canonical().as_str(), canonical, "{spelling}");
                assert_eq!(CanonicalEmail::of(address.as_str()), address.canonical());
                assert_eq!(CanonicalEmail::of(&address.as_str().to_ascii_uppercase()), address.canonical());
            }
        }
    }

    #[test]
    fn a_user_name_that_cannot_be_stored_is_recognized() {
        assert!(CanonicalEmail::of("king@camelot.bt").may_be_stored());
        assert!(CanonicalEmail::of("é".repeat(320).as_str()).may_be_stored());
        for text in ["", "a\0@camelot.bt", "a\n", "\u{85}", "x".repeat(321).as_str()] {
            assert!(!CanonicalEmail::of(text).may_be_stored(), "{text:?}");
        }
    }
}
