//! Hashes of other systems: exactly the hashes made by their own software (`data/foreign_hashes.py`) verify.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use serde::Deserialize;
use tracing::Level;
use users_runtime::{
    Password, PasswordHash,
    env::{OsRandom, SystemClock},
    password::{
        Argon2Params, Devise, Django, Firebase, ForeignHash, HashCost, HashError, HashSettings, HashVerifier, Hashing,
        PasswordHasher as _, RehashRule, UnfitHash, Verification, Werkzeug,
    },
};

use crate::log::Log;

/// A line of the data file.
#[derive(Deserialize)]
struct Made {
    system: String,
    kind: String,
    password: String,
    stored: String,
    /// Other passwords have the same bcrypt hash, because of truncation.
    #[serde(default)]
    unsure: bool,
    config: Option<serde_json::Value>,
}

impl Made {
    fn all() -> Vec<Self> {
        let made: Vec<Self> = include_str!("../data/foreign_hashes.jsonl")
            .lines()
            .map(|line| serde_json::from_str(line).expect("a valid line of the data file"))
            .collect();
        for (system, at_least) in [("django", 40), ("werkzeug", 20), ("devise", 15), ("firebase", 7)] {
            assert!(made.iter().filter(|made| made.system == system).count() >= at_least, "{system}");
        }
        made
    }

    fn verifier(&self) -> Box<dyn HashVerifier> {
        let config = |at: usize| self.config.as_ref().and_then(|config| config[at].as_str()).unwrap();
        match &*self.system {
            "django" => Box::new(Django::new().allow_sha1()),
            "werkzeug" => Box::new(Werkzeug::new().allow_sha1()),
            "devise" => Box::new(Devise::new(self.config.as_ref().and_then(|pepper| pepper.as_str()).unwrap())),
            "firebase" => Box::new(Firebase::new(config(0), config(1)).unwrap()),
            other => panic!("{other}"),
        }
    }

    fn hash(&self) -> Box<dyn ForeignHash> {
        self.verifier().read(&self.stored).expect("known").expect("well-formed")
    }

    fn is_usable(&self) -> bool {
        self.kind != "unusable"
    }

    /// Returns whether the hash has a low cost.
    fn is_cheap(&self) -> bool {
        self.is_usable() && self.hash().cost().work < 50_000
    }
}

/// Wraps a boxed verifier.
struct Boxed(Box<dyn HashVerifier>);

impl HashVerifier for Boxed {
    fn name(&self) -> &'static str {
        self.0.name()
    }

    fn read(&self, stored: &str) -> Option<Result<Box<dyn ForeignHash>, UnfitHash>> {
        self.0.read(stored)
    }
}

/// Without helpers, which compute a second time what a busy machine delays: some tests count computations. Patient, since other
/// tests use the same processors.
fn settings() -> HashSettings {
    HashSettings::default().helpers(0).max_wait(Duration::from_secs(10))
}

fn weak() -> HashSettings {
    settings().params(Argon2Params::weak_for_tests())
}

fn start(settings: HashSettings) -> Hashing {
    Hashing::start(settings, Arc::new(OsRandom), Arc::new(SystemClock)).expect("valid settings")
}

fn stored(hash: &str) -> PasswordHash {
    PasswordHash::from_stored(hash)
}

/// Returns similar passwords that a faulty verifier might accept.
fn neighbours(password: &str) -> Vec<String> {
    let mut neighbours = vec![
        format!("{password}x"),
        format!("{password}\0"),
        format!("{password} "),
        password.trim().to_owned(),
        password.to_uppercase(),
        password.replace('\0', ""),
        password.replace('\u{e9}', "e\u{301}"),
        password.chars().take(72).collect(),
        password.chars().take(password.chars().count().saturating_sub(1)).collect(),
        password.split('\0').next().unwrap_or_default().to_owned(),
    ];
    neighbours.retain(|neighbour| neighbour != password);
    neighbours
}

#[test]
fn what_the_original_software_made_verifies() {
    for made in Made::all().iter().filter(|made| made.is_usable()) {
        let right = made.hash().matches(&Password::new(&*made.password));
        assert_eq!(right, !made.unsure, "{} {} {:?}", made.system, made.kind, made.password);
    }
}

