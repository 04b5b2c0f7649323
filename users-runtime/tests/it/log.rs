//! Captures the `tracing` output of a test. `tests/it` includes this file by its path.
#![allow(dead_code, reason = "each test package uses a part of this module")]

use std::{
    io::Write,
    sync::{Arc, LazyLock, Mutex},
};

use tracing::{
    Dispatch, Level,
    subscriber::{DefaultGuard, NoSubscriber},
};
use tracing_subscriber::{filter::Targets, layer::SubscriberExt as _};

/// As long as there is only one dispatcher, `tracing` asks that of the thread which reaches a line first whether the line is
/// of interest. That thread may belong to another test, and the line is then lost to this one.
static SECOND: LazyLock<Dispatch> = LazyLock::new(|| Dispatch::new(NoSubscriber::default()));

/// Captures the log of the current thread. With a single-threaded runtime that is the whole service.
#[derive(Clone, Default)]
pub struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    /// Captures events of `level` and above until the guard is dropped.
    pub fn start(level: Level) -> (Self, DefaultGuard) {
        LazyLock::force(&SECOND);
        let log = Self::default();
        let writer = log.clone();
        let subscriber = tracing_subscriber::fmt()
            .with_max_level(level)
            .with_ansi(false)
            .with_writer(move || writer.clone())
            .finish();
        (log, tracing::subscriber::set_default(subscriber))
    }

    /// Captures what a filter such as `axum_users=info` shows, until the guard is dropped.
    pub fn filtered(filter: &str) -> (Self, DefaultGuard) {
        LazyLock::force(&SECOND);
        let log = Self::default();
        let writer = log.clone();
        let lines = tracing_subscriber::fmt::layer().with_ansi(false).with_writer(move || writer.clone());
        let filter: Targets = filter.parse().unwrap();
        (log, tracing::subscriber::set_default(tracing_subscriber::registry().with(lines).with(filter)))
    }

    /// Takes the text so far.
    pub fn take(&self) -> String {
        String::from_utf8(std::mem::take(&mut *self.0.lock().unwrap())).unwrap()
    }

    /// Returns the lines so far that contain `part`.
    pub fn lines(&self, part: &str) -> Vec<String> {
        let text = String::from_utf8(self.0.lock().unwrap().clone()).unwrap();
        text.lines().filter(|line| line.contains(part)).map(str::to_owned).collect()
    }
}

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
