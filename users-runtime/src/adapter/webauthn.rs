//! The ceremonies of passkeys, verified by the crate `webauthn-rs`.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::Deserialize;
use serde_json::{Value, json};
use tracing::dispatcher::{Dispatch, with_default};
use webauthn_rs::prelude::{
    DiscoverableAuthentication, Passkey, PasskeyRegistration, PublicKeyCredential, RegisterPublicKeyCredential, Url,
    Uuid, Webauthn, WebauthnBuilder, WebauthnError,
};

use crate::{
    domain::{Assertion, Attestation, Error, NewPasskey, PasskeyId, Result, Setting},
    port::{
        CEREMONY_LIFETIME, MadePasskey, PasskeyCeremonies, PasskeyOwner, PasskeyRefused, RandomError, Signed, Started,
    },
};

/// A relying party.
pub(crate) struct WebauthnCeremonies(Webauthn);

/// The part of the signed client data that is read in addition to the checks of `webauthn-rs`.
#[derive(Deserialize)]
struct ClientData {
    #[serde(default, rename = "crossOrigin")]
    cross_origin: Option<bool>,
}

impl WebauthnCeremonies {
    /// Builds the relying party with this domain and name, for pages of these origins.
    ///
    /// # Errors
    /// [`Error::Config`] unless every origin is on the domain or on one below it.
    pub(crate) fn new(domain: &str, name: &str, origins: &[Url]) -> Result<Self> {
        let refuse = || {
            Error::setting(
                Setting::Passkeys,
                format!(
                    "pages of {} cannot use passkeys of `{domain}`: their host must be this domain or below it, and no IP \
                     address. For development use http://localhost:PORT",
                    origins.iter().map(Url::as_str).collect::<Vec<_>>().join(", "),
                ),
            )
        };
        let mut builder: Option<WebauthnBuilder<'_>> = None;
        for origin in origins {
            // Each is checked like the first one.
            let own = quietly(|| WebauthnBuilder::new(domain, origin)).map_err(|_| refuse())?;
            builder = Some(match builder {
                Some(builder) => builder.append_allowed_origin(origin),
                None => own,
            });
        }
        let builder = builder.ok_or_else(refuse)?.rp_name(name).timeout(CEREMONY_LIFETIME);
        builder.build().map(Self).map_err(|_| refuse())
    }
}

impl PasskeyCeremonies for WebauthnCeremonies {
    fn start_registration(&self, owner: &PasskeyOwner<'_>) -> std::result::Result<Started, RandomError> {
        let stored = owner.stored.iter().filter_map(|stored| serde_json::from_str::<Passkey>(stored).ok());
        let exclude = stored.map(|passkey| passkey.cred_id().clone()).collect();
        let handle = Uuid::from_bytes(owner.handle.bytes());
        let (options, ceremony) =
            quietly(|| self.0.start_passkey_registration(handle, owner.name, owner.name, Some(exclude)))
                .map_err(|_| RandomError)?;
        let mut options = serde_json::to_value(options.public_key).map_err(|_| RandomError)?;
        // A login requires no address, so the credential must be discoverable. `webauthn-rs` requests the opposite.
        if let Some(selection) = options.get_mut("authenticatorSelection").and_then(Value::as_object_mut) {
            selection.insert("residentKey".to_owned(), "required".into());
            selection.insert("requireResidentKey".to_owned(), true.into());
        }
        let mut ceremony = serde_json::to_value(ceremony).map_err(|_| RandomError)?;
        // The unique key of the table prevents duplicates, and the list would make the state long.
        if let Some(excluded) = ceremony.pointer_mut("/rs/exclude_credentials") {
            *excluded = json!([]);
        }
        Ok(Started { options, ceremony })
    }

