//! The result of a hook.

use http::StatusCode;
use serde_json::Value;

use crate::event;

/// The result of a hook.
pub type HookResult = Result<(), HookError>;

/// The error of a hook: a response for the client, or a failure (status 500) whose cause is only logged.
#[derive(Debug)]
pub enum HookError {
    /// Responds with this status and `{"detail": …}`.
    Response(StatusCode, Value),
    /// Responds with status 500. The cause is logged and not sent to the client.
    Failed(Box<dyn std::error::Error + Send + Sync>),
}

impl HookError {
    /// Responds with this status and `{"detail": detail}`.
    #[must_use]
    pub fn response(status: StatusCode, detail: impl Into<Value>) -> Self {
        Self::Response(status, detail.into())
    }

    /// The error of a hook that has no default implementation because only the application can send the mail.
    pub(crate) fn not_mailed(hook: &str) -> Self {
        Self::from(format!("no mail was sent: implement {hook}"))
    }

    /// Returns the text for a log, without addresses.
    pub(crate) fn cause(&self) -> String {
        match self {
            Self::Response(status, _) => format!("the hook responded with {status}"),
            Self::Failed(error) => event::cause(error.as_ref()),
        }
    }

    /// Returns whether the hook failed, rather than chose a response for the client.
    pub(crate) fn is_failure(&self) -> bool {
        match self {
            Self::Response(status, _) => status.is_server_error(),
            Self::Failed(_) => true,
        }
    }
}

impl<E: Into<Box<dyn std::error::Error + Send + Sync>>> From<E> for HookError {
    fn from(error: E) -> Self {
        Self::Failed(error.into())
    }
}
