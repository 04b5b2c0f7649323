//! The request that is being handled, for events that are written where its context is not available, such as the
//! conversion of an error into a response.

use std::{fmt, net::IpAddr, sync::Arc};

use http::HeaderValue;

use super::{SecurityEvent, write};

tokio::task_local! {
    static CURRENT: CurrentRequest;
}

/// Keeps events in addition to the log.
pub(crate) trait EventSink: Send + Sync + 'static {
    /// Keeps an event that belongs to no change in the users' database.
    fn keep(&self, event: &SecurityEvent);
}

/// The parts of a request that events need.
#[derive(Clone, Default)]
pub(crate) struct CurrentRequest {
    pub(crate) client: Option<IpAddr>,
    /// The header `x-request-id` as it was sent.
    pub(crate) request_id: Option<HeaderValue>,
    pub(crate) sink: Option<Arc<dyn EventSink>>,
}

impl CurrentRequest {
    pub(super) fn request_id(&self) -> Option<&str> {
        self.request_id.as_ref()?.to_str().ok()
    }

    /// Calls `then` with the request in whose scope it is called.
    pub(super) fn with<T>(then: impl FnOnce(Option<&Self>) -> T) -> T {
        then(CURRENT.try_with(Clone::clone).ok().as_ref())
    }

    /// Does `work` in the scope of this request. Tasks that it spawns are outside of the scope.
    pub(crate) fn scope<F: Future>(self, work: F) -> impl Future<Output = F::Output> {
        CURRENT.scope(self, work)
    }

    /// Does `work` in the scope of this request, unless it already runs in the scope of a request.
    pub(crate) fn unless_known<T>(self, work: impl FnOnce() -> T) -> T {
        if CURRENT.try_with(|_| ()).is_ok() { work() } else { CURRENT.sync_scope(self, work) }
    }

    /// Writes an event, and keeps it.
    pub(crate) fn record(&self, event: &SecurityEvent) {
        write(event, None);
        if let Some(sink) = &self.sink {
            sink.keep(event);
        }
    }
}

impl fmt::Debug for CurrentRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CurrentRequest").field("client", &self.client).finish_non_exhaustive()
    }
}

/// Writes an event of the current request, and keeps it.
pub(super) fn record(event: SecurityEvent, cause: Option<&str>) {
    write(&event, cause);
    CurrentRequest::with(|current| {
        if let Some(sink) = current.and_then(|current| current.sink.as_ref()) {
            sink.keep(&event);
        }
    });
}
