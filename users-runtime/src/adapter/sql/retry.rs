//! Retries of database operations.

/// Repeats an operation while attempts are left and `$may` accepts its error.
macro_rules! retry {
    ($store:expr, $may:expr, $what:expr) => {{
        let mut attempts = $store.attempts();
        loop {
            match $what.await {
                Err(error) if attempts > 1 && $may(&error) => attempts -= 1,
                done => break done.map_err(|error| $store.error(error)),
            }
        }
    }};
}

pub(super) use retry;
