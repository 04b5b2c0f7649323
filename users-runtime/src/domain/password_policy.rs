//! The rules for new passwords. They do not apply to a login.

use zeroize::Zeroizing;

use super::Password;

/// One lower-case password per line, sorted by bytes. A file beside it names the origin and the license.
const COMMON: &str = include_str!("common_passwords.txt");

/// The rules that every new password must meet.
///
/// Lengths are counted in Unicode code points. There are no composition rules ("one digit, one capital"), because they
/// make passwords worse (OWASP ASVS 6.2.5, NIST SP 800-63B-4 section 3.1.1.2). Passwords are neither trimmed nor
/// normalized.
///
/// ```
/// use users_runtime::{Password, PasswordPolicy};
///
/// let policy = PasswordPolicy::recommended().context_words(["camelot"]);
/// assert!(policy.check(&Password::new("the lady of the lake"), "arthur@example.com").is_ok());
/// for weak in ["merlin", "excalibur", "Camelot2026!", "arthur-1234"] {
///     assert!(policy.check(&Password::new(weak), "arthur@example.com").is_err());
/// }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use]
pub struct PasswordPolicy {
    min: usize,
    max: usize,
    common_list: bool,
    own_words: bool,
    context: Vec<String>,
}

/// The reason why a password is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct PasswordRefused {
    /// A message for the user. It repeats no part of the password.
    pub reason: String,
}

impl PasswordPolicy {
    /// The longest password in bytes under any policy. Longer ones are refused before hashing.
    pub const MAX_BYTES: usize = 1024;
    /// The default maximum length in code points; [`max_length`](Self::max_length) changes it.
    pub const MAX_LENGTH: usize = 256;
    /// The lowest maximum that may be set, so that password managers and passphrases work (OWASP ASVS 6.2.9).
    pub const LOWEST_MAX_LENGTH: usize = 64;

    /// Returns the default policy: 8 to 256 code points (OWASP ASVS 6.2.1, 6.2.9), none of about 8,000 common passwords
    /// (6.2.4), not the email address of the account and none of the context words (6.2.11).
    pub fn recommended() -> Self {
        Self { min: 8, max: Self::MAX_LENGTH, common_list: true, own_words: true, context: Vec::new() }
    }

    /// Returns [`recommended`](Self::recommended) with a minimum of 15 code points, which NIST SP 800-63B-4 section
    /// 3.1.1.2 requires if the password is the only factor.
    ///
    /// # Security
    /// Lists of common passwords have few of that length: about 50 entries of the built-in list can still match.
    pub fn nist() -> Self {
        Self::recommended().min_length(15)
    }

    /// Returns a policy without rules except [`MAX_BYTES`](Self::MAX_BYTES), as in fastapi-users. Even the empty password
    /// is accepted.
    ///
    /// # Security
    /// Use it only to migrate an existing service that has its own `validate_password`.
    pub fn none() -> Self {
        Self { min: 0, max: Self::MAX_BYTES, common_list: false, own_words: false, context: Vec::new() }
    }

    /// Sets the minimum length in code points. A value above 256 is treated as 256, which always fits in
    /// [`MAX_BYTES`](Self::MAX_BYTES). A maximum below the minimum is raised to it.
    pub fn min_length(mut self, code_points: usize) -> Self {
        self.min = code_points.min(Self::MAX_LENGTH);
        self.max = self.max.max(self.min);
        self
    }

    /// Sets the maximum length in code points, clamped to between 64 (or the minimum length, if greater) and 1,024.
    pub fn max_length(mut self, code_points: usize) -> Self {
        self.max = code_points.clamp(Self::LOWEST_MAX_LENGTH.max(self.min), Self::MAX_BYTES);
        self
    }

    /// Adds words that an attacker would try first: names of the organization, its products and its places.
    ///
    /// A word is refused as the whole password, in any case, even with digits or punctuation around or inside it. It is
    /// accepted as part of a longer password.
    pub fn context_words<W: AsRef<str>>(mut self, words: impl IntoIterator<Item = W>) -> Self {
        self.context.extend(words.into_iter().map(|word| bare(word.as_ref())).filter(|word| !word.is_empty()));
        self
    }

    /// Adds the name of the site to the [context words](Self::context_words).
    pub fn site_name(self, name: &str) -> Self {
        self.context_words([name])
    }

    /// Accepts the common passwords of the built-in list.
    ///
    /// # Security
    /// Password guessing starts with these. Use it only with another list, such as one of breached passwords.
    pub fn without_common_list(mut self) -> Self {
        self.common_list = false;
        self
    }

    /// Returns whether the policy is weaker than [`recommended`](Self::recommended), which is logged at startup.
    #[must_use]
    pub fn is_relaxed(&self) -> bool {
        let recommended = Self::recommended();
        self.min < recommended.min || !self.common_list || !self.own_words
    }