#[test]
fn wrong_passwords_do_not_verify() {
    for made in Made::all().iter().filter(|made| made.is_cheap() && !made.unsure) {
        let hash = made.hash();
        for wrong in neighbours(&made.password) {
            let found = hash.matches(&Password::new(&*wrong));
            assert!(!found, "{} {}: {wrong:?} for {:?}", made.system, made.kind, made.password);
        }
    }
}

#[test]
fn hashes_do_not_verify_with_another_pepper_or_project() {
    for made in Made::all().iter().filter(|made| made.is_cheap()) {
        let other: Box<dyn HashVerifier> = match &*made.system {
            "devise" if made.password.len() < 72 => Box::new(Devise::new("another")),
            "firebase" => Box::new(Firebase::new(&"QUJD".repeat(21), "QQ==").unwrap()),
            _ => continue,
        };
        let read = other.read(&made.stored).unwrap();
        let matches = read.is_ok_and(|hash| hash.matches(&Password::new(&*made.password)));
        assert!(!matches, "{}", made.stored);
    }
}

#[test]
fn no_mutilated_string_verifies_or_panics() {
    for made in Made::all().iter().filter(|made| made.is_cheap()) {
        let (whole, verifier) = (&*made.stored, made.verifier());
        let truncated = (0..whole.len()).map(|end| whole[..end].to_owned());
        let dropped = (0..whole.len()).map(|at| format!("{}{}", &whole[..at], &whole[at + 1..]));
        let around = ["A", "=", "$", "\n", "\0", "$A"].map(|more| format!("{whole}{more}"));
        let before = [" ", "$", "A"].map(|more| format!("{more}{whole}"));
        let signs = [whole.replacen('$', "$+", 1), whole.replacen('$', "$0", 1), whole.replace('$', "$$")];
        let cases = [whole.to_uppercase(), whole.replace(':', "::"), whole.replace("$", "\u{1F451}")];
        for text in truncated.chain(dropped).chain(around).chain(before).chain(signs).chain(cases) {
            let Some(Ok(hash)) = verifier.read(&text).filter(|_| text != whole) else { continue };
            // Removing a digit of the cost leaves a well-formed hash, which may be expensive.
            let is_cheap = hash.cost().work < 50_000;
            assert!(!is_cheap || !hash.matches(&Password::new(&*made.password)), "{text}");
        }
    }
}

#[test]
fn malformed_parts_are_rejected() {
    let key = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
    let hex = "00".repeat(32);
    let key64 = format!("{}==", "A".repeat(86));
    let (django, werkzeug) = (Django::new(), Werkzeug::new());
    let firebase = Firebase::new(&key64, "Bw==").unwrap();
    let cases: [(&dyn HashVerifier, String); 22] = [
        (&django, format!("pbkdf2_sha256$0$salt${key}")),
        (&django, format!("pbkdf2_sha256$01$salt${key}")),
        (&django, format!("pbkdf2_sha256$-1$salt${key}")),
        (&django, format!("pbkdf2_sha256$1$${key}")),
        (&django, format!("pbkdf2_sha256$1$salt${}", key.trim_end_matches('='))),
        (&django, format!("pbkdf2_sha256$1$salt${}B=", &key[..42])),
        (&django, format!("pbkdf2_sha256$1$salt${key64}")),
        (&django, "pbkdf2_sha256$".into()),
        (&django, "scrypt$3$salt$8$1$".to_owned() + &key64),
        (&django, "scrypt$1$salt$8$1$".to_owned() + &key64),
        (&django, "scrypt$0$salt$8$1$".to_owned() + &key64),
        (&django, "scrypt$16$salt$0$1$".to_owned() + &key64),
        (&django, "scrypt$16$salt$8$0$".to_owned() + &key64),
        (&django, "scrypt$16$salt$8$1$".to_owned() + key),
        (&django, "bcrypt$".into()),
        (&django, "argon2$argon2id".into()),
        (&werkzeug, format!("pbkdf2:sha256$salt${hex}")),
        (&werkzeug, format!("pbkdf2:sha256:1$salt${}", hex.replace('0', "A"))),
        (&werkzeug, format!("pbkdf2:sha256:1$salt${}", &hex[1..])),
        (&werkzeug, format!("scrypt:16:8$salt${hex}{hex}")),
        (&firebase, format!("firebase$8$0$AA==${key64}")),
        (&firebase, format!("firebase$8$14$${key64}")),
    ];
    for (verifier, text) in cases {
        let found = verifier.read(&text).map(|read| read.map(|_| ()));
        let unknown = text.starts_with("pbkdf2:sha256$"); // there is no digest called `sha256$salt…`
        assert_eq!(found, if unknown { None } else { Some(Err(UnfitHash::Malformed)) }, "{text}");
    }
}

