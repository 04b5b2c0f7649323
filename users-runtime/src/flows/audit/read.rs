//! The schema of an entry of the audit log in responses.

use serde::Serialize;

use crate::{
    http::{ObjectSchema, ReadType},
    port::AuditEntry,
};

/// An entry in responses. [`AUDIT_READ`] documents its fields.
#[derive(Debug, Serialize)]
pub(super) struct AuditRead {
    id: String,
    at: String,
    event: String,
    outcome: String,
    reason: Option<String>,
    user_id: Option<String>,
    actor_id: Option<String>,
    backend: Option<String>,
    client: Option<String>,
    request_id: Option<String>,
    session_id: Option<String>,
    limit: Option<String>,
    changed: Option<String>,
}

impl From<AuditEntry> for AuditRead {
    fn from(entry: AuditEntry) -> Self {
        Self {
            id: entry.id,
            at: entry.at.to_rfc3339_opts(chrono::SecondsFormat::Millis, true),
            event: entry.event,
            outcome: entry.outcome,
            reason: entry.reason,
            user_id: entry.user_id,
            actor_id: entry.actor_id,
            backend: entry.backend,
            client: entry.client,
            request_id: entry.request_id,
            session_id: entry.session_id,
            limit: entry.limit,
            changed: entry.changed,
        }
    }
}

/// The schema of [`AuditRead`].
pub(super) static AUDIT_READ: ObjectSchema = ObjectSchema {
    name: "AuditRead",
    fields: &[
        ("id", ReadType::Text, "The id; later entries have greater ones."),
        ("at", ReadType::OptionalTime, "The time of the event."),
        ("event", ReadType::Text, "What happened."),
        ("outcome", ReadType::Text, "`success`, `refused` or `failed`."),
        ("reason", ReadType::OptionalText, "Why it was refused or failed."),
        ("user_id", ReadType::OptionalText, "The user concerned."),
        ("actor_id", ReadType::OptionalText, "The user who caused it, if that is another one."),
        ("backend", ReadType::OptionalText, "The backend."),
        ("client", ReadType::OptionalText, "The IP address of the client."),
        ("request_id", ReadType::OptionalText, "The header `x-request-id`."),
        ("session_id", ReadType::OptionalText, "The session, as in the list of sessions. It is not a credential."),
        ("limit", ReadType::OptionalText, "The limit that was reached."),
        ("changed", ReadType::OptionalText, "The names of the fields that were changed, separated by spaces."),
    ],
};
