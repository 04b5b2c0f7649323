//! The schemas of passkeys in responses.

use serde::Serialize;

use crate::{
    domain::Passkey,
    http::{ObjectSchema, ReadType, time_text},
};

/// A passkey in responses. [`PASSKEY_READ`] documents its fields.
#[derive(Debug, Serialize)]
pub(super) struct PasskeyRead {
    id: String,
    name: String,
    created_at: Option<String>,
    last_used_at: Option<String>,
}

impl PasskeyRead {
    pub(super) fn of<Id>(passkey: Passkey<Id>) -> Self {
        Self {
            id: passkey.id.as_str().to_owned(),
            name: passkey.name,
            created_at: Some(time_text(passkey.created_at)),
            last_used_at: passkey.last_used_at.map(time_text),
        }
    }
}

/// The schema of [`PasskeyRead`].
pub(super) static PASSKEY_READ: ObjectSchema = ObjectSchema {
    name: "PasskeyRead",
    fields: &[
        ("id", ReadType::Text, "The name by which the passkey can be renamed and removed. It is not a credential."),
        ("name", ReadType::Text, "What you call it."),
        ("created_at", ReadType::OptionalTime, "When it was added."),
        ("last_used_at", ReadType::OptionalTime, "When it was last used; null if it never was."),
    ],
};

/// The schema of [`PasskeyOptions`](super::log_in::PasskeyOptions).
pub(super) static PASSKEY_OPTIONS: ObjectSchema = ObjectSchema {
    name: "PasskeyOptions",
    fields: &[
        ("state", ReadType::Text, "Send it with what the authenticator returns, within five minutes. It works once."),
        (
            "options",
            ReadType::Any,
            "The options in their JSON form, for `PublicKeyCredential.parseCreationOptionsFromJSON` or \
             `parseRequestOptionsFromJSON` (WebAuthn Level 3, section 5.1).",
        ),
    ],
};
