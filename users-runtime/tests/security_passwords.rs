//! Passwords and their hashes, as far as they can be proved without HTTP.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::sync::Arc;

use users_runtime::{
    adapter::password::{Argon2Params, HashSettings, Hashing, RehashRule},
    domain::{Password, PasswordHash, PasswordPolicy},
    port::{PasswordHasher as _, Random, RandomError, Verification},
};

struct Os;

impl Random for Os {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), RandomError> {
        getrandom::fill(bytes).map_err(|_| RandomError)
    }
}

fn hashing(settings: HashSettings) -> Hashing {
    Hashing::start(settings, Arc::new(Os)).expect("valid settings")
}

fn stored(hash: &str) -> PasswordHash {
    PasswordHash::from_stored(hash)
}

/// What fastapi-users stored for `guinevere`.
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
    async fn a_new_hash_is_what_the_settings_say_and_verifies() {
        let hashing = hashing(HashSettings::default());
        let password = Password::new("the lady of the lake");
        let (first, second) = (hashing.hash(&password).await.unwrap(), hashing.hash(&password).await.unwrap());
        assert!(first.as_stored().starts_with("$argon2id$v=19$m=19456,t=2,p=1$"));
        assert_ne!(first.as_stored(), second.as_stored(), "two salts");
        assert_eq!(hashing.verify(&password, &first).await, Ok(Verification::Right));
        assert_eq!(hashing.verify(&Password::new("the lady of the laKe"), &first).await, Ok(Verification::Wrong));
    }

    #[tokio::test]
    async fn verifies_pwdlib_argon2_and_bcrypt() {
        let hashing = hashing(HashSettings::default());
        let mut known = vec![ARGON2ID.to_owned(), ARGON2ID_19_MIB.into(), ARGON2I.into(), ARGON2D.into()];
        known.extend(["$2a", "$2b", "$2x", "$2y"].map(|version| BCRYPT.replace("$2b", version)));
        for hash in known {
            let right = hashing.verify(&Password::new("guinevere"), &stored(&hash)).await.unwrap();
            assert_ne!(right, Verification::Wrong, "{hash}");
            let wrong = hashing.verify(&Password::new("guineverE"), &stored(&hash)).await.unwrap();
            assert_eq!(wrong, Verification::Wrong, "{hash}");
        }
        // Argon2 1.0 wrote no version. From the tests of the reference implementation.
        let oldest = "$argon2i$m=65536,t=2,p=1$c29tZXNhbHQ$9sTbSlTio3Biev89thdrlKKiCaYsjjYVJxGAL3swxpQ";
        let found = hashing.verify(&Password::new("password"), &stored(oldest)).await;
        assert_eq!(found, Ok(Verification::RightButOutdated));
    }

    #[tokio::test]
    async fn rehash_up_never_down() {
        use Verification::{Right, RightButOutdated};
        let hasher = |params, rehash| hashing(HashSettings { params, rehash, ..HashSettings::default() });
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
}

mod password {
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
    fn common_refused() {
        let policy = PasswordPolicy::recommended();
        for common in ["password", "PassWord1", "excalibur", "EXCALIBUR", "qwertyuiop", "12345678"] {
            assert!(reason(&policy, common).is_some_and(|reason| reason.contains("common")), "{common}");
            assert_eq!(reason(&policy.clone().without_common_list(), common), None, "{common}");
        }
        assert_eq!(reason(&policy, "excalibur of the lake"), None, "compared whole");
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
