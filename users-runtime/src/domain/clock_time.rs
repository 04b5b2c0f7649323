//! A point in time.

/// A point in time, UTC. Read it from the [`Clock`](crate::port::Clock) port, never on the spot.
pub type Timestamp = chrono::DateTime<chrono::Utc>;