    fn finish_registration(
        &self,
        made: &Attestation,
        ceremony: &Value,
    ) -> std::result::Result<MadePasskey, PasskeyRefused> {
        let ceremony = PasskeyRegistration::deserialize(ceremony).map_err(|_| PasskeyRefused::Invalid)?;
        let id = URL_SAFE_NO_PAD.encode(&made.credential_id);
        let credential = json!({
            "id": id,
            "rawId": id,
            "type": "public-key",
            "response": {
                "attestationObject": URL_SAFE_NO_PAD.encode(&made.object),
                "clientDataJSON": URL_SAFE_NO_PAD.encode(&made.client_data),
            },
        });
        let credential = RegisterPublicKeyCredential::deserialize(credential).map_err(|_| PasskeyRefused::Invalid)?;
        let passkey = quietly(|| self.0.finish_passkey_registration(&credential, &ceremony));
        let passkey = passkey.map_err(|_| PasskeyRefused::Invalid)?;
        // Data that the client sent outside of the signed data must not determine the passkey.
        if passkey.cred_id().as_slice() != made.credential_id.as_slice() {
            return Err(PasskeyRefused::Invalid);
        }
        let stored = stored(&passkey)?;
        Ok(MadePasskey { id: PasskeyId::of(&made.credential_id), sign_count: stored.1, credential: stored.0 })
    }

    fn start_login(&self) -> std::result::Result<Started, RandomError> {
        let (options, ceremony) = quietly(|| self.0.start_discoverable_authentication()).map_err(|_| RandomError)?;
        let options = serde_json::to_value(options.public_key).map_err(|_| RandomError)?;
        let ceremony = serde_json::to_value(ceremony).map_err(|_| RandomError)?;
        Ok(Started { options, ceremony })
    }

    fn finish_login(
        &self,
        signed: &Assertion,
        ceremony: &Value,
        stored_credential: &str,
    ) -> std::result::Result<Signed, PasskeyRefused> {
        let invalid = |_| PasskeyRefused::Invalid;
        let ceremony = DiscoverableAuthentication::deserialize(ceremony).map_err(invalid)?;
        let mut passkey: Passkey = serde_json::from_str(stored_credential).map_err(invalid)?;
        let client_data: ClientData = serde_json::from_slice(&signed.client_data).map_err(invalid)?;
        // `webauthn-rs` checks this only at a registration: a page of another site has embedded a page of the service.
        if client_data.cross_origin == Some(true) {
            return Err(PasskeyRefused::Invalid);
        }
        let id = URL_SAFE_NO_PAD.encode(&signed.credential_id);
        let credential = json!({
            "id": id,
            "rawId": id,
            "type": "public-key",
            "response": {
                "authenticatorData": URL_SAFE_NO_PAD.encode(&signed.authenticator_data),
                "clientDataJSON": URL_SAFE_NO_PAD.encode(&signed.client_data),
                "signature": URL_SAFE_NO_PAD.encode(&signed.signature),
                "userHandle": signed.user_handle.as_ref().map(|handle| URL_SAFE_NO_PAD.encode(handle)),
            },
        });
        let credential = PublicKeyCredential::deserialize(credential).map_err(invalid)?;
        let verified = quietly(|| self.0.finish_discoverable_authentication_v2(&credential, ceremony, &passkey));
        let verified = verified.map_err(|error| match error {
            WebauthnError::CredentialPossibleCompromise => PasskeyRefused::PerhapsCopied,
            _ => PasskeyRefused::Invalid,
        })?;
        // The ceremony requires user verification, and `webauthn-rs` enforces it. Only because of it does a login
        // comprise two factors.
        if !verified.user_verified() {
            return Err(PasskeyRefused::Invalid);
        }
        passkey.update_credential(&verified);
        let (credential, sign_count) = stored(&passkey)?;
        Ok(Signed { credential, sign_count, is_synced: verified.backup_eligible() })
    }
}

/// Returns the form in which a passkey is stored, and its number of signatures. A passkey that a client has made too
/// large is refused.
fn stored(passkey: &Passkey) -> std::result::Result<(String, u32), PasskeyRefused> {
    let value = serde_json::to_value(passkey).map_err(|_| PasskeyRefused::Invalid)?;
    let sign_count = value.pointer("/cred/counter").and_then(Value::as_u64);
    let sign_count = sign_count.and_then(|count| u32::try_from(count).ok()).ok_or(PasskeyRefused::Invalid)?;
    let text = value.to_string();
    if text.len() > NewPasskey::MAX_CREDENTIAL || !text.is_ascii() {
        return Err(PasskeyRefused::Invalid);
    }
    Ok((text, sign_count))
}

/// Runs the crate without its log, which contains challenges and credentials.
fn quietly<T>(run: impl FnOnce() -> T) -> T {
    with_default(&Dispatch::none(), run)
}
