//! The ceremonies of passkeys (WebAuthn), and the state of a ceremony between its two requests.

use std::time::Duration;

use serde_json::{Map, Value};

use super::RandomError;
use crate::domain::{Assertion, Attestation, PasskeyId, Timestamp, TokenId, UserHandle};

/// How long a ceremony may take. WebAuthn section 15.1 recommends five to ten minutes where the user is verified.
pub(crate) const CEREMONY_LIFETIME: Duration = Duration::from_secs(300);

/// The user who gets a passkey.
pub(crate) struct PasskeyOwner<'a> {
    pub(crate) handle: UserHandle,
    /// What the authenticator shows: the address.
    pub(crate) name: &'a str,
    /// The passkeys that the user has: an authenticator that holds one of them does not create another.
    pub(crate) stored: &'a [&'a str],
}

/// A ceremony that has begun.
pub(crate) struct Started {
    /// The options for the browser: `PublicKeyCredentialCreationOptions` or `PublicKeyCredentialRequestOptions` in
    /// their JSON form.
    pub(crate) options: Value,
    /// The data that the end of the ceremony needs: the challenge and the requested options.
    pub(crate) ceremony: Value,
}

/// A passkey that an authenticator has created.
pub(crate) struct MadePasskey {
    pub(crate) id: PasskeyId,
    pub(crate) credential: String,
    pub(crate) sign_count: u32,
}

/// A signature of a passkey that was verified.
pub(crate) struct Signed {
    /// The credential to store from now on.
    pub(crate) credential: String,
    pub(crate) sign_count: u32,
    /// Whether the passkey may be copied to other devices of its owner.
    pub(crate) is_synced: bool,
}

/// Why a credential is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PasskeyRefused {
    /// It does not belong to the ceremony, or something in it is wrong.
    Invalid,
    /// The signature counter decreased: there may be two authenticators with this key.
    PerhapsCopied,
}

/// Begins and verifies ceremonies. Stores nothing.
pub(crate) trait PasskeyCeremonies: Send + Sync + 'static {
    /// Begins the registration of a passkey.
    fn start_registration(&self, owner: &PasskeyOwner<'_>) -> Result<Started, RandomError>;

    /// Verifies the credential that an authenticator has created.
    fn finish_registration(&self, made: &Attestation, ceremony: &Value) -> Result<MadePasskey, PasskeyRefused>;

    /// Begins a login. The authenticator selects the account.
    fn start_login(&self) -> Result<Started, RandomError>;

    /// Verifies a signature with a stored passkey.
    fn finish_login(&self, signed: &Assertion, ceremony: &Value, stored: &str) -> Result<Signed, PasskeyRefused>;
}

/// A ceremony between its two requests.
#[derive(Clone)]
pub(crate) struct PasskeyFlow {
    /// The id, under which the ceremony is used up.
    pub(crate) id: TokenId,
    pub(crate) expires_at: Timestamp,
    pub(crate) purpose: PasskeyPurpose,
    /// A text that differs between tenants; empty without tenants.
    pub(crate) tenant: String,
    pub(crate) ceremony: Value,
}

/// The purpose of a ceremony. A ceremony that was begun for another purpose is refused.
#[derive(Clone)]
pub(crate) enum PasskeyPurpose {
    /// A login at this backend, or a re-authentication in one of its sessions.
    Login { backend: String },
    /// Another passkey of the user with this id.
    Add { subject: String, handle: UserHandle },
    /// A new account, with the body of its registration.
    SignUp { handle: UserHandle, registration: Map<String, Value> },
}

/// Seals ceremonies into the `state` that a client brings back.
pub(crate) trait PasskeyFlows: Send + Sync + 'static {
    /// Signs a ceremony. `None` if it is too long.
    fn seal(&self, flow: &PasskeyFlow) -> Option<String>;

    /// Reads a `state`, and checks its signature, purpose and age.
    fn open(&self, state: &str) -> Option<PasskeyFlow>;
}