#[test]
fn strings_that_are_not_password_hashes_are_rejected() {
    for text in [
        "",
        "guinevere",
        "md5$salt$5f4dcc3b5aa765d61d8327deb882cf99",
        "sha1$salt$5baa61e4c9b93f3f0682250b6cf8331b7ee68fd8",
        "sha256$salt$5e884898da28047151d0e56f8dc6292773603d0d6aabbdd62a11ef721d1542d8",
        "unsalted_md5$$5f4dcc3b5aa765d61d8327deb882cf99",
        "5f4dcc3b5aa765d61d8327deb882cf99",
        "crypt$$ab1Qy3gzOzvvg",
        "plain$$guinevere",
        "pbkdf2:md5:1000$salt$5f4dcc3b5aa765d61d8327deb882cf99",
    ] {
        assert!(Django::new().allow_sha1().read(text).is_none(), "{text}");
        assert!(Werkzeug::new().allow_sha1().read(text).is_none(), "{text}");
    }
}

#[test]
fn sha1_verifies_only_by_opt_in() {
    let sha1: Vec<_> = Made::all().into_iter().filter(|made| made.kind.contains("sha1")).collect();
    assert!(sha1.len() > 10);
    for made in sha1 {
        assert!(Django::new().read(&made.stored).is_none(), "{}", made.stored);
        assert!(Werkzeug::new().read(&made.stored).is_none(), "{}", made.stored);
        assert!(made.verifier().read(&made.stored).is_some_and(|read| read.is_ok()), "{}", made.stored);
    }
}

#[test]
fn a_password_truncated_by_devise_matches_only_in_full() {
    let made: Vec<_> = Made::all().into_iter().filter(|made| made.system == "devise" && !made.unsure).collect();
    let full = made.iter().find(|made| made.password.len() == 72).expect("a password of 72 bytes");
    assert!(full.hash().matches(&Password::new(&*full.password)), "the pepper is truncated completely");
    assert!(!full.hash().matches(&Password::new(format!("{}g", full.password))), "bcrypt ignores bytes after 72");
}

#[tokio::test]
async fn unusable_password_marks_never_verify() {
    let hashing = start(weak().also_verify(Django::new()));
    let (log, _guard) = Log::start(Level::INFO);
    let made = Made::all().into_iter().find(|made| !made.is_usable()).expect("a mark");
    for mark in [&*made.stored, "!", "!guinevere"] {
        for password in ["guinevere", mark, &mark[1..], ""] {
            let found = hashing.verify(&Password::new(password), &stored(mark)).await;
            assert_eq!(found, Ok(Verification::Wrong), "{mark}");
        }
    }
    assert_eq!(log.take(), "", "an unusable mark is not an error");
}

