//! Retries of database operations.

/// Repeats an operation while attempts are left and `$may` accepts its error, while a connection's prepared statements
/// are outdated, or in its own transaction after it was rolled back with others, and classifies the last error. The
/// operation gets the store of the attempt as `$base` and must use no other.
macro_rules! retry {
    ($store:expr, $may:expr, |$base:ident| $what:expr) => {
        $crate::adapter::sql::retry::repeated!($store, $may, |$base| $what).map_err(|error| $store.error(error))
    };
}

/// Repeats an operation like [`retry`] and returns the error of the database.
macro_rules! repeated {
    ($store:expr, $may:expr, |$base:ident| $what:expr) => {{
        let (mut attempts, mut repeats) = ($store.attempts(), $store.repeats());
        let (mut anew, mut alone) = (Vec::new(), None::<Box<_>>);
        loop {
            let $base = alone.as_deref().unwrap_or($store);
            let done = $what.await;
            match done {
                Err(error) if alone.is_none() && $store.was_undone_with_others(&error) => {
                    alone = Some(Box::new($store.alone()));
                }
                // It failed twice in the same way without any old prepared statement.
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
    use std::cell::{Cell, RefCell};

    /// A store whose operations fail in a given way.
    #[derive(Default)]
    struct Failing {
        /// Whether the schema may also cause the error, permanently.
        perhaps: bool,
        is_alone: bool,
        preparing_anew: Cell<u32>,
    }

    impl Failing {
        fn attempts(&self) -> u32 {
            1
        }

        fn repeats(&self) -> u32 {
            1000
        }

        fn is_outdated(&self, error: &str) -> bool {
            error == "42804"
        }

        fn is_perhaps_outdated(&self, _: &str) -> bool {
            self.perhaps
        }

        fn prepare_anew(&self) {
            self.preparing_anew.set(self.preparing_anew.get() + 1);
        }

        fn was_undone_with_others(&self, error: &str) -> bool {
            error == "undone"
        }

        fn alone(&self) -> Self {
            Self { is_alone: true, ..Self::default() }
        }

        fn error(&self, error: &'static str) -> &'static str {
            error
        }
    }

    #[tokio::test]
    async fn what_the_schema_may_cause_is_not_repeated_for_every_connection() {
        for (perhaps, expected) in [(true, 3), (false, 1001)] {
            let (store, runs) = (&Failing { perhaps, ..Failing::default() }, Cell::new(0));
            let operation = async |_: &Failing| {
                runs.set(runs.get() + 1);
                Err::<(), _>("42804")
            };
            let done = retry!(store, |_: &&str| false, |base| operation(base));
            assert_eq!((done, runs.get()), (Err("42804"), expected));
            assert_eq!(store.preparing_anew.get() > 0, perhaps);
        }
    }

    #[tokio::test]
    async fn what_was_rolled_back_with_others_is_repeated_alone_and_once() {
        let (store, runs) = (&Failing::default(), RefCell::new(Vec::new()));
        let operation = async |base: &Failing| {
            runs.borrow_mut().push(base.is_alone);
            Err::<(), _>("undone")
        };
        let done = retry!(store, |_: &&str| false, |base| operation(base));
        assert_eq!((done, runs.into_inner()), (Err("undone"), vec![false, true]));
    }
}
