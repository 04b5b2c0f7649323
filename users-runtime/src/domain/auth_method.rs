//! The authentication methods of a session.

use std::fmt;

use super::Timestamp;

/// An authentication method, named as in the claim `amr` ([RFC 8176](https://www.rfc-editor.org/rfc/rfc8176)).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum AuthMethod {
    /// `pwd`: the account's password.
    Password,
    /// `fed`: an identity at a provider. RFC 8176 has no value for it; this one is in common use.
    Provider,
    /// `otp`: the second factor, by a one-time code of an authenticator app or by a recovery code.
    OneTimeCode,
    /// `dev`: a device that was remembered after a second factor. RFC 8176 has no value for it.
    RememberedDevice,
    /// `email`: a link or a code that was mailed to the account's address. RFC 8176 has no value for it: `otp` means
    /// the one-time passwords of RFC 4226 and RFC 6238, which are a separate factor, while a mailbox is not.
    Mail,
    /// `hwk`: a passkey that is bound to one device, as its authenticator reports.
    DeviceKey,
    /// `swk`: a passkey that is synchronized between its owner's devices.
    SyncedKey,
    /// `user`: the person at the authenticator was verified, by a PIN or a biometric. It accompanies every passkey.
    VerifiedUser,
}

impl AuthMethod {
    /// Every method, in the order in which they are listed.
    pub const ALL: [Self; 8] = [
        Self::Password,
        Self::Provider,
        Self::OneTimeCode,
        Self::RememberedDevice,
        Self::Mail,
        Self::DeviceKey,
        Self::SyncedKey,
        Self::VerifiedUser,
    ];

    /// Returns the value in `amr`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Password => "pwd",
            Self::Provider => "fed",
            Self::OneTimeCode => "otp",
            Self::RememberedDevice => "dev",
            Self::Mail => "email",
            Self::DeviceKey => "hwk",
            Self::SyncedKey => "swk",
            Self::VerifiedUser => "user",
        }
    }

    const fn bit(self) -> u8 {
        match self {
            Self::Password => 1,
            Self::Provider => 1 << 1,
            Self::OneTimeCode => 1 << 2,
            Self::RememberedDevice => 1 << 3,
            Self::Mail => 1 << 4,
            Self::DeviceKey => 1 << 5,
            Self::SyncedKey => 1 << 6,
            Self::VerifiedUser => 1 << 7,
        }
    }
}

/// The authentication methods of a session. Empty for a session that the application began without credentials, and for
/// a session of fastapi-users.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct AuthMethods(u8);

impl AuthMethods {
    /// No method.
    pub const NONE: Self = Self(0);

    /// The maximum length of the text form.
    pub const MAX_CHARS: usize = 64;

    /// Returns the union of these methods and the others.
    #[must_use]
    pub const fn and(self, others: Self) -> Self {
        Self(self.0 | others.0)
    }

    /// Returns whether `method` is one of them.
    #[must_use]
    pub const fn includes(self, method: AuthMethod) -> bool {
        self.0 & method.bit() != 0
    }

    /// Returns whether a second factor is one of them: a one-time code, or a passkey, whose authenticator has verified the person.
    #[must_use]
    pub const fn has_second_factor(self) -> bool {
        self.includes(AuthMethod::OneTimeCode) || self.includes(AuthMethod::VerifiedUser)
    }

    /// Returns whether they meet the requirement of a second factor for every user: a second factor, or a device that
    /// was remembered after one.
    #[cfg(feature = "totp")]
    pub(crate) const fn meets_requirement(self) -> bool {
        self.has_second_factor() || self.includes(AuthMethod::RememberedDevice)
    }

    /// Returns these methods without the others.
    pub(crate) const fn without(self, others: Self) -> Self {
        Self(self.0 & !others.0)
    }

    /// Returns whether there is none.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Returns the methods in the order of [`AuthMethod::ALL`].
    pub fn iter(self) -> impl Iterator<Item = AuthMethod> {
        AuthMethod::ALL.into_iter().filter(move |method| self.includes(*method))
    }

    /// Reads the text form. Unknown names, which a later version may have stored, are ignored.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        text.split(' ').filter_map(Self::named).collect()
    }

    pub(crate) fn named(name: &str) -> Option<AuthMethod> {
        AuthMethod::ALL.into_iter().find(|method| method.name() == name)
    }

    /// Returns the text form, or `None` for no method.
    #[must_use]
    pub fn to_text(self) -> Option<String> {
        (!self.is_empty()).then(|| self.to_string())
    }
}

