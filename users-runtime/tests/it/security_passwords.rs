//! Password rules and hashes, without HTTP.

use std::{
    future::poll_fn,
    pin::pin,
    sync::Arc,
    task::Poll,
    time::{Duration, Instant},
};

use tracing::Level;
use users_runtime::{
    Password, PasswordHash, PasswordPolicy,
    env::{OsRandom, Random, RandomError, SystemClock},
    password::{Argon2Params, HashError, HashSettings, Hashing, PasswordHasher as _, RehashRule, Verification},
};

use crate::log::Log;

fn hashing(settings: HashSettings) -> Hashing {
    Hashing::start(settings, Arc::new(OsRandom), Arc::new(SystemClock)).expect("valid settings")
}

/// The default settings, but never overloaded, since other tests use the same processors.
fn settings() -> HashSettings {
    HashSettings::default().max_wait(Duration::from_secs(10))
}

fn stored(hash: &str) -> PasswordHash {
    PasswordHash::from_stored(hash)
}

/// Returns the result of a future that is ready immediately.
async fn at_once<F: Future>(future: F) -> Option<F::Output> {
    let mut future = pin!(future);
    poll_fn(|cx| match future.as_mut().poll(cx) {
        Poll::Ready(output) => Poll::Ready(Some(output)),
        Poll::Pending => Poll::Ready(None),
    })
    .await
}

/// Hashes of `guinevere` as stored by fastapi-users.
const ARGON2ID: &str =
    "$argon2id$v=19$m=65536,t=3,p=4$MiLBbZJ7+olm6EP8QD0+gg$CknWbZnMWoDJ3GlFgTkPQiMHvqDE5wTR6GX6HnlVXAQ";
const ARGON2ID_19_MIB: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$zGUmospypohI60SJBQtQOA$ImAOOsQ/G+95prSkUNPYEkP8CDEdiAp1/Sj1hzMmf6Q";
const ARGON2I: &str =
    "$argon2i$v=19$m=65536,t=3,p=4$ZesnOeG7UB3e+TDUVc5B2w$cLCzJbyJxP049RrI+CxO2hFEkN62Jf3zb8UEwcGctB8";
const ARGON2D: &str =
    "$argon2d$v=19$m=65536,t=3,p=4$nttaGgt8avx5qjhuccNKKg$Kpf+p4uu/9n3W6hX+0CnXYSPfgBQXBQxRDSMvkmw2aU";
const BCRYPT: &str = "$2b$12$9kUQblUg4kEcyPmbIJjyJORF8mXGcMzGCDbEnQ1x73RI5WN.y4VIS";

mod hash {
    use super::*;

    #[test]
    fn defaults_meet_appendix_c() {
        let params = HashSettings::default().params;
        assert_eq!((params.memory_kib(), params.passes(), params.lanes()), (19_456, 2, 1));
        assert_eq!((Argon2Params::SALT_BYTES, Argon2Params::TAG_BYTES), (16, 32));
        assert_eq!(Argon2Params::new(19_456, 2, 1).unwrap(), params);
    }

    #[test]
    fn weak_params_refused_at_build() {
        for (kib, passes) in [(47_103, 1), (19_455, 2), (12_287, 3), (12_287, 32), (8, 1), (0, 0), (u32::MAX, 0)] {
            assert!(Argon2Params::new(kib, passes, 1).is_err(), "m={kib},t={passes}");
        }
        for (kib, passes) in [(47_104, 1), (19_456, 2), (12_288, 3), (12_288, 32), (1_048_576, 1)] {
            assert!(Argon2Params::new(kib, passes, 1).is_ok(), "m={kib},t={passes}");
        }
        for (kib, passes, lanes) in [(1_048_577, 1, 1), (65_536, 33, 1), (65_536, 3, 0), (65_536, 3, 65)] {
            assert!(Argon2Params::new(kib, passes, lanes).is_err(), "m={kib},t={passes},p={lanes}");
        }
    }

