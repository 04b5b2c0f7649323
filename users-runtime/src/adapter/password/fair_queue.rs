//! A queue that shares its turns and its places fairly among sources.
//!
//! * **Order.** Each source has a lane, first in, first out. Across lanes, the order is start-time fair queueing (Goyal
//!   and others, 1996) for jobs of equal weight: a job gets the current turn, or the one after the previous job of its
//!   lane, whichever is later; the lowest turn is served first. So the first job of a source does not wait for a
//!   backlog of another source.
//! * **No starvation.** Once a job is the first and has been inspected, its turn becomes the current one, and no later
//!   job gets ahead of it, even if it has to wait for memory.
//! * **Places.** The queue is bounded. When it is full, a job replaces the newest one of the longest lane, if that lane stays at
//!   least as long as its own; otherwise the job is refused. So a source is refused only if no other one has more jobs waiting.

use std::collections::{BTreeMap, HashMap};

use crate::port::WorkSource;

/// A job in the queue.
pub(super) trait Queued {
    /// Returns `true` if no request waits for the job any more.
    fn is_gone(&self) -> bool;
}

pub(super) struct FairQueue<J> {
    capacity: usize,
    jobs: BTreeMap<Place, (WorkSource, J)>,
    lanes: HashMap<WorkSource, Lane>,
    /// The current turn.
    turn: u64,
    /// The number of the next job, which orders jobs of the same turn.
    number: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Place {
    turn: u64,
    number: u64,
}

/// The waiting jobs of one source. A lane without jobs is removed, so there are at most as many as places.
struct Lane {
    waiting: usize,
    next_turn: u64,
}

/// What happened to a new job.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Put<J> {
    Queued,
    /// It replaced this job, which is removed from the queue.
    Replaced(J),
    Refused,
}

impl<J: Queued> FairQueue<J> {
    pub(super) fn new(capacity: usize) -> Self {
        Self { capacity, jobs: BTreeMap::new(), lanes: HashMap::new(), turn: 0, number: 0 }
    }

    pub(super) fn len(&self) -> usize {
        self.jobs.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.jobs.is_empty()
    }

    /// Adds a job.
    pub(super) fn put(&mut self, source: WorkSource, job: J) -> Put<J> {
        let out = if self.is_full() {
            match self.longest_beyond(source) {
                Some(longest) => self.remove_newest(longest),
                None => return Put::Refused,
            }
        } else {
            None
        };
        let now = self.turn;
        let lane = self.lanes.entry(source).or_insert(Lane { waiting: 0, next_turn: now });
        let turn = lane.next_turn.max(now);
        lane.waiting += 1;
        lane.next_turn = turn + 1;
        self.jobs.insert(Place { turn, number: self.number }, (source, job));
        self.number += 1;
        out.map_or(Put::Queued, Put::Replaced)
    }

    /// Returns `true` if a job of this source would be refused now.
    pub(super) fn would_refuse(&mut self, source: WorkSource) -> bool {
        self.is_full() && self.longest_beyond(source).is_none()
    }

    /// Returns the job whose turn it is. From now on, no other job gets ahead of it.
    pub(super) fn first(&mut self) -> Option<&J> {
        while self.jobs.first_key_value().is_some_and(|(_, (_, job))| job.is_gone()) {
            self.pop_first();
        }
        let (place, (_, job)) = self.jobs.first_key_value()?;
        self.turn = self.turn.max(place.turn);
        Some(job)
    }

    /// Removes the job whose turn it is.
    pub(super) fn pop_first(&mut self) -> Option<J> {
        let (place, (source, job)) = self.jobs.pop_first()?;
        self.turn = self.turn.max(place.turn);
        self.leave_lane(source);
        Some(job)
    }

    /// Returns whether every place is taken by a job for which a request is waiting.
    fn is_full(&mut self) -> bool {
        if self.jobs.len() < self.capacity {
            return false;
        }
        let gone: Vec<_> = self.jobs.iter().filter(|(_, (_, job))| job.is_gone()).map(|(place, _)| *place).collect();
        for place in gone {
            if let Some((source, _)) = self.jobs.remove(&place) {
                self.leave_lane(source);
            }
        }
        self.jobs.len() >= self.capacity
    }

    /// Returns the source of the longest lane, if this lane would still be as long as the one of `source` after giving
    /// up a place to it.
    fn longest_beyond(&self, source: WorkSource) -> Option<WorkSource> {
        let own = self.lanes.get(&source).map_or(0, |lane| lane.waiting);
        let (longest, lane) = self.lanes.iter().max_by_key(|(_, lane)| lane.waiting)?;
        (lane.waiting > own + 1).then_some(*longest)
    }

    fn remove_newest(&mut self, source: WorkSource) -> Option<J> {
        let place = *self.jobs.iter().rev().find(|(_, (owner, _))| *owner == source)?.0;
        let (_, job) = self.jobs.remove(&place)?;
        if let Some(lane) = self.lanes.get_mut(&source) {
            lane.next_turn = place.turn;
        }
        self.leave_lane(source);
        Some(job)
    }