impl From<AuthMethod> for AuthMethods {
    fn from(method: AuthMethod) -> Self {
        Self(method.bit())
    }
}

impl FromIterator<AuthMethod> for AuthMethods {
    fn from_iter<I: IntoIterator<Item = AuthMethod>>(methods: I) -> Self {
        methods.into_iter().fold(Self::NONE, |all, method| all.and(method.into()))
    }
}

/// The names, separated by spaces.
impl fmt::Display for AuthMethods {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, method) in self.iter().enumerate() {
            let separator = if index == 0 { "" } else { " " };
            write!(f, "{separator}{}", method.name())?;
        }
        Ok(())
    }
}

impl fmt::Debug for AuthMethods {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter()).finish()
    }
}

/// The last re-authentication in a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Reauthentication {
    /// The time of the re-authentication.
    pub at: Timestamp,
    /// Its methods.
    pub methods: AuthMethods,
    /// The methods that were used in the session before. They remain valid, but not as of this time.
    pub earlier: AuthMethods,
}

impl Reauthentication {
    /// Describes the first re-authentication in a session.
    #[must_use]
    pub const fn new(at: Timestamp, methods: AuthMethods) -> Self {
        Self { at, methods, earlier: AuthMethods::NONE }
    }

    /// Adds the methods that were used before.
    #[must_use]
    pub const fn after(self, earlier: AuthMethods) -> Self {
        Self { earlier: earlier.without(self.methods), ..self }
    }

    /// Parses the output of [`to_text`](Self::to_text).
    #[must_use]
    pub fn parse(at: Timestamp, text: &str) -> Self {
        let earlier =
            text.split(' ').filter_map(|name| name.strip_prefix('+')).filter_map(AuthMethods::named).collect();
        Self { at, methods: AuthMethods::parse(text), earlier }
    }

    /// Returns the text form of the methods, in which earlier ones have the sign `+`, or `None` for no method. It has
    /// at most [`AuthMethods::MAX_CHARS`] characters. A version that does not know the sign ignores earlier methods.
    #[must_use]
    pub fn to_text(&self) -> Option<String> {
        let earlier = self.earlier.without(self.methods);
        let names = self.methods.iter().map(|method| method.name().to_owned());
        let names: Vec<_> = names.chain(earlier.iter().map(|method| format!("+{}", method.name()))).collect();
        (!names.is_empty()).then(|| names.join(" "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_form_is_read_as_it_was_written() {
        let all: AuthMethods = AuthMethod::ALL.into_iter().collect();
        assert_eq!(all.to_string(), "pwd fed otp dev email hwk swk user");
        for methods in [AuthMethods::NONE, AuthMethod::Password.into(), AuthMethod::Provider.into(), all] {
            assert_eq!(AuthMethods::parse(&methods.to_string()), methods);
        }
        assert_eq!(AuthMethods::NONE.to_text(), None);
        assert!(all.to_string().len() <= AuthMethods::MAX_CHARS);
    }

    #[test]
    fn a_proof_tells_what_was_proved_before_it() {
        let at = Timestamp::UNIX_EPOCH;
        let all: AuthMethods = AuthMethod::ALL.into_iter().collect();
        let proof = Reauthentication::new(at, AuthMethod::Password.into()).after(all);
        assert_eq!(proof.to_text().as_deref(), Some("pwd +fed +otp +dev +email +hwk +swk +user"));
        assert_eq!(Reauthentication::parse(at, "pwd +fed +otp +dev +email +hwk +swk +user"), proof);
        assert_eq!(AuthMethods::parse("pwd +otp"), AuthMethod::Password.into(), "as an earlier version reads it");
        assert_eq!(Reauthentication::new(at, AuthMethods::NONE).to_text(), None);
        let longest = Reauthentication::new(at, AuthMethods::NONE).after(all).to_text().unwrap_or_default();
        assert!(longest.len() <= AuthMethods::MAX_CHARS, "{longest}");
    }

    #[test]
    fn an_unknown_method_proves_nothing() {
        assert_eq!(AuthMethods::parse("retina pwd"), AuthMethod::Password.into());
        assert_eq!(AuthMethods::parse("PWD,fed"), AuthMethods::NONE);
    }
}