#[tokio::test]
async fn absurd_costs_are_never_executed() {
    let key = format!("{}==", "A".repeat(86));
    let hex = "0".repeat(128);
    let bcrypt = "9kUQblUg4kEcyPmbIJjyJORF8mXGcMzGCDbEnQ1x73RI5WN.y4VIS";
    let salt_and_tag = "MiLBbZJ7+olm6EP8QD0+gg$CknWbZnMWoDJ3GlFgTkPQiMHvqDE5wTR6GX6HnlVXAQ";
    let settings = weak()
        .also_verify(Django::new())
        .also_verify(Werkzeug::new())
        .also_verify(Firebase::new(&key, "Bw==").unwrap())
        .also_verify(Devise::new("pepper"))
        .also_verify(Boxed(Box::new(Fake::costing(HashCost { memory_kib: 0, work: HashCost::MAX_WORK + 1 }))));
    let hashing = start(settings);
    let (log, _guard) = Log::start(Level::INFO);
    for (hash, reason) in [
        (format!("pbkdf2_sha256$7500003$salt${}=", "A".repeat(43)), "excessive"),
        (format!("pbkdf2_sha256$99999999999$salt${}=", "A".repeat(43)), "excessive"),
        (format!("scrypt$2097152$salt$8$1${key}"), "excessive"),
        (format!("scrypt$2147483648$salt$8$1${key}"), "excessive"),
        (format!("scrypt$4294967296$salt$8$1${key}"), "excessive"),
        (format!("scrypt$2$salt$4294967295$4294967295${key}"), "excessive"),
        (format!("scrypt$16384$salt$8$4294967295${key}"), "excessive"),
        (format!("scrypt$524288$salt$8$1${key}"), "excessive"),
        (format!("scrypt$262144$salt$8$1${key}"), "budget"),
        (format!("bcrypt$$2b$15${bcrypt}"), "excessive"),
        (format!("bcrypt_sha256$$2b$31${bcrypt}"), "excessive"),
        (format!("argon2$argon2id$v=19$m=1048577,t=1,p=1${salt_and_tag}"), "excessive"),
        (format!("argon2$argon2id$v=19$m=19456,t=33,p=1${salt_and_tag}"), "excessive"),
        (format!("argon2$argon2id$v=19$m=1048576,t=32,p=1${salt_and_tag}"), "excessive"),
        (format!("argon2$argon2id$v=19$m=261120,t=10,p=1${salt_and_tag}"), "excessive"),
        (format!("argon2$argon2id$v=19$m=262145,t=1,p=1${salt_and_tag}"), "budget"),
        (format!("pbkdf2:sha512:10000000$salt${hex}"), "excessive"),
        (format!("scrypt:4194304:8:1$salt${hex}"), "excessive"),
        (format!("firebase$8$21$AA==${key}"), "excessive"),
        (format!("firebase$8$99$AA==${key}"), "excessive"),
        (format!("firebase$4294967295$14$AA==${key}"), "excessive"),
        (format!("$2a$15${bcrypt}"), "excessive"),
        ("fake$absurd".into(), "excessive"),
    ] {
        let found = hashing.verify(&Password::new("guinevere"), &stored(&hash)).await;
        assert_eq!(found, Ok(Verification::Wrong), "{hash}");
        let logged = log.take();
        assert!(
            logged.contains("ERROR") && logged.contains("stored_hash_corrupt") && logged.contains(reason),
            "{hash}: {logged}"
        );
        assert!(!logged.contains("AAAA") && !logged.contains(&bcrypt[30..]), "no part of the hash is logged: {logged}");
    }
}

#[tokio::test]
async fn none_verifies_unless_asked_for() {
    let hashing = start(weak());
    let (log, _guard) = Log::start(Level::INFO);
    for made in Made::all().iter().filter(|made| made.is_cheap() && made.system != "devise") {
        let found = hashing.verify(&Password::new(&*made.password), &stored(&made.stored)).await;
        assert_eq!(found, Ok(Verification::Wrong), "{}", made.stored);
        assert!(log.take().contains("of no known form"), "{}", made.stored);
    }
}

#[tokio::test]
async fn a_correct_password_requests_a_rehash() {
    for rehash in [RehashRule::WhenWeaker, RehashRule::WhenDifferent] {
        for made in Made::all().into_iter().filter(|made| made.is_cheap() && !made.unsure) {
            let hashing = start(weak().rehash(rehash).workers(1).also_verify(Boxed(made.verifier())));
            let found = hashing.verify(&Password::new(&*made.password), &stored(&made.stored)).await;
            assert_eq!(found, Ok(Verification::RightButOutdated), "{}", made.stored);
            let wrong = hashing.verify(&Password::new("mordred"), &stored(&made.stored)).await;
            assert_eq!(wrong, Ok(Verification::Wrong), "{}", made.stored);
        }
    }
}

