//! The store without the feature `audit`: no change writes entries of an audit log, and there is no table for one.

use super::{Dialect, SqlResult, base::Base};
use crate::domain::IdValue;

impl<DB: Dialect> Base<DB> {
    #[allow(clippy::unused_self, reason = "with the feature it depends on the store")]
    pub(super) fn has_audit_log(&self) -> bool {
        false
    }

    #[allow(clippy::unused_self, reason = "with the feature it depends on the store")]
    pub(super) fn is_recording(&self) -> bool {
        false
    }

    #[allow(clippy::unused_self, reason = "with the feature it depends on the store")]
    pub(super) async fn record_in(&self, _: &mut DB::Connection, _: Option<&IdValue>) -> SqlResult<()> {
        Ok(())
    }
}
