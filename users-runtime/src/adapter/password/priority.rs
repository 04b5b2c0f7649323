//! The scheduling priority of the hashing threads, and whether they get any CPU time at it.

#[cfg(target_os = "linux")]
use std::time::Duration;

#[cfg(target_os = "linux")]
use crate::adapter::clock::monotonic;

/// The CPU time that a thread has to get.
#[cfg(target_os = "linux")]
const PROOF: Duration = Duration::from_millis(5);

/// Sets the calling thread to the lowest priority, so that hashing uses only CPU time that the request handlers do not need.
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

/// Returns whether the calling thread gets CPU time: whether it can compute for 5 ms within 10 ms. A thread that has
/// just woken up gets a few milliseconds on any machine.
pub(super) fn gets_time() -> bool {
    #[cfg(target_os = "linux")]
    {
        let (start, used_before) = (monotonic(), used());
        while monotonic() - start < 2 * PROOF {
            if used().saturating_sub(used_before) >= PROOF {
                return true;
            }
            for _ in 0..1_000 {
                std::hint::spin_loop();
            }
        }
        false
    }
    #[cfg(not(target_os = "linux"))]
    true
}

/// Returns the CPU time that the calling thread has used.
#[cfg(target_os = "linux")]
fn used() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    Duration::try_from(time).unwrap_or_default()
}
