//! Every order in which callers can be polled and cancelled and queries can end, for a few callers: a scheduler that
//! tries all choices one after the other.

use std::{
    collections::BTreeMap,
    sync::{
        Mutex,
        atomic::{AtomicBool, Ordering},
    },
    task::{Wake, Waker},
};

use super::{super::*, Gate, Then, lookup, users};
use crate::{adapter::MemoryStore, port::BoxFuture, testing::users::User};

/// The events that may happen in addition to polling callers.
#[derive(Clone, Copy)]
struct Scenario {
    callers: usize,
    cancellations: usize,
    most_queries: usize,
    largest_batch: usize,
    outcomes: &'static [Then],
    /// Whether the lookups before the first caller were single ones.
    after_lone_lookups: bool,
}

/// The choices of one run. The next run differs in the last choice that has an alternative left.
#[derive(Default)]
struct Choices {
    taken: Vec<(usize, usize)>,
    position: usize,
}

impl Choices {
    /// Returns a number below `alternatives`.
    fn choose(&mut self, alternatives: usize) -> usize {
        if self.position == self.taken.len() {
            self.taken.push((0, alternatives));
        }
        let (choice, known) = self.taken[self.position];
        assert_eq!(known, alternatives, "a run is determined by its choices");
        self.position += 1;
        choice
    }

    /// Prepares the next run. Returns `false` after the last one.
    fn next_run(&mut self) -> bool {
        self.position = 0;
        while let Some((choice, alternatives)) = self.taken.pop() {
            if choice + 1 < alternatives {
                self.taken.push((choice + 1, alternatives));
                return true;
            }
        }
        false
    }
}

#[derive(Default)]
struct Flag(AtomicBool);

impl Wake for Flag {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::SeqCst);
    }
}

/// The queries in progress, and how they end.
#[derive(Default)]
struct Queries(Mutex<BTreeMap<usize, Query>>);

#[derive(Default)]
struct Query {
    then: Option<Then>,
    waker: Option<Waker>,
}

/// A query that waits until the scheduler ends it, or until its caller is dropped.
struct Running(Arc<Queries>, usize);

impl Future for Running {
    type Output = Then;