#[test]
fn a_part_of_the_cost_can_be_spent() {
    for made in Made::all().iter().filter(|made| made.is_cheap()) {
        let (hash, password) = (made.hash(), Password::new("guinevere"));
        let HashCost { memory_kib, work } = hash.cost();
        assert!(work > 0 && memory_kib < 2048, "{}", made.stored);
        for part in [0, 1, work / 3, work, u64::MAX] {
            hash.spend(&password, part);
        }
    }
}

#[test]
fn settings_of_other_systems_are_validated_and_redacted() {
    let key = "jxspr8Ki0RYycVU8zykbdLGjFQ3McFUH0uiiTvC8pVMXAn210wjLNmdZJzxUECKbm0QsEmYUSDzZvpjeJ9WmXA==";
    let firebase = Firebase::new(key, "Bw==").unwrap();
    let settings = weak().also_verify(firebase.clone()).also_verify(Devise::new("excalibur"));
    let printed = format!("{settings:?} {firebase:?} {:?}", Devise::new("excalibur"));
    assert!(printed.contains(r#"ForeignHashes(["firebase", "devise"])"#), "{printed}");
    assert!(!printed.contains("excalibur") && !printed.contains("jxspr8") && !printed.contains("143, 27"), "{printed}");
    for (key, separator) in [("", "Bw=="), ("QUJD", "Bw=="), (key, "?"), (&key[1..], "Bw==")] {
        assert!(Firebase::new(key, separator).is_err(), "{key} {separator}");
    }
    let key = format!("{}=", "A".repeat(43));
    let too_much = format!("pbkdf2_sha256$5000000$salt${key}");
    for example in ["", "pbkdf2_sha256$1000$salt$short", "!", &too_much] {
        let settings = weak().also_verify(Django::new()).costs_like(stored(example));
        assert!(Hashing::start(settings, Arc::new(OsRandom), Arc::new(SystemClock)).is_err(), "{example}");
    }
}

/// A call of a fake hash.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Call {
    Matches,
    Spend(u64),
}

/// A verifier for `fake$right`, `fake$wrong` and `fake$panic` that records its calls.
#[derive(Clone)]
struct Fake {
    cost: HashCost,
    calls: Arc<Mutex<Vec<Call>>>,
}

struct FakeHash(Fake, String);

impl Fake {
    fn costing(cost: HashCost) -> Self {
        Self { cost, calls: Arc::default() }
    }

    fn calls(&self) -> Vec<Call> {
        std::mem::take(&mut *self.calls.lock().unwrap())
    }
}

impl HashVerifier for Fake {
    fn name(&self) -> &'static str {
        "fake"
    }

    fn read(&self, stored: &str) -> Option<Result<Box<dyn ForeignHash>, UnfitHash>> {
        let what = stored.strip_prefix("fake$").or(stored.strip_prefix("$argon2"))?;
        Some(Ok(Box::new(FakeHash(self.clone(), what.to_owned()))))
    }
}

impl ForeignHash for FakeHash {
    fn cost(&self) -> HashCost {
        self.0.cost
    }

    fn matches(&self, _: &Password) -> bool {
        let thread = std::thread::current();
        assert!(thread.name().is_some_and(|name| name.starts_with("hash-")), "hashes run on a hashing thread");
        self.0.calls.lock().unwrap().push(Call::Matches);
        assert_ne!(self.1, "panic");
        self.1 == "right"
    }

    fn spend(&self, _: &Password, work: u64) {
        self.0.calls.lock().unwrap().push(Call::Spend(work));
    }
}

const GUINEVERE: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$zGUmospypohI60SJBQtQOA$ImAOOsQ/G+95prSkUNPYEkP8CDEdiAp1/Sj1hzMmf6Q";

