//! What every flow stands on: ports and settings put together.

mod loader;

pub use loader::Loader;
