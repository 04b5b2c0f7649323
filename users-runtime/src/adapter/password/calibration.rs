//! A proposal of hash settings for this machine, by measurement.

use std::{fmt, num::NonZero, thread, time::Duration};

use argon2::Block;

use super::{Argon2Params, HashSettings, cost::Cost};
use crate::{
    adapter::clock,
    domain::{Error, Password, Result, Setting},
};

/// Hash settings for this machine, as proposed by [`Users::calibrate`](crate::Users::calibrate). Its `Display` form is a
/// report for people.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Calibration {
    /// The proposed settings.
    pub settings: HashSettings,
    /// The time of one hash, while each core hashes.
    pub hash_time: Duration,
    /// The memory that was available to the process, in MiB, if the system reports it.
    pub available_mib: Option<u32>,
}

/// Memory and minimum passes of the parameters that are considered, the best first: the memory of RFC 9106, section 4,
/// second choice, and two of OWASP's Password Storage Cheat Sheet.
const CHOICES: [(u32, u32); 3] = [(64 * 1024, 1), (46 * 1024, 1), (19 * 1024, 2)];

/// The share of the available memory that hashing may use.
const SHARE: u32 = 4;

/// The longest goal. The work of a stored hash is limited to about a second.
const LONGEST: Duration = Duration::from_secs(1);

impl Calibration {
    pub(crate) fn measure(goal: Duration) -> Result<Self> {
        if goal.is_zero() || goal > LONGEST {
            let message = format!("the time of a hash must be more than 0 and at most {} s", LONGEST.as_secs());
            return Err(Error::setting(Setting::Password, message));
        }
        let cores = thread::available_parallelism().map_or(1, NonZero::get);
        propose(goal, cores, available_mib(), time_of)
    }

    /// Returns the number of passwords that can be hashed in a second.
    #[must_use]
    pub fn logins_per_second(&self) -> f64 {
        self.settings.workers as f64 / self.hash_time.as_secs_f64()
    }
}

impl fmt::Display for Calibration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (params, settings) = (self.settings.params, &self.settings);
        let (memory, passes) = (params.memory_kib(), params.passes());
        writeln!(f, "Argon2id with {memory} KiB, {passes} passes, {} lane", params.lanes())?;
        writeln!(f, "one hash, while each core hashes: {:.1} ms", self.hash_time.as_secs_f64() * 1000.0)?;
        writeln!(f, "logins a second at most: {:.0}", self.logins_per_second())?;
        let threads = settings.workers + settings.helpers;
        writeln!(
            f,
            "memory of hashing at most: ({} workers + {} helpers) x {memory} KiB = {} MiB, within a budget of {} MiB",
            settings.workers,
            settings.helpers,
            mib(threads, memory).min(u64::from(settings.memory_budget_mib)),
            settings.memory_budget_mib,
        )?;
        if let Some(available) = self.available_mib {
            writeln!(f, "available memory: {available} MiB")?;
        }
        write!(
            f,
            "HashSettings::default().params(Argon2Params::new({memory}, {passes}, {})?).workers({}).helpers({}).memory_budget_mib({})",
            params.lanes(),
            settings.workers,
            settings.helpers,
            settings.memory_budget_mib,
        )
    }
}

/// Proposes settings. `time_of` returns the time of one hash with these parameters while this many threads hash.
fn propose(
    goal: Duration,
    cores: usize,
    available_mib: Option<u32>,
    time_of: impl Fn(Argon2Params, usize) -> Result<Duration>,
) -> Result<Calibration> {
    let mut settings = HashSettings::default().workers(cores).helpers(cores.div_ceil(4));
    let budget = available_mib.map_or(settings.memory_budget_mib, |mib| mib / SHARE);
    let threads = settings.workers + settings.helpers;
    let mut proposed = None;
    for (memory, least_passes) in CHOICES {
        if mib(threads, memory) > budget.into() {
            continue;
        }
        let least = Argon2Params::new(memory, least_passes, 1)?;
        let hash_time = time_of(least, cores)?;
        if hash_time <= goal {
            // Each pass takes about the same time.
            let fit = goal.as_secs_f64() / (hash_time.as_secs_f64() / f64::from(least_passes)).max(f64::EPSILON);
            let params = Argon2Params::with_passes_up_to(memory, fit as u32)?;
            proposed = Some((params, time_of(params, cores)?));
            break;
        }
    }
    // Never less than OWASP's recommendation, even if it exceeds the goal or the share of memory.
    let (params, hash_time) = match proposed {
        Some(proposed) => proposed,
        None => (Argon2Params::recommended(), time_of(Argon2Params::recommended(), cores)?),
    };
    let needed = u32::try_from(mib(threads, params.memory_kib())).unwrap_or(u32::MAX);
    let one_hash = u32::try_from(mib(1, params.memory_kib())).unwrap_or(u32::MAX);
    settings = settings.params(params).memory_budget_mib(needed.min(budget.max(one_hash)));
    Ok(Calibration { settings, hash_time, available_mib })
}

/// Returns the memory of this many hashes.
fn mib(hashes: usize, memory_kib: u32) -> u64 {
    (hashes as u64 * u64::from(memory_kib)).div_ceil(1024)
}

