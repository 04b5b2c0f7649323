//! How the people of one provider become users.

use std::sync::Arc;

use serde_json::{Map, Value};

use super::{ExternalIdentity, SameAddress};
use crate::domain::{Error, Result, Setting};

/// The fields of a new account, made from the data of a provider.
type NewUserFields = Arc<dyn Fn(&ExternalIdentity) -> Map<String, Value> + Send + Sync>;

/// The rules of one provider.
#[derive(Clone)]
pub(crate) struct IdentityRules {
    /// The name that is stored with every link.
    pub(crate) name: String,
    pub(crate) same_address: SameAddress,
    /// Whether the address of a new account is treated as verified, unless the provider says that it is not.
    pub(crate) verified_by_default: bool,
    /// Whether an account is created for a person without one.
    pub(crate) creates_users: bool,
    pub(super) new_user: Option<NewUserFields>,
}

impl IdentityRules {
    /// Returns the default rules.
    pub(crate) fn new(name: &str) -> Result<Self> {
        Ok(Self {
            name: checked_name(name)?,
            same_address: SameAddress::default(),
            verified_by_default: false,
            creates_users: true,
            new_user: None,
        })
    }

    pub(crate) fn named(self, name: &str) -> Result<Self> {
        Ok(Self { name: checked_name(name)?, ..self })
    }

    pub(crate) fn set_new_user(
        &mut self,
        fields: impl Fn(&ExternalIdentity) -> Map<String, Value> + Send + Sync + 'static,
    ) {
        self.new_user = Some(Arc::new(fields));
    }

    /// Returns the fields of a new account, without the address.
    pub(crate) fn new_user(&self, identity: &ExternalIdentity) -> Map<String, Value> {
        self.new_user.as_ref().map(|fields| fields(identity)).unwrap_or_default()
    }
}

/// Checks a name, which is stored with every link and is part of paths.
fn checked_name(name: &str) -> Result<String> {
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    if (1..=64).contains(&name.len()) && name.chars().all(fits) {
        return Ok(name.to_owned());
    }
    Err(Error::setting(
        Setting::OAuth,
        format!("`{name}` cannot be a provider's name: use 1 to 64 letters, digits, `-` and `_`"),
    ))
}
