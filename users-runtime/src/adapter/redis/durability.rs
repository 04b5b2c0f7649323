//! Checks whether a server may lose acknowledged writes.

use super::Redis;
use crate::event::{self, Untrusted, operation};

impl Redis {
    /// Warns if the server may lose revoked tokens, which would then be valid again: because it evicts keys, or does
    /// not write every change to disk.
    pub(crate) async fn warn_if_forgetful(&self) {
        let info = async |section| self.send::<String>(redis::cmd("INFO").arg(section)).await;
        let (memory, persistence) = match (info("memory").await, info("persistence").await) {
            (Ok(memory), Ok(persistence)) => (memory, persistence),
            (Err(error), _) | (_, Err(error)) => {
                let cause = event::cause(&error);
                operation!(WARN, "redis_unchecked", "the settings of Redis are not known", cause);
                return;
            }
        };
        let policy = field(&memory, "maxmemory_policy").unwrap_or("unknown");
        let evicts = policy != "noeviction";
        // With snapshots only, everything since the last one is lost.
        let is_persistent = field(&persistence, "aof_enabled") == Some("1");
        if evicts || !is_persistent {
            let policy = Untrusted(policy).to_string();
            operation!(
                WARN,
                "redis_may_forget",
                "Redis may forget revoked tokens, which are then valid again: set maxmemory-policy noeviction and \
                 appendonly yes, or revoke in the database",
                maxmemory_policy = policy,
                appendonly = is_persistent
            );
        }
    }
}

/// Returns the value of a line `name:value`.
fn field<'a>(info: &'a str, name: &str) -> Option<&'a str> {
    info.lines().find_map(|line| line.trim_end().strip_prefix(name)?.strip_prefix(':'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_is_read_by_its_whole_name() {
        let info = "# Memory\r\nmaxmemory_policy_x:no\r\nmaxmemory_policy:allkeys-lru\r\n";
        assert_eq!(field(info, "maxmemory_policy"), Some("allkeys-lru"));
        assert_eq!(field(info, "maxmemory"), None);
    }
}
