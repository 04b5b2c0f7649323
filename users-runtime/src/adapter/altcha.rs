//! A proof of work in the format of ALTCHA, version 2.

use std::time::Duration;

use altcha::{
    CreateChallengeOptions, Payload, VerifySolutionOptions, VerifySolutionResult, create_challenge, verify_solution,
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::Value;

use crate::{
    domain::{Error, Result, Setting, Timestamp},
    port::{BoxFuture, Challenge, ChallengeUnavailable, RequestContext, SolvedChallenge},
};

/// The function that the client computes repeatedly. Browsers have it built in (Web Cryptography).
const ALGORITHM: &str = "PBKDF2/SHA-256";
/// The longest solution that is read, in bytes.
const LONGEST: usize = 4096;

/// A proof of work as a challenge, in the format of [ALTCHA](https://altcha.org/docs/v2/), version 2: the client tries numbers
/// until a hash starts with zeros. Users see no puzzle, and no third party is involved.
///
/// The work slows down programs that send many requests; it does not distinguish people from programs, and an attacker
/// with more processors solves more challenges.
///
/// ```
/// # use users_runtime as axum_users;
/// use axum_users::limits::{Altcha, Challenges, Limit};
///
/// // In the builder: `.challenges(challenges)`.
/// let challenges = Challenges::new(Altcha::new()).always(Limit::Register);
/// ```
#[derive(Debug)]
#[must_use]
pub struct Altcha {
    rounds: u32,
    zeros: usize,
    lifetime: Duration,
    key: SecretString,
}

impl Default for Altcha {
    fn default() -> Self {
        Self::new()
    }
}

impl Altcha {
    /// Creates challenges of about 4,096 attempts of 500 rounds, the work of a second or two on a phone, that can be solved for
    /// ten minutes.
    pub fn new() -> Self {
        Self { rounds: 500, zeros: 3, lifetime: Duration::from_secs(600), key: SecretString::from("") }
    }

    /// Sets how many rounds of PBKDF2 with SHA-256 one attempt takes. Default: 500.
    ///
    /// # Security
    /// The server computes one attempt to check a solution, right or wrong: a client that sends wrong solutions can
    /// cause this work.
    pub fn rounds(mut self, rounds: u32) -> Self {
        self.rounds = rounds;
        self
    }

    /// Sets with how many zeros, as hexadecimal digits, the result must start: each makes the work sixteen times as
    /// long. Default: 3.
    pub fn zeros(mut self, zeros: usize) -> Self {
        self.zeros = zeros;
        self
    }

    /// Sets for how long a challenge can be solved. Default: ten minutes.
    pub fn lifetime(mut self, lifetime: Duration) -> Self {
        self.lifetime = lifetime;
        self
    }

    fn create(&self, now: Timestamp) -> std::result::Result<Value, ChallengeUnavailable> {
        let lifetime = i64::try_from(self.lifetime.as_secs()).unwrap_or(i64::MAX);
        let challenge = create_challenge(CreateChallengeOptions {
            algorithm: ALGORITHM.to_owned(),
            cost: self.rounds,
            key_prefix: "0".repeat(self.zeros),
            expires_at: Some(now.timestamp().saturating_add(lifetime)),
            hmac_signature_secret: Some(self.key.expose_secret().to_owned()),
            ..CreateChallengeOptions::default()
        });
        let challenge = challenge.map_err(ChallengeUnavailable::because)?;
        serde_json::to_value(challenge).map_err(ChallengeUnavailable::because)
    }

    /// Checks a solution: JSON in base64, as ALTCHA's widget sends it.
    fn check(&self, solution: &str, now: Timestamp) -> Option<SolvedChallenge> {
        let text = STANDARD.decode(solution.get(..LONGEST.min(solution.len()))?).ok()?;
        let Payload { challenge, solution } = serde_json::from_slice(&text).ok()?;
        let expires_at = Timestamp::from_timestamp(challenge.parameters.expires_at?, 0)?;
        if expires_at <= now {
            return None;
        }
        let secret = self.key.expose_secret();
        let options = VerifySolutionOptions::new(&challenge, &solution, secret);
        let VerifySolutionResult { verified, .. } = verify_solution(options).ok()?;
        // The signature covers every parameter, the random nonce among them.
        verified.then_some(SolvedChallenge { id: challenge.parameters.nonce, expires_at })
    }
}

impl Challenge for Altcha {
    fn configure(&mut self, key: &[u8; 32]) -> Result<()> {
        if self.rounds == 0 || self.zeros == 0 || self.zeros > 8 || self.lifetime < Duration::from_secs(1) {
            return Err(Error::setting(
                Setting::Limits,
                "Altcha takes at least one round, 1 to 8 zeros, and a lifetime of at least a second",
            ));
        }
        self.key = SecretString::from(STANDARD.encode(key));
        Ok(())
    }

    fn issue<'a>(
        &'a self,
        _: &'a RequestContext,
        now: Timestamp,
    ) -> BoxFuture<'a, std::result::Result<Value, ChallengeUnavailable>> {
        Box::pin(std::future::ready(self.create(now)))
    }

    fn verify<'a>(
        &'a self,
        solution: &'a str,
        _: &'a RequestContext,
        now: Timestamp,
    ) -> BoxFuture<'a, std::result::Result<Option<SolvedChallenge>, ChallengeUnavailable>> {
        Box::pin(std::future::ready(Ok(self.check(solution, now))))
    }
}