/// Returns the median time of a hash while each of the threads hashes.
fn time_of(params: Argon2Params, threads: usize) -> Result<Duration> {
    const ROUNDS: usize = 3;
    let measure = || {
        let mut blocks = vec![Block::new(); params.memory_kib() as usize];
        let password = Password::from("a password to measure with");
        let mut times = [Duration::ZERO; ROUNDS];
        for time in &mut times {
            let start = clock::monotonic();
            Cost::from(params).spend(&password, &mut blocks);
            *time = clock::monotonic() - start;
        }
        times
    };
    let mut times: Vec<Duration> = thread::scope(|scope| {
        let threads: Vec<_> = (0..threads).map(|_| thread::Builder::new().spawn_scoped(scope, measure)).collect();
        let times = threads.into_iter().map(|thread| Ok(thread?.join().unwrap_or([Duration::ZERO; ROUNDS])));
        times.collect::<std::io::Result<Vec<_>>>()
    })?
    .concat();
    times.sort();
    Ok(times[times.len() / 2])
}

/// Returns the memory that the process can still use: that of its container's limit, or that of the system.
fn available_mib() -> Option<u32> {
    let limit = ["/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"]
        .into_iter()
        .find_map(|path| std::fs::read_to_string(path).ok()?.trim().parse::<u64>().ok())
        .map(|bytes| bytes / (1024 * 1024));
    let system = std::fs::read_to_string("/proc/meminfo").ok().and_then(|text| available_in(&text));
    let least = limit.into_iter().chain(system).min()?;
    u32::try_from(least).ok()
}

/// Returns the available memory in MiB according to this content of `/proc/meminfo`.
fn available_in(meminfo: &str) -> Option<u64> {
    let line = meminfo.lines().find_map(|line| line.strip_prefix("MemAvailable:"))?;
    line.trim().strip_suffix(" kB")?.trim().parse::<u64>().ok().map(|kib| kib / 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A machine on which a pass over a KiB takes this long, and hashes of threads do not delay each other.
    fn machine(nanoseconds: u64) -> impl Fn(Argon2Params, usize) -> Result<Duration> {
        move |params, _| {
            Ok(Duration::from_nanos(nanoseconds * u64::from(params.memory_kib()) * u64::from(params.passes())))
        }
    }

    fn proposed(nanoseconds: u64, cores: usize, available_mib: Option<u32>) -> Calibration {
        propose(Duration::from_millis(100), cores, available_mib, machine(nanoseconds)).unwrap()
    }

    #[test]
    fn the_most_memory_and_then_the_most_passes_that_take_no_longer_than_the_goal() {
        let fast = proposed(400, 4, Some(16 * 1024));
        assert_eq!((fast.settings.params.memory_kib(), fast.settings.params.passes()), (64 * 1024, 3));
        assert!(fast.hash_time <= Duration::from_millis(100), "{fast}");
        let slow = proposed(1_800, 4, Some(16 * 1024));
        assert_eq!((slow.settings.params.memory_kib(), slow.settings.params.passes()), (46 * 1024, 1));
    }

    #[test]
    fn a_slow_machine_or_one_without_memory_gets_the_recommendation_of_owasp() {
        for (nanoseconds, available) in [(10_000, Some(16 * 1024)), (400, Some(64)), (400, Some(0))] {
            let calibration = proposed(nanoseconds, 2, available);
            assert_eq!(calibration.settings.params, Argon2Params::recommended(), "{nanoseconds} {available:?}");
            calibration.settings.check().unwrap();
        }
    }

    #[test]
    fn hashing_gets_a_quarter_of_the_memory_and_no_more_than_its_threads_need() {
        // Three threads with 64 MiB.
        assert_eq!(proposed(400, 2, Some(16 * 1024)).settings.memory_budget_mib, 192);
        // A quarter is 180 MiB: too little for that.
        let less = proposed(400, 2, Some(720)).settings;
        assert_eq!((less.params.memory_kib(), less.memory_budget_mib), (46 * 1024, 138));
        // Too little for any parameters: threads wait for each other.
        assert_eq!(proposed(400, 2, Some(160)).settings.memory_budget_mib, 40);
        assert_eq!(proposed(400, 2, Some(8)).settings.memory_budget_mib, 19);
    }

    #[test]
    fn the_work_of_a_hash_stays_within_its_limit_on_any_machine() {
        let calibration = propose(Duration::from_secs(1), 2, None, machine(1)).unwrap();
        assert_eq!(calibration.settings.params.passes(), Argon2Params::MAX_PASSES);
        assert!(calibration.settings.check().is_ok());
    }

    #[test]
    fn a_goal_that_is_zero_or_longer_than_a_second_is_refused() {
        for goal in [Duration::ZERO, Duration::from_millis(1001)] {
            assert!(Calibration::measure(goal).is_err());
        }
    }

    #[test]
    fn this_machine_is_measured_and_the_report_names_the_call() {
        let calibration = Calibration::measure(Duration::from_millis(1)).unwrap();
        assert!(calibration.hash_time > Duration::ZERO);
        let report = calibration.to_string();
        assert!(report.contains("Argon2Params::new(19456, 2, 1)"), "{report}");
        assert!(report.contains("memory of hashing at most"), "{report}");
    }

    #[test]
    fn the_available_memory_is_read_from_the_text_of_the_kernel() {
        assert_eq!(available_in("MemTotal:  9 kB\nMemAvailable:    2097152 kB\n"), Some(2048));
        assert_eq!(available_in("MemTotal:  9 kB\n"), None);
    }
}
