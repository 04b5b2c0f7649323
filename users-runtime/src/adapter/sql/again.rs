//! Asking a database again.

/// Tries something again as long as its error `may` be gone then.
macro_rules! again {
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

pub(super) use again;
