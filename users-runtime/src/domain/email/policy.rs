//! Which addresses a service accepts, depending on where the address comes from.

use super::{DomainName, EmailAddress, EmailRefused, EmailRules, lookup, typed};

/// The rules for the addresses of new accounts.
#[derive(Debug, Clone, Default)]
pub(crate) struct EmailPolicy {
    pub(crate) rules: EmailRules,
    /// Domains that are accepted although they are not public, in ASCII and lower case.
    internal: Vec<String>,
    /// Configured texts that are not domain names.
    invalid: Vec<String>,
}

impl EmailPolicy {
    /// Accepts a domain that is not public, and the names below it.
    pub(crate) fn allow_internal(&mut self, name: &str) {
        match DomainName::read(name.trim()) {
            Ok(name) => self.internal.push(name.ascii),
            Err(_) => self.invalid.push(name.to_owned()),
        }
    }

    /// Returns the first internal domain that is not a domain name.
    pub(crate) fn invalid_domain(&self) -> Option<&str> {
        self.invalid.first().map(String::as_str)
    }

    /// Parses the address of a new account.
    pub(crate) fn parse(&self, text: &str) -> Result<EmailAddress, EmailRefused> {
        EmailAddress::parse_with(text, self.rules, &self.internal)
    }
}

/// Reads the address in a request.
pub(crate) trait ReadEmail {
    /// Returns the address.
    ///
    /// # Errors
    /// [`EmailRefused`] for a text that this place does not accept.
    fn read(&self, text: &str) -> Result<EmailAddress, EmailRefused>;
}

impl ReadEmail for EmailRules {
    fn read(&self, text: &str) -> Result<EmailAddress, EmailRefused> {
        EmailAddress::parse(text, *self)
    }
}

/// The address of a new account.
impl ReadEmail for EmailPolicy {
    fn read(&self, text: &str) -> Result<EmailAddress, EmailRefused> {
        self.parse(text)
    }
}

/// The address in a change of an account: a new one, or the one that the account has. A front end that submits its
/// whole form sends the stored address back, which the current rules may reject.
pub(crate) struct OwnOrNew<'a> {
    pub(crate) policy: &'a EmailPolicy,
    pub(crate) own: &'a str,
}

impl ReadEmail for OwnOrNew<'_> {
    fn read(&self, text: &str) -> Result<EmailAddress, EmailRefused> {
        if text == self.own || text.trim() == self.own || typed::meant(text) == self.own {
            return Ok(EmailAddress(self.own.to_owned()));
        }
        self.policy.parse(text)
    }
}

/// The address of an account that may exist: any address that some program may have stored, as typed. Whether it is
/// stored does not affect the result.
pub(crate) struct AnyStored<'a>(pub(crate) &'a EmailPolicy);

impl ReadEmail for AnyStored<'_> {
    fn read(&self, text: &str) -> Result<EmailAddress, EmailRefused> {
        match self.0.parse(text) {
            Err(refused) if !lookup::may_be_mailbox(&typed::meant(text)) => Err(refused),
            _ => Ok(EmailAddress(text.to_owned())),
        }
    }
}