    #[tokio::test]
    async fn a_new_hash_follows_the_settings_and_verifies() {
        let hashing = hashing(settings());
        let password = Password::new("the lady of the lake");
        let (first, second) = (hashing.hash(&password).await.unwrap(), hashing.hash(&password).await.unwrap());
        assert!(first.as_stored().starts_with("$argon2id$v=19$m=19456,t=2,p=1$"));
        assert_ne!(first.as_stored(), second.as_stored(), "each hash has a different salt");
        assert_eq!(hashing.verify(&password, &first).await, Ok(Verification::Right));
        assert_eq!(hashing.verify(&Password::new("the lady of the laKe"), &first).await, Ok(Verification::Wrong));
    }

    #[tokio::test]
    async fn verifies_pwdlib_argon2_and_bcrypt() {
        let hashing = hashing(settings());
        let mut known = vec![ARGON2ID.to_owned(), ARGON2ID_19_MIB.into(), ARGON2I.into(), ARGON2D.into()];
        known.extend(["$2a", "$2b", "$2x", "$2y"].map(|version| BCRYPT.replace("$2b", version)));
        for hash in known {
            let right = hashing.verify(&Password::new("guinevere"), &stored(&hash)).await.unwrap();
            assert_ne!(right, Verification::Wrong, "{hash}");
            let wrong = hashing.verify(&Password::new("guineverE"), &stored(&hash)).await.unwrap();
            assert_eq!(wrong, Verification::Wrong, "{hash}");
        }
        // Argon2 1.0 hashes have no version. Taken from the tests of the reference implementation.
        let oldest = "$argon2i$m=65536,t=2,p=1$c29tZXNhbHQ$9sTbSlTio3Biev89thdrlKKiCaYsjjYVJxGAL3swxpQ";
        let found = hashing.verify(&Password::new("password"), &stored(oldest)).await;
        assert_eq!(found, Ok(Verification::RightButOutdated));
    }

    #[tokio::test]
    async fn rehash_up_never_down() {
        use Verification::{Right, RightButOutdated};
        let hasher = |params, rehash| hashing(settings().params(params).rehash(rehash));
        let (low, high) = (Argon2Params::recommended(), Argon2Params::pwdlib());
        let recommended = hasher(low, RehashRule::WhenWeaker);
        let as_upstream = hasher(high, RehashRule::WhenDifferent);
        let upward = hasher(high, RehashRule::WhenWeaker);
        let downward = hasher(low, RehashRule::WhenDifferent);
        for (hashing, hash, expected) in [
            (&recommended, ARGON2ID, Right),
            (&recommended, ARGON2ID_19_MIB, Right),
            (&recommended, ARGON2I, RightButOutdated),
            (&recommended, ARGON2D, RightButOutdated),
            (&recommended, BCRYPT, RightButOutdated),
            (&as_upstream, ARGON2ID, Right),
            (&as_upstream, ARGON2ID_19_MIB, RightButOutdated),
            (&as_upstream, BCRYPT, RightButOutdated),
            (&upward, ARGON2ID, Right),
            (&upward, ARGON2ID_19_MIB, RightButOutdated),
            (&downward, ARGON2ID, RightButOutdated),
        ] {
            let found = hashing.verify(&Password::new("guinevere"), &stored(hash)).await;
            assert_eq!(found, Ok(expected), "{hash} {:?}", hashing.settings());
        }
    }

    #[tokio::test]
    async fn absurd_stored_cost_refused() {
        let hashing = hashing(settings());
        let (log, _guard) = Log::start(Level::TRACE);
        let argon2 = |costs: &str| ARGON2ID.replace("m=65536,t=3,p=4", costs);
        for (hash, reason) in [
            (argon2("m=1048577,t=1,p=1"), "excessive"),
            (argon2("m=4294967295,t=1,p=1"), "excessive"),
            (argon2("m=99999999999,t=1,p=1"), "excessive"),
            (argon2("m=19456,t=33,p=1"), "excessive"),
            (argon2("m=19456,t=4294967295,p=1"), "excessive"),
            (argon2("m=261120,t=32,p=1"), "excessive"),
            (argon2("m=261120,t=10,p=1"), "excessive"),
            (argon2("m=65536,t=3,p=256"), "excessive"),
            (argon2("m=262145,t=1,p=1"), "budget"),
            (BCRYPT.replace("$12$", "$15$"), "excessive"),
            (BCRYPT.replace("$12$", "$31$"), "excessive"),
        ] {
            let found = hashing.verify(&Password::new("guinevere"), &stored(&hash)).await;
            assert_eq!(found, Ok(Verification::Wrong), "{hash}");
            let logged = log.take();
            assert!(
                logged.contains("ERROR") && logged.contains("stored_hash_corrupt") && logged.contains(reason),
                "{logged}"
            );
            for part in hash.split('$').filter(|part| part.len() > 12) {
                assert!(!logged.contains(part), "no part of the hash is logged: {logged}");
            }
        }
    }

