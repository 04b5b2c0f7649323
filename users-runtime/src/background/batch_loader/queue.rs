//! The queue of lookups, and the slots in which their callers wait.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Waker},
};

/// After this many consecutive single lookups, the next one does not wait for others. Under load a few of them arrive
/// while a query runs.
const LONE: u32 = 16;

/// Lookups that wait for a query, in the order of arrival, and the number of queries in progress.
pub(super) struct Queue<T, R> {
    state: Mutex<State<T, R>>,
    most_queries: usize,
    largest_batch: usize,
}

struct State<T, R> {
    waiting: VecDeque<Arc<Slot<T, R>>>,
    queries: usize,
    /// How many lookups arrived one after the other, each while no query ran and no other waited.
    lone: u32,
}

/// One lookup, and its reply.
pub(super) struct Slot<T, R> {
    item: T,
    stage: Mutex<Stage<R>>,
}

/// The stage of a lookup. The waker is that of its caller, once it was polled.
enum Stage<R> {
    /// In the queue.
    Waiting(Option<Waker>),
    /// In a query.
    Asked(Option<Waker>),
    /// The reply is available.
    Answered(R),
    /// The caller has received the reply, or has left.
    Gone,
}

impl<T, R> Queue<T, R> {
    pub(super) fn new(most_queries: usize, largest_batch: usize) -> Self {
        Self { state: Mutex::new(State { waiting: VecDeque::new(), queries: 0, lone: 0 }), most_queries, largest_batch }
    }

    /// Returns the state. No code that can panic runs under the lock, so a poisoned lock still guards a valid state.
    fn state(&self) -> MutexGuard<'_, State<T, R>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Appends a lookup. Returns whether others may arrive at the same time, as they do under load.
    pub(super) fn join(&self, item: T) -> (Arc<Slot<T, R>>, bool) {
        let slot = Arc::new(Slot { item, stage: Mutex::new(Stage::Waiting(None)) });
        let mut state = self.state();
        state.waiting.push_back(Arc::clone(&slot));
        let is_alone = state.queries == 0 && state.waiting.len() == 1;
        state.lone = if is_alone { state.lone.saturating_add(1) } else { 0 };
        (slot, state.lone <= LONE)
    }

    /// Returns lookups for a query that the caller with this slot runs, and then passes to [`Queue::end`]. Returns `None` if
    /// its lookup is in a query already, or if no further query may start; the caller is woken when that changes.
    pub(super) fn start(&self, own: &Slot<T, R>) -> Option<Vec<Arc<Slot<T, R>>>> {
        let mut state = self.state();
        if state.queries >= self.most_queries || !own.is_waiting() {
            return None;
        }
        state.queries += 1;
        let mut batch = Vec::with_capacity(state.waiting.len().min(self.largest_batch));
        while batch.len() < self.largest_batch
            && let Some(slot) = state.waiting.pop_front()
        {
            // The caller runs the query and need not be woken.
            if slot.ask(!std::ptr::eq(&*slot, own)) {
                batch.push(slot);
            }
        }
        self.wake_next(state);
        Some(batch)
    }

    /// Ends a query. Lookups without a reply return to the front of the queue.
    pub(super) fn end(&self, unanswered: Vec<Arc<Slot<T, R>>>) {
        let mut state = self.state();
        for slot in unanswered.into_iter().rev() {
            if slot.wait_again() {
                state.waiting.push_front(slot);
            }
        }
        state.queries -= 1;
        self.wake_next(state);
    }

    /// Withdraws a lookup. Its caller may have been woken to start a query, so another caller is woken instead.
    pub(super) fn leave(&self, slot: &Slot<T, R>) {
        if slot.leave() {
            self.wake_next(self.state());
        }
    }

    /// Wakes the first waiting caller, if a query may start.
    fn wake_next(&self, mut state: MutexGuard<'_, State<T, R>>) {
        if state.queries >= self.most_queries {
            return;
        }
        while let Some(first) = state.waiting.front() {
            if first.is_waiting() {
                // A caller without a waker was not polled yet, or has yielded and will be polled again.
                let waker = first.waker();
                drop(state);
                waker.inspect(Waker::wake_by_ref);
                return;
            }
            state.waiting.pop_front();
        }
    }

    /// Continues as after many single lookups.
    #[cfg(test)]
    pub(super) fn after_lone_lookups(&self) {
        self.state().lone = LONE;
    }

    #[cfg(test)]
    pub(super) fn is_idle(&self) -> bool {
        let state = self.state();
        state.queries == 0 && !state.waiting.iter().any(|slot| slot.is_waiting())
    }
}

impl<T, R> Slot<T, R> {
    pub(super) fn item(&self) -> &T {
        &self.item
    }

    fn stage(&self) -> MutexGuard<'_, Stage<R>> {
        self.stage.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn is_waiting(&self) -> bool {
        matches!(&*self.stage(), Stage::Waiting(_))
    }

    fn waker(&self) -> Option<Waker> {
        match &*self.stage() {
            Stage::Waiting(waker) => waker.clone(),
            _ => None,
        }
    }

    /// Takes the reply, or registers the waker.
    pub(super) fn poll_reply(&self, context: &Context<'_>) -> Option<R> {
        let mut stage = self.stage();
        if let Stage::Waiting(waker) | Stage::Asked(waker) = &mut *stage {
            match waker {
                Some(waker) => waker.clone_from(context.waker()),
                None => *waker = Some(context.waker().clone()),
            }
            return None;
        }
        match std::mem::replace(&mut *stage, Stage::Gone) {
            Stage::Answered(reply) => Some(reply),
            _ => None,
        }
    }

    /// Moves a lookup from the queue into a query. Returns `false` if its caller left.
    fn ask(&self, wakes: bool) -> bool {
        let mut stage = self.stage();
        match &mut *stage {
            Stage::Waiting(waker) => *stage = Stage::Asked(waker.take().filter(|_| wakes)),
            _ => return false,
        }
        true
    }

    /// Moves a lookup from a query back into the queue. Returns `false` if its caller left.
    fn wait_again(&self) -> bool {
        let mut stage = self.stage();
        match &mut *stage {
            Stage::Asked(waker) => *stage = Stage::Waiting(waker.take()),
            _ => return false,
        }
        true
    }

    /// Sends the reply of a lookup, unless its caller left.
    pub(super) fn answer(&self, reply: R) {
        let mut stage = self.stage();
        if let Stage::Asked(waker) = &mut *stage {
            let waker = waker.take();
            *stage = Stage::Answered(reply);
            drop(stage);
            waker.inspect(Waker::wake_by_ref);
        }
    }

    /// Returns `true` if the lookup was in the queue.
    fn leave(&self) -> bool {
        let left = std::mem::replace(&mut *self.stage(), Stage::Gone);
        matches!(left, Stage::Waiting(_))
    }
}