    fn leave_lane(&mut self, source: WorkSource) {
        if let Some(lane) = self.lanes.get_mut(&source) {
            lane.waiting -= 1;
            if lane.waiting == 0 {
                self.lanes.remove(&source);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{cell::Cell, rc::Rc};

    use super::*;

    /// A job with the name of its source and a number.
    #[derive(Debug, Clone, PartialEq)]
    struct Named(String, Rc<Cell<bool>>);

    impl Queued for Named {
        fn is_gone(&self) -> bool {
            self.1.get()
        }
    }

    fn source(name: char) -> WorkSource {
        WorkSource::of(Some([10, 0, 0, name as u8].into()))
    }

    fn job(name: &str) -> Named {
        Named(name.to_owned(), Rc::default())
    }

    fn put(queue: &mut FairQueue<Named>, name: &str) -> String {
        match queue.put(source(name.chars().next().unwrap()), job(name)) {
            Put::Queued => "queued".to_owned(),
            Put::Replaced(out) => format!("instead of {}", out.0),
            Put::Refused => "refused".to_owned(),
        }
    }

    fn drain(queue: &mut FairQueue<Named>) -> String {
        let mut order = Vec::new();
        while queue.first().is_some() {
            order.push(queue.pop_first().unwrap().0);
        }
        assert!(queue.lanes.is_empty());
        order.join(" ")
    }

    fn filled(capacity: usize, names: &str) -> FairQueue<Named> {
        let mut queue = FairQueue::new(capacity);
        for name in names.split_whitespace() {
            assert_eq!(put(&mut queue, name), "queued", "{name}");
        }
        queue
    }

    #[test]
    fn jobs_of_one_source_are_first_in_first_out() {
        assert_eq!(drain(&mut filled(8, "a1 a2 a3 a4")), "a1 a2 a3 a4");
    }

    #[test]
    fn sources_take_turns() {
        assert_eq!(drain(&mut filled(16, "a1 a2 a3 a4 b1 b2 c1")), "a1 b1 c1 a2 b2 a3 a4");
    }

    #[test]
    fn the_first_job_of_a_source_waits_for_no_backlog_of_another() {
        let mut queue = filled(16, "a1 a2 a3 a4 a5");
        for _ in 0..3 {
            queue.pop_first();
        }
        put(&mut queue, "b1");
        assert_eq!(queue.first().unwrap().0, "b1");
        put(&mut queue, "b2");
        assert_eq!(drain(&mut queue), "b1 a4 b2 a5");
    }

    #[test]
    fn a_source_that_comes_again_and_again_gets_every_second_turn() {
        let mut queue = filled(64, "a1 a2 a3 a4 a5 a6");
        let mut order = Vec::new();
        for number in 0..6 {
            put(&mut queue, &format!("b{number}"));
            order.extend([queue.pop_first().unwrap().0, queue.pop_first().unwrap().0]);
        }
        assert_eq!(order.iter().filter(|name| name.starts_with('a')).count(), 6, "{order:?}");
    }

    #[test]
    fn no_later_job_gets_ahead_of_the_one_that_waits_for_memory() {
        let mut queue = filled(16, "a1 a2");
        queue.pop_first();
        assert_eq!(queue.first().unwrap().0, "a2", "looked at, and too large for now");
        for name in ["b1", "c1", "d1"] {
            put(&mut queue, name);
            assert_eq!(queue.first().unwrap().0, "a2");
        }
        assert_eq!(drain(&mut queue), "a2 b1 c1 d1");
    }

    #[test]
    fn a_full_queue_takes_places_from_the_longest_lane() {
        let mut queue = filled(4, "a1 a2 a3 a4");
        assert!(queue.would_refuse(source('a')) && !queue.would_refuse(source('b')));
        assert_eq!(put(&mut queue, "a5"), "refused");
        assert_eq!(put(&mut queue, "b1"), "instead of a4");
        assert_eq!(put(&mut queue, "b2"), "instead of a3");
        assert!(queue.would_refuse(source('a')) && queue.would_refuse(source('b')));
        assert_eq!(put(&mut queue, "b3"), "refused", "both have two");
        assert_eq!(put(&mut queue, "a6"), "refused");
        assert!(["instead of a2", "instead of b2"].contains(&put(&mut queue, "c1").as_str()));
        assert_eq!(put(&mut queue, "c2"), "refused", "c would be longer than the rest");
        assert_eq!(queue.len(), 4);
    }

    #[test]
    fn a_lane_that_lost_its_newest_job_continues_with_that_turn() {
        let mut queue = filled(4, "a1 a2 a3 a4");
        put(&mut queue, "b1");
        queue.pop_first();
        put(&mut queue, "a5");
        assert_eq!(drain(&mut queue), "b1 a2 a3 a5");
    }

    #[test]
    fn jobs_that_nobody_waits_for_free_their_places_and_are_skipped() {
        let mut queue = FairQueue::new(2);
        let (left, stays) = (job("a1"), job("a2"));
        assert_eq!(queue.put(source('a'), left.clone()), Put::Queued);
        assert_eq!(queue.put(source('a'), stays), Put::Queued);
        assert!(queue.would_refuse(source('a')));
        left.1.set(true);
        assert!(!queue.would_refuse(source('a')));
        assert_eq!(put(&mut queue, "a3"), "queued");
        assert_eq!(drain(&mut queue), "a2 a3");
        let gone = job("b1");
        queue.put(source('b'), gone.clone());
        gone.1.set(true);
        assert!(queue.first().is_none() && queue.is_empty());
    }

    #[test]
    fn as_many_sources_as_places_share_them() {
        let mut queue = filled(4, "a1 b1 c1 d1");
        assert_eq!(put(&mut queue, "e1"), "refused", "every place is taken by another source");
        assert_eq!(drain(&mut queue), "a1 b1 c1 d1");
    }
}