    #[tokio::test]
    async fn unknown_and_malformed_forms_match_nothing() {
        let hashing = hashing(settings());
        let (log, _guard) = Log::start(Level::TRACE);
        let (head, tag) = ARGON2ID_19_MIB.rsplit_once('$').unwrap();
        let hashes = [
            "guinevere".into(),
            "pbkdf2_sha256$1000$salt$hash".into(),
            "$argon2id$".into(),
            head.into(),
            format!("{head}$"),
            format!("{head}$AAAA"),
            format!("{head}${tag}$"),
            format!("{head}${tag}="),
            format!(" {ARGON2ID_19_MIB}"),
            format!("{ARGON2ID_19_MIB}\n"),
            ARGON2ID_19_MIB.replace("$v=19$", "$v=20$"),
            ARGON2ID_19_MIB.replace("m=19456,t=2,p=1", "t=2,m=19456,p=1"),
            ARGON2ID_19_MIB.replace("m=19456,t=2,p=1", "m=19456,t=2"),
            ARGON2ID_19_MIB.replace("m=19456", "m=+19456"),
            ARGON2ID_19_MIB.replace("m=19456", "m=7"),
            ARGON2ID_19_MIB.replace("t=2", "t=0"),
            ARGON2ID_19_MIB.replace("p=1", "p=0"),
            ARGON2ID_19_MIB.replace("p=1", "p=16777215"),
            ARGON2ID_19_MIB.replace("argon2id", "argon2"),
            ARGON2ID_19_MIB.replace("argon2id", "argon2x"),
            "$2b$12$".into(),
            BCRYPT.replace("$2b", "$2c"),
            BCRYPT.replace("$12$", "$03$"),
            BCRYPT.replace("$12$", "$+9$"),
            format!("{BCRYPT}A"),
            "\u{1F600}".repeat(15),
            format!("{head}${}", "A".repeat(1_000_000)),
        ];
        for hash in hashes {
            for password in ["guinevere", ""] {
                let found = hashing.verify(&Password::new(password), &stored(&hash)).await;
                assert_eq!(found, Ok(Verification::Wrong), "{hash:.100}");
                assert!(log.take().contains("stored_hash_corrupt"), "{hash:.100}");
            }
        }
        // An account without a password is no damage.
        let found = hashing.verify(&Password::new(""), &stored("")).await;
        assert_eq!((found, log.take().as_str()), (Ok(Verification::Wrong), ""));
    }

    #[expect(clippy::disallowed_methods, reason = "the test is about real time, and only sets a lower bound")]
    #[tokio::test]
    async fn unknown_users_and_corrupt_hashes_cost_as_much_as_every_kind_in_use() {
        // No machine fills 192 MiB in this time, and a slower one only takes longer.
        const AT_LEAST: Duration = Duration::from_millis(20);
        let hashing = hashing(settings());
        let password = Password::new("guinevere");
        assert_ne!(hashing.verify(&password, &stored(ARGON2ID)).await, Ok(Verification::Wrong));
        let start = Instant::now();
        assert_eq!(hashing.verify_dummy(&password).await, Ok(()));
        assert!(start.elapsed() > AT_LEAST, "an unknown user");
        let start = Instant::now();
        assert_eq!(hashing.verify(&password, &stored("!")).await, Ok(Verification::Wrong));
        assert!(start.elapsed() > AT_LEAST, "corrupt");
        let start = Instant::now();
        let cheap = "$argon2id$v=19$m=32,t=1,p=1$AAAAAAAAAAA$KnH4gniiaFnDvlA1xev3yovC4cnrrI6tnHOYtmja90o";
        assert_eq!(hashing.verify(&password, &stored(cheap)).await, Ok(Verification::Wrong));
        assert!(start.elapsed() > AT_LEAST, "a cheap hash and a wrong password");
    }

