//! Time-based one-time passwords (TOTP, [RFC 6238](https://www.rfc-editor.org/rfc/rfc6238)): six digits, steps of 30
//! seconds, HMAC-SHA-1, as supported by every authenticator app.

use std::fmt;

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha1::Sha1;
use subtle::{ConditionallySelectable as _, ConstantTimeEq as _};
use zeroize::Zeroizing;

use super::{Timestamp, base32};

/// The length of a time step in seconds.
const STEP: i64 = 30;
/// The number of digits of a code.
pub(crate) const DIGITS: usize = 6;

/// The seed that an authenticator app and the service share: 160 bits, the output size of SHA-1 (RFC 4226 section 4).
pub(crate) struct Seed(Zeroizing<[u8; Self::BYTES]>);

impl Seed {
    pub(crate) const BYTES: usize = 20;

    pub(crate) fn new(bytes: Zeroizing<[u8; Self::BYTES]>) -> Self {
        Self(bytes)
    }

    /// Reads decrypted bytes.
    pub(crate) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        Some(Self(Zeroizing::new(bytes.try_into().ok()?)))
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        self.0.as_slice()
    }

    /// Returns the text that users can type into their app.
    pub(crate) fn to_text(&self) -> Zeroizing<String> {
        Zeroizing::new(base32::encode(self.as_bytes()))
    }

    /// Returns the step of a code, if it is the code of the current step or of one of the `earlier` steps before it
    /// (RFC 6238 section 5.2). Runs in constant time with respect to the code.
    pub(crate) fn step_of(&self, code: u32, now: Timestamp, earlier: u8) -> Option<i64> {
        let present = step_at(now);
        // The oldest first, so that of two steps with equal codes the newest is returned.
        let mut found = -1_i64;
        for back in (0..=i64::from(earlier)).rev() {
            let step = present - back;
            let is_it = self.code(step)?.ct_eq(&code);
            found = i64::conditional_select(&found, &step, is_it);
        }
        (found >= 0).then_some(found)
    }

    /// Returns the code of a step (RFC 4226 section 5.3). `None` before 1970.
    pub(crate) fn code(&self, step: i64) -> Option<u32> {
        let counter = u64::try_from(step).ok()?;
        let mut mac = Hmac::<Sha1>::new_from_slice(self.as_bytes()).ok()?;
        mac.update(&counter.to_be_bytes());
        let digest: [u8; 20] = mac.finalize().into_bytes().into();
        let offset = usize::from(digest[19] & 0x0f);
        let word = digest.get(offset..offset + 4)?.try_into().ok()?;
        Some((u32::from_be_bytes(word) & 0x7fff_ffff) % 1_000_000)
    }
}

/// Returns the step of a time.
pub(crate) fn step_at(time: Timestamp) -> i64 {
    time.timestamp().div_euclid(STEP)
}

/// Prints no secret.
impl fmt::Debug for Seed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Seed(***)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_timestamp(seconds, 0).unwrap()
    }

    fn seed() -> Seed {
        Seed::from_bytes(b"12345678901234567890").unwrap()
    }

    #[test]
    fn the_codes_of_the_rfc() {
        // RFC 6238 appendix B, the last six of eight digits.
        for (seconds, code) in [
            (59, 287_082),
            (1_111_111_109, 81_804),
            (1_111_111_111, 50_471),
            (1_234_567_890, 5_924),
            (2_000_000_000, 279_037),
            (20_000_000_000, 353_130),
        ] {
            assert_eq!(seed().code(step_at(at(seconds))), Some(code), "{seconds}");
        }
        // RFC 4226 appendix D.
        let hotp = [755_224, 287_082, 359_152, 969_429, 338_314, 254_676, 287_922, 162_583, 399_871, 520_489];
        assert_eq!((0..10).filter_map(|step| seed().code(step)).collect::<Vec<_>>(), hotp);
    }

    #[test]
    fn the_present_and_the_previous_step_count_and_no_other() {
        let (seed, now) = (seed(), at(1_234_567_890));
        let present = step_at(now);
        let accepted = |step: i64, earlier| seed.step_of(seed.code(step).unwrap(), now, earlier);
        assert_eq!(accepted(present, 1), Some(present));
        assert_eq!(accepted(present - 1, 1), Some(present - 1));
        assert_eq!((accepted(present - 2, 1), accepted(present + 1, 1)), (None, None));
        assert_eq!((accepted(present, 0), accepted(present - 1, 0)), (Some(present), None));
        assert_eq!(seed.step_of(1_000_000, now, 1), None);
    }

    #[test]
    fn a_seed_is_160_bits_as_base32_and_never_printed() {
        assert_eq!(*seed().to_text(), "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ");
        assert_eq!(format!("{:?}", seed()), "Seed(***)");
        assert!(Seed::from_bytes(&[0; 19]).is_none() && Seed::from_bytes(&[0; 21]).is_none());
    }
}
