//! Key rotation while requests are in flight.

use std::sync::Barrier;

use users_runtime::{
    Jwt,
    token::{HmacKey, KeyRing},
};

use crate::security_tokens::support::{Rig, secret};

const ROUNDS: usize = 50;
const REQUESTS: usize = 16;

/// Each round rotates to a new key while 16 threads issue and present tokens. A token must be valid as long as its key is in
/// the ring, so no request of a round may be rejected; the old key retires between rounds.
#[test]
fn rotation_is_seamless() {
    let key = |round: usize| {
        let secret = secret(&format!("{round:032}"));
        HmacKey::hs256(&secret).expect("a key").kid(round.to_string())
    };
    let rig = Rig::new(Jwt::new().keys(KeyRing::hmac(key(0))));
    let keys = rig.jwt.keys();
    let (start, end) = (Barrier::new(REQUESTS + 1), Barrier::new(REQUESTS + 1));

    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..REQUESTS)
            .map(|_| {
                scope.spawn(|| {
                    let mut refused = 0;
                    for _ in 0..ROUNDS {
                        let held = rig.issue();
                        start.wait();
                        for _ in 0..20 {
                            refused += usize::from(!rig.accepts(&held)) + usize::from(!rig.accepts(&rig.issue()));
                        }
                        end.wait();
                        // The rotation retires the old key now; `held` is not presented again.
                        start.wait();
                    }
                    refused
                })
            })
            .collect();
        for round in 1..=ROUNDS {
            start.wait();
            keys.replace(KeyRing::hmac(key(round - 1)).and_hmac(key(round)).expect("a ring"));
            std::thread::yield_now();
            keys.replace(KeyRing::hmac(key(round)).and_hmac(key(round - 1)).expect("a ring"));
            end.wait();
            keys.replace(KeyRing::hmac(key(round)));
            start.wait();
        }
        let refused: usize = workers.into_iter().map(|worker| worker.join().expect("no panic")).sum();
        assert_eq!(refused, 0);
    });
}