    #[test]
    fn settings_out_of_bounds_are_rejected_at_startup() {
        let start = |change: fn(&mut HashSettings)| {
            let mut settings = HashSettings::default();
            change(&mut settings);
            Hashing::start(settings, Arc::new(OsRandom), Arc::new(SystemClock))
                .map(|_| ())
                .map_err(|error| error.to_string())
        };
        assert_eq!(start(|_| ()), Ok(()));
        for change in [
            (|settings| settings.workers = 0) as fn(&mut HashSettings),
            |settings| settings.workers = 1025,
            |settings| settings.queue_per_worker = 0,
            |settings| settings.queue_per_worker = 1025,
            |settings| settings.memory_budget_mib = 18,
            |settings| settings.max_wait = Duration::ZERO,
            |settings| settings.max_wait = Duration::from_millis(10_001),
        ] {
            assert!(start(change).unwrap_err().contains("must be"));
        }
    }

    #[tokio::test]
    async fn a_failing_random_number_generator_is_an_error() {
        struct Broken;
        impl Random for Broken {
            fn fill(&self, _: &mut [u8]) -> Result<(), RandomError> {
                Err(RandomError)
            }
        }
        let hashing = Hashing::start(HashSettings::default(), Arc::new(Broken), Arc::new(SystemClock)).unwrap();
        assert_eq!(hashing.hash(&Password::new("guinevere")).await, Err(HashError::Failed));
    }
}

mod password {
    #[cfg(feature = "breached")]
    use super::breached::{LADY, Lines, Service};
    use super::*;

    fn reason(policy: &PasswordPolicy, password: &str) -> Option<String> {
        policy.check(&Password::new(password), "king.arthur@camelot.bt").err().map(|refused| refused.reason)
    }

    #[test]
    fn length_counts_code_points() {
        let policy = PasswordPolicy::recommended();
        let short = Some("Password should be at least 8 characters".to_owned());
        assert_eq!(reason(&policy, "m\u{e9}rlins"), short, "eight bytes, seven code points");
        assert_eq!(reason(&policy, &"\u{1F600}".repeat(7)), short);
        assert_eq!(reason(&policy, &"\u{1F600}".repeat(8)), None);
        assert_eq!(
            reason(&PasswordPolicy::nist(), "fourteen chars").as_deref(),
            Some("Password should be at least 15 characters")
        );
        assert_eq!(reason(&PasswordPolicy::nist(), "fifteen chars!!"), None);
        assert_eq!(reason(&policy.min_length(3), "abc"), None);
    }

    #[test]
    fn accepts_64_128_256() {
        let policy = PasswordPolicy::recommended();
        for length in [64, 128, 256] {
            assert_eq!(reason(&policy, &"\u{1F600}".repeat(length)), None, "{length}");
        }
        assert!(reason(&policy, &"a".repeat(257)).is_some());
        assert!(reason(&policy.max_length(64), &"a".repeat(65)).is_some());
    }

    #[tokio::test]
    async fn too_long_never_hashed() {
        let hashing = hashing(settings());
        let longest = Password::new("a".repeat(1024));
        let too_long = Password::new("a".repeat(1025));
        for policy in [PasswordPolicy::recommended().max_length(usize::MAX), PasswordPolicy::none()] {
            assert_eq!(policy.check(&longest, ""), Ok(()));
            let refused = policy.check(&too_long, "").unwrap_err();
            assert_eq!(refused.reason, "Password should be at most 1024 bytes");
        }
        assert_eq!(
            at_once(hashing.verify(&longest, &stored(ARGON2ID_19_MIB))).await,
            None,
            "a password of the maximum length is hashed"
        );
        assert_eq!(at_once(hashing.hash(&too_long)).await, Some(Err(HashError::Failed)));
        for hash in [ARGON2ID_19_MIB, BCRYPT, ""] {
            assert_eq!(at_once(hashing.verify(&too_long, &stored(hash))).await, Some(Ok(Verification::Wrong)));
        }
        assert_eq!(at_once(hashing.verify_dummy(&too_long)).await, Some(Ok(())));
    }

