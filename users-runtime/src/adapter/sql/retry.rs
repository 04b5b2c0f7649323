//! Retries of database operations.

/// Repeats an operation while attempts are left and `$may` accepts its error, or while a connection's prepared statements
/// are outdated.
macro_rules! retry {
    ($store:expr, $may:expr, $what:expr) => {{
        let (mut attempts, mut repeats) = ($store.attempts(), $store.repeats());
        loop {
            match $what.await {
                Err(error) if repeats > 0 && $store.is_outdated(&error) => repeats -= 1,
                Err(error) if attempts > 1 && $may(&error) => attempts -= 1,
                done => break done.map_err(|error| $store.error(error)),
            }
        }
    }};
}

pub(super) use retry;
