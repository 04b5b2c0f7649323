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

    /// Whether a stored address can have this form: up to 320 octets (64 + `@` + 255, the most that RFC 3696 reads out
    /// of the standards), none of them a control character. A login with any other user name is one of an unknown
    /// user; the database need not be asked, and PostgreSQL would refuse a NUL with an error.
    #[must_use]
    pub fn may_be_stored(&self) -> bool {
        const MOST: usize = 320;
        !self.0.is_empty() && self.0.len() <= MOST && !self.0.chars().any(char::is_control)
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
}