    #[test]
    fn any_composition_accepted() {
        for policy in [PasswordPolicy::recommended(), PasswordPolicy::nist(), PasswordPolicy::none()] {
            for password in [
                "onlylowercaseletters",
                "ONLYUPPERCASELETTERS",
                "90817263540918273645",
                "..,,;;::--__''##++**",
                "                    ",
                "\u{0}\u{1}\t\n\r\u{7f}\u{0}\u{1}\t\n\r\u{7f}\u{0}\u{1}\t\n",
                "\u{43f}\u{430}\u{440}\u{43e}\u{43b}\u{44c}\u{43d}\u{430}\u{437}\u{430}\u{43c}\u{43a}\u{430}\u{445}\u{435}",
            ] {
                assert_eq!(reason(&policy, password), None, "{password:?}");
            }
        }
    }

    #[test]
    fn without_rules_the_policy_accepts_what_fastapi_users_accepts() {
        for password in ["", " ", "merlin", "excalibur", "king.arthur@camelot.bt"] {
            assert_eq!(reason(&PasswordPolicy::none(), password), None, "{password:?}");
        }
        assert!(PasswordPolicy::none().is_relaxed() && !PasswordPolicy::recommended().is_relaxed());
        assert!(PasswordPolicy::recommended().min_length(7).is_relaxed());
    }

    #[test]
    fn common_list_has_3000_of_min_length() {
        let policy = PasswordPolicy::recommended();
        let list = include_str!("../../src/domain/common_passwords.txt");
        let refused = list.lines().filter(|line| line.chars().count() >= policy.least()).filter(|line| {
            reason(&policy, line).is_some_and(|reason| reason.contains("common"))
                && reason(&policy, &line.to_uppercase()).is_some()
        });
        assert!(refused.count() >= 3_000);
    }

    #[tokio::test]
    async fn bcrypt_never_truncates() {
        let hashing = hashing(settings());
        let hash = |password: &[u8]| stored(&bcrypt::hash_with_salt(password, 4, [7; 16]).unwrap().to_string());
        let long = "a".repeat(72);
        let found = hashing.verify(&Password::new(long.as_str()), &hash(long.as_bytes())).await;
        assert_eq!(found, Ok(Verification::RightButOutdated), "72 bytes are not truncated");
        for longer in [format!("{long}a"), format!("{long}b"), "a".repeat(1024)] {
            for of in [long.as_bytes(), longer.as_bytes()] {
                let found = hashing.verify(&Password::new(longer.as_str()), &hash(of)).await;
                assert_eq!(found, Ok(Verification::Wrong), "{} bytes", longer.len());
            }
        }
        for same_to_bcrypt in ["a\0a", "a\0a\0a", "a\0"] {
            let found = hashing.verify(&Password::new(same_to_bcrypt), &hash(b"a")).await;
            assert_eq!(found, Ok(Verification::Wrong), "{same_to_bcrypt:?}");
        }
    }

    /// Returns similar passwords that a faulty verifier might accept.
    fn neighbours(password: &str) -> Vec<String> {
        let mut neighbours = vec![
            format!("{password} "),
            format!(" {password}"),
            format!("{password}\n"),
            format!("{password}\0"),
            password.trim().to_owned(),
            password.to_lowercase(),
            password.to_uppercase(),
            password.replace('\0', ""),
            password.replace('\u{e9}', "e\u{301}"),
            password.replace('\u{fb01}', "fi"),
            password.chars().take(password.chars().count().saturating_sub(1)).collect(),
        ];
        neighbours.retain(|neighbour| neighbour != password);
        neighbours
    }

