//! The schema of a session in responses.

use serde::Serialize;

use crate::{
    domain::{AuthMethod, ListedSession, Session},
    http::{ObjectSchema, ReadType, time_text},
    service::Users,
    user::AuthUser,
};

/// A session in responses. [`SESSION_READ`] documents its fields.
#[derive(Debug, Serialize)]
pub(super) struct SessionRead {
    id: String,
    created_at: Option<String>,
    last_seen_at: Option<String>,
    expires_at: Option<String>,
    client: Option<String>,
    user_agent: Option<String>,
    current: bool,
    amr: Vec<&'static str>,
    fresh: bool,
}

impl SessionRead {
    pub(super) fn of<U: AuthUser>(users: &Users<U>, listed: ListedSession, own: &Session) -> Option<Self> {
        let ListedSession { session, last_seen_at, device, .. } = listed;
        let current = session.token_id == own.token_id;
        let fresh = users.is_fresh(&session, users.policy().fresh_window());
        Some(Self {
            id: session.token_id?.0,
            created_at: session.logged_in_at.map(time_text),
            last_seen_at: last_seen_at.map(time_text),
            expires_at: session.expires_at.map(time_text),
            client: device.client.map(|client| client.to_string()),
            user_agent: device.user_agent,
            current,
            amr: session.methods.iter().map(AuthMethod::name).collect(),
            fresh,
        })
    }
}

/// The schema of [`SessionRead`].
pub(super) static SESSION_READ: ObjectSchema = ObjectSchema {
    name: "SessionRead",
    fields: &[
        ("id", ReadType::Text, "The name by which the session can be ended. It is not a credential."),
        ("created_at", ReadType::OptionalTime, "The time of the login."),
        ("last_seen_at", ReadType::OptionalTime, "The last use, to the minute; null if unused since the login."),
        ("expires_at", ReadType::OptionalTime, "When the session ends, however much it is used; null for never."),
        ("client", ReadType::OptionalText, "The IP address of the login."),
        ("user_agent", ReadType::OptionalText, "The `User-Agent` of the login."),
        ("current", ReadType::Flag, "Whether it is the session of this request."),
        (
            "amr",
            ReadType::TextList,
            "What it was proved with: `pwd` for the password, `fed` for a provider (RFC 8176).",
        ),
        ("fresh", ReadType::Flag, "Whether the login, or a proof since then, is recent enough for sensitive changes."),
    ],
};