#[tokio::test]
async fn wrong_passwords_and_nobody_spend_every_kind_of_hash_in_use() {
    let fake = Fake::costing(HashCost { memory_kib: 1_000, work: 100_000 });
    let hashing = start(settings().also_verify(fake.clone()));
    let (right, wrong) = (Password::new("guinevere"), Password::new("lancelot"));
    assert_eq!(hashing.verify_dummy(&wrong).await, Ok(()));
    assert_eq!(fake.calls(), [], "no foreign hash was verified before");
    assert_eq!(hashing.verify(&wrong, &stored("fake$wrong")).await, Ok(Verification::Wrong));
    assert_eq!(fake.calls(), [Call::Matches], "only a hash of ours is added");
    assert_eq!(hashing.verify_dummy(&wrong).await, Ok(()));
    assert_eq!(fake.calls(), [Call::Spend(100_000)]);
    assert_eq!(hashing.verify(&wrong, &stored("of no known form")).await, Ok(Verification::Wrong));
    assert_eq!(fake.calls(), [Call::Spend(100_000)]);
    assert_eq!(hashing.verify(&wrong, &stored(GUINEVERE)).await, Ok(Verification::Wrong));
    assert_eq!(fake.calls(), [Call::Spend(100_000)], "in addition to its own");
    assert_eq!(hashing.verify(&right, &stored(GUINEVERE)).await, Ok(Verification::Right));
    assert_eq!(fake.calls(), []);
}

#[tokio::test]
async fn an_example_hash_sets_the_equalized_cost_from_the_start() {
    let fake = Fake::costing(HashCost { memory_kib: 0, work: 100_000 });
    let hashing = start(settings().also_verify(fake.clone()).costs_like(stored("fake$wrong")));
    assert_eq!(hashing.verify_dummy(&Password::new("lancelot")).await, Ok(()));
    assert_eq!(fake.calls(), [Call::Spend(100_000)]);
}

#[tokio::test]
async fn a_hash_that_fills_the_memory_budget_is_verified_next_to_a_costlier_one() {
    let fake = Fake::costing(HashCost { memory_kib: 65_536, work: 10 });
    let settings = settings().memory_budget_mib(64);
    let hashing = start(settings.also_verify(fake.clone()));
    assert_eq!(
        hashing.verify(&Password::new("guinevere"), &stored("fake$right")).await,
        Ok(Verification::RightButOutdated)
    );
    assert_eq!(hashing.verify(&Password::new("guinevere"), &stored("fake$wrong")).await, Ok(Verification::Wrong));
    assert_eq!(fake.calls(), [Call::Matches, Call::Matches]);
}

#[tokio::test]
async fn our_own_form_is_never_another_systems() {
    let fake = Fake::costing(HashCost { memory_kib: 0, work: 1 });
    let hashing = start(settings().also_verify(fake.clone()));
    let found = hashing.verify(&Password::new("guinevere"), &stored(GUINEVERE)).await;
    assert_eq!((found, fake.calls()), (Ok(Verification::Right), Vec::new()));
}

#[tokio::test]
async fn the_first_verifier_that_recognises_a_hash_is_used() {
    let (first, second) =
        (Fake::costing(HashCost { memory_kib: 0, work: 1 }), Fake::costing(HashCost { memory_kib: 0, work: 2 }));
    let hashing = start(weak().also_verify(Django::new()).also_verify(first.clone()).also_verify(second.clone()));
    assert_eq!(
        hashing.verify(&Password::new("guinevere"), &stored("fake$right")).await,
        Ok(Verification::RightButOutdated)
    );
    assert_eq!((first.calls().len(), second.calls().len()), (1, 0));
}

#[tokio::test]
async fn a_panicking_verifier_fails_one_verification() {
    let fake = Fake::costing(HashCost { memory_kib: 64, work: 1 });
    let hashing = start(weak().workers(1).also_verify(fake));
    let password = Password::new("guinevere");
    assert_eq!(hashing.verify(&password, &stored("fake$panic")).await, Err(HashError::Failed));
    assert_eq!(hashing.verify(&password, &stored("fake$right")).await, Ok(Verification::RightButOutdated));
}