    proptest::proptest! {
        #![proptest_config(proptest::prelude::ProptestConfig { cases: 12, failure_persistence: None, ..Default::default() })]
        #[test]
        fn byte_exact(password in "[ \\t\u{0}a-zA-Z\u{e9}\u{fb01}\u{1F600}]{0,80}") {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
            runtime.block_on(async {
                let hashing = hashing(settings());
                let hash = hashing.hash(&Password::new(password.as_str())).await.unwrap();
                let right = hashing.verify(&Password::new(password.as_str()), &hash).await;
                assert_eq!(right, Ok(Verification::Right), "{password:?}");
                for other in neighbours(&password) {
                    let wrong = hashing.verify(&Password::new(other.as_str()), &hash).await;
                    assert_eq!(wrong, Ok(Verification::Wrong), "{password:?} and {other:?}");
                }
            });
        }
    }

    #[cfg(feature = "breached")]
    #[tokio::test]
    async fn breached_refused() {
        use sha1::{Digest as _, Sha1};
        use users_runtime::password::{BreachCheck, HashFile, RangeQuery};

        let known: Vec<_> = (0..1_000).map(|number| format!("password number {number}")).collect();
        let mut lines: Vec<_> = (known.iter().enumerate())
            .map(|(number, known)| {
                let digits =
                    Sha1::digest(known.as_bytes()).iter().map(|byte| format!("{byte:02X}")).collect::<String>();
                format!("{digits}:{}", number * number + 1)
            })
            .collect();
        lines.push(format!("{LADY}:1"));
        lines.sort();
        let refused = |check: Result<(), users_runtime::password::PasswordRefused>| {
            check.is_err_and(|refused| refused.reason == "Password has appeared in a data breach")
        };
        for (name, text) in [
            ("unix", lines.join("\n") + "\n"),
            ("windows", lines.join("\r\n")),
            ("bare", lines.iter().map(|line| line[..40].to_ascii_lowercase() + "\n").collect()),
        ] {
            let file = Lines::new(name, &text);
            let check = BreachCheck::new(HashFile::open(&file.0).unwrap());
            for known in &known {
                assert!(refused(check.check(&Password::new(known.as_str())).await), "{name}: {known}");
                let unknown = Password::new(format!("{known}!"));
                assert_eq!(check.check(&unknown).await, Ok(()), "{name}: {known}!");
            }
            assert!(refused(check.check(&Password::new("the lady of the lake")).await), "{name}");
        }

        let range = |suffix: &str, count: u32| {
            let response = format!("{}:7\r\n{suffix}:{count}\r\n{}:2", "0".repeat(35), "F".repeat(35));
            BreachCheck::new(RangeQuery::have_i_been_pwned(Service::returning(Ok(&response))).unwrap())
        };
        let lady = Password::new("the lady of the lake");
        assert!(refused(range(&LADY[5..], 1).check(&lady).await));
        assert!(refused(range(&LADY[5..].to_ascii_lowercase(), 1).check(&lady).await));
        assert_eq!(range(&LADY[5..], 0).check(&lady).await, Ok(()), "padding");
        assert_eq!(range(&LADY[5..], 1).check(&Password::new("the lady of the lakes")).await, Ok(()));
    }

    #[cfg(feature = "breached")]
    #[tokio::test(start_paused = true)]
    async fn a_breach_source_that_never_responds_or_never_ends_counts_as_down() {
        use users_runtime::password::{BreachCheck, RangeQuery, WhenSourceDown};

        use super::breached::Hostile;

        for hangs in [false, true] {
            let service = Hostile { hangs, ..Hostile::default() };
            let (log, _guard) = Log::start(Level::INFO);
            let check = BreachCheck::new(RangeQuery::have_i_been_pwned(service.clone()).unwrap());
            let refused = check.when_down(WhenSourceDown::Refuse).check(&Password::new("the lady of the lake")).await;
            assert!(refused.is_err_and(|refused| refused.reason.contains("try again later")));
            assert_eq!(log.lines("breach_source_down").len(), 1);
            assert!(*service.taken.lock().unwrap() <= 1024 * 1024);
        }
    }

