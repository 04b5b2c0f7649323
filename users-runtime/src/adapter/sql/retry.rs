//! Retries of database operations.

/// Repeats an operation while attempts are left and `$may` accepts its error, or while a connection's prepared statements
/// are outdated, and classifies the last error.
macro_rules! retry {
    ($store:expr, $may:expr, $what:expr) => {
        $crate::adapter::sql::retry::repeated!($store, $may, $what).map_err(|error| $store.error(error))
    };
}

/// Repeats an operation like [`retry`] and returns the error of the database.
macro_rules! repeated {
    ($store:expr, $may:expr, $what:expr) => {{
        let (mut attempts, mut repeats) = ($store.attempts(), $store.repeats());
        let mut anew = Vec::new();
        loop {
            match $what.await {
                // It failed alike twice without any statement from before.
                Err(error) if anew.len() > 1 && $store.is_perhaps_outdated(&error) => break Err(error),
                Err(error) if repeats > 0 && $store.is_outdated(&error) => {
                    repeats -= 1;
                    if $store.is_perhaps_outdated(&error) {
                        anew.push($store.prepare_anew());
                    }
                }
                Err(error) if attempts > 1 && $may(&error) => attempts -= 1,
                done => break done,
            }
        }
    }};
}

pub(super) use repeated;
pub(super) use retry;

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    /// A store whose operations fail in one way.
    struct Failing {
        /// Whether the schema causes the error as well, every time.
        perhaps: bool,
        preparing_anew: Cell<u32>,
    }

    impl Failing {
        fn attempts(&self) -> u32 {
            1
        }

        fn repeats(&self) -> u32 {
            1000
        }

        fn is_outdated(&self, _: &str) -> bool {
            true
        }

        fn is_perhaps_outdated(&self, _: &str) -> bool {
            self.perhaps
        }

        fn prepare_anew(&self) {
            self.preparing_anew.set(self.preparing_anew.get() + 1);
        }

        fn error(&self, error: &'static str) -> &'static str {
            error
        }
    }

    #[tokio::test]
    async fn what_the_schema_may_cause_is_not_repeated_for_every_connection() {
        for (perhaps, expected) in [(true, 3), (false, 1001)] {
            let (store, runs) = (Failing { perhaps, preparing_anew: Cell::new(0) }, Cell::new(0));
            let operation = async || {
                runs.set(runs.get() + 1);
                Err::<(), _>("42804")
            };
            let done = retry!(store, |_: &&str| false, operation());
            assert_eq!((done, runs.get()), (Err("42804"), expected));
            assert_eq!(store.preparing_anew.get() > 0, perhaps);
        }
    }
}
