//! The scheduling priority of the hashing threads.

/// Sets the calling thread to the lowest priority, so that hashing uses only time that the request handlers leave idle.
///
/// Best effort: if it fails, hashing competes with the rest of the server.
pub(super) fn lower_to_minimum() {
    // On Linux a nice value applies to a single thread, and `None` is the calling one. On other systems it would slow
    // down the whole process.
    #[cfg(target_os = "linux")]
    if let Err(error) = rustix::process::setpriority_process(None, 19) {
        use crate::event::{cause, operation};
        let cause = cause(&std::io::Error::from_raw_os_error(error.raw_os_error()));
        operation!(WARN, "hash_priority", "the hashing threads keep the normal priority", cause);
    }
}