    #[cfg(feature = "breached")]
    #[tokio::test]
    async fn range_query_sends_five_hex() {
        use users_runtime::password::{BreachedPasswords as _, RangeQuery};

        let service = Service::returning(Ok(""));
        let query = RangeQuery::have_i_been_pwned(service.clone()).unwrap();
        assert_eq!(query.knows(&Password::new("the lady of the lake")).await, Ok(false));
        let requests = std::mem::take(&mut *service.requests.lock().unwrap());
        let expected = format!("https://api.pwnedpasswords.com/range/{} [(\"Add-Padding\", \"true\")]", &LADY[..5]);
        assert_eq!(requests, [expected], "one request with only the prefix");
        for refused in ["http://example.com/range/", "ftp://example.com/", "https://example.com/range", "range/", ""] {
            assert!(RangeQuery::new(refused, service.clone()).is_err(), "{refused}");
        }
        assert!(RangeQuery::new("http://127.0.0.1:8080/range/", service).is_ok());
    }

    #[cfg(feature = "breached")]
    #[tokio::test]
    async fn breach_source_down_follows_setting() {
        use users_runtime::password::{BreachCheck, HashFile, RangeQuery, WhenSourceDown};

        let torn = format!("{LADY}:1\n{}:1\n", "F".repeat(40));
        let file = Lines::new("torn", &torn);
        let torn_file = HashFile::open(&file.0).unwrap();
        std::fs::write(&file.0, "<html>no hashes here</html>\n").unwrap();
        let gone = Lines::new("gone", &torn);
        let gone_file = HashFile::open(&gone.0).unwrap();
        drop(gone);
        let range = |response| RangeQuery::have_i_been_pwned(Service::returning(response)).unwrap();
        let (log, _guard) = Log::start(Level::TRACE);
        for check in [
            BreachCheck::new(torn_file),
            BreachCheck::new(gone_file),
            BreachCheck::new(range(Err("timed out"))),
            BreachCheck::new(range(Ok("<html>please log in</html>"))),
            BreachCheck::new(range(Ok("0018A45C4D1DEF81644B54AB7F969B88D65:many"))),
        ] {
            let lady = Password::new("the lady of the lake");
            assert_eq!(check.check(&lady).await, Ok(()), "accepted by default");
            let logged = log.take();
            assert!(logged.contains("WARN") && logged.contains("breach_source_down"), "a warning is logged: {logged}");
            assert!(!logged.contains("lady") && !logged.contains(LADY), "{logged}");
            let refused = check.when_down(WhenSourceDown::Refuse).check(&lady).await.unwrap_err();
            assert_eq!(refused.reason, "Password cannot be checked right now, please try again later");
        }
        for (name, unfit) in [
            ("empty", String::new()),
            ("unsorted", format!("{}:1\n{LADY}:1\n", "F".repeat(40))),
            ("words", "password\n".to_owned()),
            ("long", "A".repeat(1_000)),
        ] {
            let file = Lines::new(name, &unfit);
            let error = HashFile::open(&file.0).unwrap_err().to_string();
            assert!(error.contains(file.0.to_str().unwrap()), "{name}: {error}");
        }
    }

    #[test]
    fn common_refused() {
        let policy = PasswordPolicy::recommended();
        for common in ["password", "PassWord1", "excalibur", "EXCALIBUR", "qwertyuiop", "12345678"] {
            assert!(reason(&policy, common).is_some_and(|reason| reason.contains("common")), "{common}");
            assert_eq!(reason(&policy.clone().without_common_list(), common), None, "{common}");
        }
        assert_eq!(reason(&policy, "excalibur of the lake"), None, "the list is compared with the whole password");
    }

    #[test]
    fn context_words_refused() {
        let policy = PasswordPolicy::recommended().context_words(["Avalon", "r2d2"]).site_name("Round Table");
        for near in [
            "avalon!!",
            "AVALON2026",
            "!1avalon",
            "r2d2-2026",
            "roundtable",
            "Round Table 1",
            "king.arthur",
            "KingArthur99",
            "king.arthur@camelot.bt",
        ] {
            assert!(reason(&policy, near).is_some_and(|reason| reason.contains("too close")), "{near}");
        }
        for far in ["avalonian", "avalon is far away", "a round table"] {
            assert_eq!(reason(&policy, far), None, "{far}");
        }
    }
}

#[cfg(feature = "breached")]
#[path = "breached.rs"]
mod breached;
