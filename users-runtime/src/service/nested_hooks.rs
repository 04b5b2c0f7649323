//! The hooks that are running in a task, so that a chain of hooks that trigger each other ends.

use tokio::task_local;

/// The maximum depth of nested hooks. A legitimate chain has two or three: a registration whose hook changes the user
/// and logs the user in.
const MAX_DEPTH: usize = 4;

task_local! {
    /// The names of the hooks that are running, the outermost first.
    static RUNNING: Vec<&'static str>;
}

/// A hook was not called, because the chain of hooks that triggered it is too long.
#[derive(Debug, thiserror::Error)]
#[error(
    "the hook {hook} was not called, because hooks cause each other: {}. Call Users from a hook only where it does not cause \
     the same hook again",
    .within.join(" > ")
)]
pub(crate) struct HookLoop {
    hook: &'static str,
    within: Vec<&'static str>,
}

/// Returns the hooks that are running in this task, to be passed to [`inside`] in another one.
pub(super) fn running() -> Vec<&'static str> {
    RUNNING.try_with(Clone::clone).unwrap_or_default()
}

/// Runs work that a chain of hooks caused.
pub(super) async fn inside<T>(running: Vec<&'static str>, work: impl Future<Output = T>) -> T {
    RUNNING.scope(running, work).await
}

/// Runs a hook of this name inside of those that are running.
///
/// # Errors
/// [`HookLoop`] if too many hooks are running.
pub(super) async fn enter<T>(hook: &'static str, work: impl Future<Output = T>) -> Result<T, HookLoop> {
    enter_unless(|within| within.len() >= MAX_DEPTH, hook, work).await
}

/// Runs a gate of this name inside of the hooks that are running. Every login passes several gates, so only gates of
/// the same name are counted.
///
/// # Errors
/// [`HookLoop`] if the gate triggered itself.
pub(super) async fn enter_gate<T>(gate: &'static str, work: impl Future<Output = T>) -> Result<T, HookLoop> {
    enter_unless(|within| within.iter().filter(|name| **name == gate).count() > 1, gate, work).await
}

async fn enter_unless<T>(
    is_loop: impl FnOnce(&[&'static str]) -> bool,
    hook: &'static str,
    work: impl Future<Output = T>,
) -> Result<T, HookLoop> {
    let mut within = running();
    if is_loop(&within) {
        return Err(HookLoop { hook, within });
    }
    within.push(hook);
    Ok(inside(within, work).await)
}