    fn poll(self: std::pin::Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Then> {
        let mut queries = self.0.0.lock().unwrap();
        let query = queries.entry(self.1).or_default();
        query.waker = Some(context.waker().clone());
        query.then.map_or(Poll::Pending, Poll::Ready)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.0.0.lock().unwrap().remove(&self.1);
    }
}

struct Caller {
    future: Option<BoxFuture<'static, LookupResult<User>>>,
    woken: Arc<Flag>,
    /// The number of queries that had started when the caller was polled for the first time, and its place among the
    /// callers.
    arrival: Option<(usize, usize)>,
    result: Option<LookupResult<User>>,
}

#[derive(Clone, Copy)]
enum Step {
    Poll(usize),
    Cancel(usize),
    End(usize, Then),
}

/// Runs a scenario once.
fn run(scenario: Scenario, users: &Arc<MemoryStore<User>>, choices: &mut Choices) {
    let queries = Arc::new(Queries::default());
    let of_gate = Arc::clone(&queries);
    let gate = Arc::new(Gate::new(Arc::clone(users), move |number| {
        of_gate.0.lock().unwrap().insert(number, Query::default());
        Box::pin(Running(Arc::clone(&of_gate), number))
    }));
    let loader = BatchLoader::with_limits(Arc::clone(&gate) as _, scenario.most_queries, scenario.largest_batch);
    if scenario.after_lone_lookups {
        loader.shared.queue.after_lone_lookups();
    }
    let mut callers: Vec<Caller> = (1..=scenario.callers as u128)
        .map(|number| {
            let loader = loader.clone();
            Caller {
                future: Some(Box::pin(async move { loader.find(lookup(number)).await })),
                woken: Arc::new(Flag(AtomicBool::new(true))),
                arrival: None,
                result: None,
            }
        })
        .collect();
    let (mut cancellations, mut arrivals, mut down) = (0, 0, false);

    loop {
        let mut steps = Vec::new();
        for (index, caller) in callers.iter().enumerate().filter(|(_, caller)| caller.future.is_some()) {
            if caller.woken.0.load(Ordering::SeqCst) {
                steps.push(Step::Poll(index));
            }
            if cancellations < scenario.cancellations && caller.arrival.is_some() {
                steps.push(Step::Cancel(index));
            }
        }
        for (number, query) in queries.0.lock().unwrap().iter().filter(|(_, query)| query.then.is_none()) {
            assert!(query.waker.is_some(), "a query that was started is polled");
            steps.extend(scenario.outcomes.iter().map(|then| Step::End(*number, *then)));
        }
        if steps.is_empty() {
            break;
        }
        match steps[choices.choose(steps.len())] {
            Step::Poll(index) => {
                let started = gate.queries.lock().unwrap().len();
                let caller = &mut callers[index];
                caller.woken.0.store(false, Ordering::SeqCst);
                if caller.arrival.is_none() {
                    caller.arrival = Some((started, arrivals));
                    arrivals += 1;
                }
                let waker = Waker::from(Arc::clone(&caller.woken));
                let future = caller.future.as_mut().unwrap();
                if let Poll::Ready(result) = future.as_mut().poll(&mut Context::from_waker(&waker)) {
                    (caller.future, caller.result) = (None, Some(result));
                }
            }
            Step::Cancel(index) => {
                callers[index].future = None;
                cancellations += 1;
            }
            Step::End(number, then) => {
                down |= then == Then::Unavailable;
                let mut running = queries.0.lock().unwrap();
                let query = running.get_mut(&number).unwrap();
                query.then = Some(then);
                query.waker.take().unwrap().wake();
            }
        }
        let running = queries.0.lock().unwrap().values().filter(|query| query.then.is_none()).count();
        let alone = scenario.outcomes.contains(&Then::FailIfMany);
        assert!(alone || running <= scenario.most_queries, "{running} queries at once");
    }

    let asked = gate.queries.lock().unwrap().clone();
    let first_query = |index: usize| {
        let id = uuid::Uuid::from_u128(index as u128 + 1);
        asked.iter().position(|wanted| wanted.contains(&id))
    };
    for (index, caller) in callers.iter().enumerate() {
        assert!(caller.future.is_none(), "caller {index} waits forever");
        let Some(result) = &caller.result else { continue };
        match result {
            Ok(found) => assert_eq!(found.as_ref().unwrap().user.id.as_u128(), index as u128 + 1),
            Err(error) => assert!(down && matches!(error, StoreError::Unavailable(_)), "{error}"),
        }
        let (started, place) = caller.arrival.unwrap();
        let query = first_query(index).unwrap();
        assert!(query >= started, "the result is of a query that started after the arrival");
        for (other, later) in callers.iter().enumerate() {
            let is_later = later.arrival.is_some_and(|(_, of_other)| of_other > place);
            let order = first_query(other).is_none_or(|of_other| query <= of_other);
            assert!(!is_later || order, "the queue is in the order of arrival");
        }
    }
    assert!(asked.iter().all(|wanted| wanted.len() <= scenario.largest_batch));
    assert!(loader.shared.queue.is_idle(), "the loader is idle at the end");
}

/// Runs a scenario in every order, and returns the number of orders. No runtime may be around it, which would defer the
/// wake-up of a caller that yields.
fn explore(scenario: Scenario) -> usize {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let (users, mut choices, mut runs) = (runtime.block_on(users()), Choices::default(), 0);
    loop {
        run(scenario, &users, &mut choices);
        runs += 1;
        if !choices.next_run() {
            return runs;
        }
    }
}

const USUAL: Scenario = Scenario {
    callers: 3,
    cancellations: 0,
    most_queries: 2,
    largest_batch: 3,
    outcomes: &[Then::Succeed],
    after_lone_lookups: false,
};

#[test]
fn every_order_of_callers_ends_with_their_results() {
    for (most_queries, largest_batch) in [(1, 1), (1, 2), (1, 3), (2, 1), (2, 2), (2, 3)] {
        let runs = explore(Scenario { most_queries, largest_batch, ..USUAL });
        assert!(runs > 1000, "{runs}");
    }
    let runs = explore(Scenario { after_lone_lookups: true, ..USUAL });
    assert!(runs > 1000, "{runs}");
}

#[test]
fn cancellations_at_every_point_leave_nobody_waiting() {
    for (most_queries, largest_batch) in [(1, 2), (1, 3), (2, 2), (2, 3)] {
        let cancellations = 1;
        let runs = explore(Scenario { most_queries, largest_batch, cancellations, ..USUAL });
        assert!(runs > 1000, "{runs}");
        // Two callers, both of which may be cancelled.
        let (callers, cancellations) = (2, 2);
        for after_lone_lookups in [false, true] {
            explore(Scenario { most_queries, largest_batch, callers, cancellations, after_lone_lookups, ..USUAL });
        }
    }
}

#[test]
fn failures_at_every_point_reach_their_callers_only() {
    let (unavailable, one_bad_row) = (&[Then::Succeed, Then::Unavailable], &[Then::FailIfMany]);
    for (most_queries, callers, outcomes) in
        [(1, 3, &unavailable[..]), (2, 2, unavailable), (1, 2, one_bad_row), (2, 2, one_bad_row)]
    {
        let runs = explore(Scenario { most_queries, callers, outcomes, ..USUAL });
        assert!(runs > 50, "{runs}");
    }
}