    /// Returns the minimum length in code points.
    #[must_use]
    pub fn least(&self) -> usize {
        self.min
    }

    /// Returns the maximum length in code points.
    #[must_use]
    pub fn most(&self) -> usize {
        self.max
    }

    /// Checks a new password for the account with this address. An empty address means that there is none.
    ///
    /// # Errors
    /// [`PasswordRefused`] for the first broken rule, in the order length, common passwords, context words.
    pub fn check(&self, password: &Password, email: &str) -> Result<(), PasswordRefused> {
        if password.secret().len() > Self::MAX_BYTES {
            return refuse(format!("Password should be at most {} bytes", Self::MAX_BYTES));
        }
        let length = password.code_points();
        if length < self.min {
            return refuse(format!("Password should be at least {} characters", self.min));
        }
        if length > self.max {
            return refuse(format!("Password should be at most {} characters", self.max));
        }
        if self.common_list && is_common(&Zeroizing::new(password.secret().to_lowercase())) {
            return refuse("Password is one of the most common passwords");
        }
        if self.is_context(&Zeroizing::new(bare(password.secret())), email) {
            return refuse("Password is too close to your e-mail address or to the name of this service");
        }
        Ok(())
    }

    fn is_context(&self, bare_password: &str, email: &str) -> bool {
        let decorates = |word: &str| is_decorated(bare_password, word);
        self.context.iter().any(|word| decorates(word))
            || (self.own_words && own_words(email).any(|word| decorates(&word)))
    }
}

impl Default for PasswordPolicy {
    fn default() -> Self {
        Self::recommended()
    }
}

fn refuse(reason: impl Into<String>) -> Result<(), PasswordRefused> {
    Err(PasswordRefused { reason: reason.into() })
}

/// Returns the words that an attacker who knows the address would try: the address, its local part, and the local part
/// without its `+tag`.
fn own_words(email: &str) -> impl Iterator<Item = String> {
    let local = email.rsplit_once('@').map_or(email, |(local, _)| local);
    let untagged = local.split_once('+').map_or(local, |(name, _)| name);
    [email, local, untagged].into_iter().map(bare)
}

/// Returns the letters and digits of a text in lower case, so that `King.Arthur` and `king_arthur` are the same word.
fn bare(text: &str) -> String {
    text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// Returns whether the bare text is the word with only digits before and after it.
fn is_decorated(text: &str, word: &str) -> bool {
    let no_letters = |part: &str| !part.chars().any(char::is_alphabetic);
    !word.is_empty()
        && text.match_indices(word).any(|(at, _)| no_letters(&text[..at]) && no_letters(&text[at + word.len()..]))
}

/// Searches the lines of [`COMMON`] by bisection.
fn is_common(lower_case: &str) -> bool {
    let (mut from, mut to) = (0, COMMON.len());
    while from < to {
        let middle = (from + to) / 2;
        let start = COMMON.as_bytes()[from..middle].iter().rposition(|&b| b == b'\n').map_or(from, |at| from + at + 1);
        let end = COMMON.as_bytes()[middle..to].iter().position(|&b| b == b'\n').map_or(to, |at| middle + at);
        match COMMON.as_bytes()[start..end].cmp(lower_case.as_bytes()) {
            std::cmp::Ordering::Equal => return true,
            std::cmp::Ordering::Less => from = end + 1,
            std::cmp::Ordering::Greater => to = start,
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_of_the_common_list_is_found_and_the_list_is_sorted() {
        let lines: Vec<_> = COMMON.lines().collect();
        assert!(lines.iter().all(|line| is_common(line) && *line == line.to_lowercase()));
        assert!(lines.is_sorted());
        for absent in ["", "\n", "0", "zzzzzzzzzzzz", "the lady of the lake", "passwordpassword\npassword1"] {
            assert!(!is_common(absent), "{absent:?}");
        }
    }

    #[test]
    fn limits_never_contradict_each_other() {
        let policy = PasswordPolicy::recommended().max_length(1).min_length(9999);
        assert_eq!((policy.least(), policy.most()), (256, 256));
        assert_eq!(PasswordPolicy::recommended().max_length(1).most(), 64);
        assert!(policy.check(&Password::new("\u{1F600}".repeat(256)), "").is_ok());
    }

    #[test]
    fn a_context_word_inside_a_longer_text_is_accepted() {
        assert!(is_decorated("12camelot34", "camelot"));
        assert!(!is_decorated("camelotisfar", "camelot"));
        assert!(!is_decorated("12345678", ""));
        assert!(is_decorated("a1a1", "a1a1"));
    }
}
