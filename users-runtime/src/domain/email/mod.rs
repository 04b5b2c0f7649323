//! E-mail addresses: one parser, one normal form that is stored, one canonical form that is compared.

use std::fmt;

mod domain_name;
mod syntax;
mod unicode;

/// Which addresses are accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum EmailRules {
    /// One bare address with an ASCII local part; the domain may be internationalised (the default).
    #[default]
    Ascii,
    /// What fastapi-users accepts: any Unicode local part, and `Name <address>`.
    Internationalized,
}

/// A checked address in its normal form: spaces around it removed, domain lower-cased and in Unicode, whole address
/// in NFC, the local part's case kept (contract.md 4.3).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct EmailAddress(String);

/// The one form that look-ups, uniqueness and limits compare: the normal form in lower case.
///
/// Lower case means ASCII lower case, which is what `lower()` means in SQLite and what the unique index holds.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct CanonicalEmail(String);

/// Why a text is not an acceptable address, in the words of the wire (contract.md section 5).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EmailRefused {
    /// The reason, such as `An email address must have an @-sign.`
    pub reason: String,
}

impl EmailAddress {
    /// Parses, checks and normalises an address.
    ///
    /// # Errors
    /// [`EmailRefused`] with the reason that fastapi-users would give.
    pub fn parse(text: &str, rules: EmailRules) -> Result<Self, EmailRefused> {
        syntax::parse(text, rules).map(Self)
    }

    /// Takes over an address that is already stored, such as one that the rules of today would refuse.
    ///
    /// `None` if it could be more or other than one mailbox where it ends up, a mail's header or envelope: with a control
    /// character, space, comma, bracket or quotation mark in it, or no `@` between two parts.
    pub(crate) fn stored(text: &str) -> Option<Self> {
        let one_mailbox = text.rsplit_once('@').is_some_and(|(local, domain)| !local.is_empty() && !domain.is_empty())
            && !text.contains(|c: char| c.is_control() || c.is_whitespace() || ",;:<>()[]\\\"".contains(c));
        one_mailbox.then(|| Self(text.to_owned()))
    }

    /// The normal form, as stored and shown.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The form to compare.
    #[must_use]
    pub fn canonical(&self) -> CanonicalEmail {
        CanonicalEmail::of(&self.0)
    }
}

impl CanonicalEmail {
    /// The canonical form of any text: of a stored address, or of a login's user name, which is looked up as typed
    /// (contract.md 4.3) and need not be a valid address.
    #[must_use]
    pub fn of(text: &str) -> Self {
        Self(text.to_ascii_lowercase())
    }

    /// The text to compare.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether a stored address can have this form: not more characters than the column holds, and no control character.
    /// A login with any other user name is one of an unknown user; the database need not be asked, and PostgreSQL would
    /// refuse a NUL with an error.
    #[must_use]
    pub fn may_be_stored(&self) -> bool {
        /// The column's length in fastapi-users' tables, `VARCHAR(320)`.
        const MOST: usize = 320;
        !self.0.is_empty() && self.0.chars().count() <= MOST && !self.0.contains(char::is_control)
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

    /// What email-validator 2.3.0 under Pydantic 2.14.3 says; `tests/data/email_corpus.py` makes it.
    const CORPUS: &str = include_str!("../../../tests/data/email_corpus.jsonl");

    #[derive(Deserialize)]
    struct Case {
        input: String,
        internationalized: Verdict,
        ascii: Verdict,
    }

    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(rename_all = "lowercase")]
    enum Verdict {
        Normal(String),
        Reason(String),
    }

    impl Verdict {
        fn of(text: &str, rules: EmailRules) -> Self {
            match EmailAddress::parse(text, rules) {
                Ok(address) => Self::Normal(address.0),
                Err(refused) => Self::Reason(refused.reason),
            }
        }

        /// Without the details that Python's idna package adds in brackets.
        fn comparable(self) -> Self {
            match self {
                Self::Reason(reason) if reason.starts_with("The part after the @-sign") => {
                    let end = reason.find([':', '(']).unwrap_or(reason.len());
                    Self::Reason(reason[..end].trim_end_matches(['.', ' ']).to_owned())
                }
                other => other,
            }
        }
    }

    #[test]
    fn addresses_are_accepted_normalised_and_refused_as_by_fastapi_users() {
        let mut wrong = Vec::new();
        for line in CORPUS.lines() {
            let case: Case = serde_json::from_str(line).unwrap();
            for (rules, expected) in
                [(EmailRules::Internationalized, case.internationalized), (EmailRules::Ascii, case.ascii)]
            {
                let (actual, expected) = (Verdict::of(&case.input, rules).comparable(), expected.comparable());
                if actual != expected {
                    wrong.push(format!("{:?} ({rules:?})\n  is {actual:?}\n  not {expected:?}", case.input));
                }
            }
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    }

    fn refused(text: &str) -> bool {
        EmailAddress::parse(text, EmailRules::default()).is_err()
    }

    /// What docs/contributing/security.md promises about addresses by default.
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
        // 80 characters, and more than 254 bytes as it travels.
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

    /// However an address is spelled, at registration or at login, one text is compared.
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
    fn a_user_name_that_no_stored_address_has_needs_no_database() {
        assert!(CanonicalEmail::of("king@camelot.bt").may_be_stored());
        assert!(CanonicalEmail::of("é".repeat(320).as_str()).may_be_stored());
        for text in ["", "a\0@camelot.bt", "a\n", "\u{85}", "x".repeat(321).as_str()] {
            assert!(!CanonicalEmail::of(text).may_be_stored(), "{text:?}");
        }
    }
}