#[cfg(test)]
mod tests {
    use altcha::{SolveChallengeOptions, solve_challenge};

    use super::*;
    use crate::{adapter::SystemClock, port::Clock as _};

    fn easy() -> Altcha {
        let mut altcha = Altcha::new().rounds(1).zeros(1);
        altcha.configure(&[7; 32]).unwrap();
        altcha
    }

    fn solve(challenge: &Value) -> Payload {
        let challenge: altcha::Challenge = serde_json::from_value(challenge.clone()).unwrap();
        let solution = solve_challenge(SolveChallengeOptions::new(&challenge)).unwrap().unwrap();
        Payload { challenge, solution }
    }

    fn encode(payload: &Payload) -> String {
        STANDARD.encode(serde_json::to_vec(payload).unwrap())
    }

    #[test]
    fn a_solved_challenge_is_accepted_until_it_expires() {
        let (altcha, now) = (easy(), SystemClock.now());
        let payload = solve(&altcha.create(now).unwrap());
        let solved = altcha.check(&encode(&payload), now).unwrap();
        assert_eq!(solved.id, payload.challenge.parameters.nonce);
        assert_eq!(solved.expires_at.timestamp(), now.timestamp() + 600);
        let later = |seconds| now + chrono::TimeDelta::seconds(seconds);
        assert!(altcha.check(&encode(&payload), later(598)).is_some());
        assert_eq!(altcha.check(&encode(&payload), later(600)), None);
    }

    #[test]
    fn anything_else_is_not() {
        let (altcha, now) = (easy(), SystemClock.now());
        let payload = solve(&altcha.create(now).unwrap());
        let changed = |change: fn(&mut Payload)| {
            let mut payload = payload.clone();
            change(&mut payload);
            encode(&payload)
        };
        let mut other = Altcha::new().rounds(1).zeros(1);
        other.configure(&[8; 32]).unwrap();
        for wrong in [
            String::new(),
            "hunter2".to_owned(),
            "A".repeat(100_000),
            format!("{}é", "A".repeat(LONGEST - 1)),
            STANDARD.encode("{}"),
            encode(&solve(&other.create(now).unwrap())),
            changed(|payload| payload.solution.counter += 1),
            changed(|payload| payload.solution.derived_key.replace_range(..1, "f")),
            changed(|payload| payload.challenge.signature = None),
            changed(|payload| payload.challenge.signature = Some(String::new())),
            changed(|payload| payload.challenge.parameters.key_prefix.clear()),
            changed(|payload| payload.challenge.parameters.cost = 0),
            changed(|payload| payload.challenge.parameters.expires_at = None),
            changed(|payload| payload.challenge.parameters.expires_at = Some(i64::MAX)),
            changed(|payload| payload.challenge.parameters.nonce.replace_range(..2, "00")),
        ] {
            assert_eq!(altcha.check(&wrong, now), None, "{wrong:.40}");
        }
    }

    #[test]
    fn impossible_settings_are_refused() {
        for altcha in [
            Altcha::new().rounds(0),
            Altcha::new().zeros(0),
            Altcha::new().zeros(9),
            Altcha::new().lifetime(Duration::ZERO),
        ] {
            let mut altcha = altcha;
            assert!(altcha.configure(&[0; 32]).is_err());
        }
        assert!(!format!("{:?}", easy()).contains(&STANDARD.encode([7; 32])));
    }
}
