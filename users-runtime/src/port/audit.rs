//! Storage of the audit log.

use super::BoxFuture;
use crate::domain::{StoreError, Timestamp};

/// The audit log in the users' database. Rows are added and, after the retention, removed; none is changed.
///
/// The store writes the entry of a change itself, in the transaction of the change: see
/// [`UserStore::recording`](super::UserStore::recording).
///
/// # Errors
/// Every method returns [`StoreError::Unavailable`] if the operation may succeed later, and [`StoreError::Failed`] for
/// any other failure of the database.
pub trait AuditStore: Send + Sync + 'static {
    /// Adds entries that belong to no change, in one transaction. An entry whose id is stored already is left out, so that
    /// a call whose result is not known can be repeated.
    fn append<'a>(&'a self, entries: &'a [AuditEntry]) -> BoxFuture<'a, Result<(), StoreError>>;

    /// Returns the entries that meet every condition, in descending order of their ids: the newest first.
    fn read<'a>(&'a self, wanted: &'a AuditQuery) -> BoxFuture<'a, Result<Vec<AuditEntry>, StoreError>>;

    /// Removes the entries whose ids are less than `before`, in bounded steps, and returns their number.
    fn purge<'a>(&'a self, before: &'a str) -> BoxFuture<'a, Result<u64, StoreError>>;
}

/// A row of the audit log. It contains no password, token, hash or email address.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct AuditEntry {
    /// The id: 32 hexadecimal digits. Later entries have greater ids; those of one instance follow the order of the events.
    pub id: String,
    /// The time of the event, to the millisecond.
    pub at: Timestamp,
    /// The name of the event, as in the log.
    pub event: String,
    /// `success`, `refused` or `failed`.
    pub outcome: String,
    /// The reason of a refusal or a failure.
    pub reason: Option<String>,
    /// The user concerned, in text form. The row is kept when the user is deleted.
    pub user_id: Option<String>,
    /// The user who caused the event, if that is another user, such as a superuser.
    pub actor_id: Option<String>,
    /// The backend.
    pub backend: Option<String>,
    /// The IP address of the client.
    pub client: Option<String>,
    /// The header `x-request-id`, cut after 128 characters, with control characters escaped.
    pub request_id: Option<String>,
    /// The id of the session.
    pub session_id: Option<String>,
    /// The name of the limit that was reached.
    pub limit: Option<String>,
    /// The names of the fields that were changed, separated by spaces.
    pub changed: Option<String>,
    /// The tenant of the user, in text form.
    pub tenant: Option<String>,
}

impl AuditEntry {
    /// Describes an event without further details, for tests of a store.
    #[must_use]
    pub fn new(id: impl Into<String>, at: Timestamp, event: impl Into<String>, outcome: impl Into<String>) -> Self {
        Self {
            id: id.into(),
            at,
            event: event.into(),
            outcome: outcome.into(),
            reason: None,
            user_id: None,
            actor_id: None,
            backend: None,
            client: None,
            request_id: None,
            session_id: None,
            limit: None,
            changed: None,
            tenant: None,
        }
    }
}

/// The conditions on the entries of a page.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct AuditQuery {
    /// The ids are less than this one.
    pub below: String,
    /// The ids are not less than this one.
    pub from: String,
    /// About this user.
    pub user_id: Option<String>,
    /// Of this event.
    pub event: Option<String>,
    /// Of this tenant.
    pub tenant: Option<String>,
    /// The maximum number of entries.
    pub limit: u32,
}

impl AuditQuery {
    /// Requests the newest entries.
    #[must_use]
    pub fn newest(limit: u32) -> Self {
        // `g` is greater and the empty text is less than every hexadecimal number.
        Self { below: "g".to_owned(), from: String::new(), user_id: None, event: None, tenant: None, limit }
    }
}

/// What happens to a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum SessionChange {
    /// A login begins it.
    Begins,
    /// A logout or its owner ends it.
    Ends,
}
