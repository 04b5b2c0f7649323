//! The scheduling priority of the threads that hash.

/// Gives the calling thread the lowest priority, so that hashing only takes the time that answering leaves over.
///
/// Best effort: where it cannot be done, hashing competes with the rest of the server.
pub(super) fn lower_to_minimum() {
    // On Linux a nice value belongs to a thread, and `None` means the calling one. Elsewhere it would slow the whole process.
    #[cfg(target_os = "linux")]
    if let Err(error) = rustix::process::setpriority_process(None, 19) {
        tracing::warn!(event = "hash_priority", %error, "the threads that hash passwords keep the normal priority");
    }
}
