//! The claims of a token, parsed strictly.

use std::{borrow::Cow, fmt, time::Duration};

use serde::{
    Deserialize, Deserializer,
    de::{self, SeqAccess, Visitor},
};

use crate::domain::{CLOCK_SKEW, Timestamp};

/// The claims of all tokens. A token is invalid if a claim occurs twice, is null or has the wrong type. Unknown claims
/// are ignored (RFC 7519 section 4).
#[derive(Deserialize)]
pub(super) struct Claims<'a> {
    #[serde(borrow)]
    pub(super) sub: Text<'a>,
    #[serde(borrow)]
    aud: Audience<'a>,
    #[serde(default, deserialize_with = "present")]
    exp: Option<NumericDate>,
    #[serde(default, deserialize_with = "present")]
    nbf: Option<NumericDate>,
    #[serde(default, deserialize_with = "present")]
    iat: Option<NumericDate>,
    #[serde(borrow, default, deserialize_with = "present")]
    pub(super) jti: Option<Text<'a>>,
    #[serde(default, deserialize_with = "present")]
    pub(super) epoch: Option<i64>,
    #[serde(borrow, default, deserialize_with = "present")]
    pub(super) backend: Option<Text<'a>>,
    #[serde(borrow, default, deserialize_with = "present")]
    pub(super) amr: Option<Vec<Text<'a>>>,
    #[serde(borrow, default, deserialize_with = "present")]
    pub(super) sid: Option<Text<'a>>,
    #[serde(default, deserialize_with = "present")]
    auth_time: Option<NumericDate>,
    #[serde(borrow, default, deserialize_with = "present")]
    pub(super) email: Option<Text<'a>>,
    #[serde(borrow, default, deserialize_with = "present")]
    pub(super) bnd: Option<Text<'a>>,
    #[serde(borrow, default, deserialize_with = "present")]
    pub(super) password_fgpt: Option<Text<'a>>,
}

impl<'a> Claims<'a> {
    /// Parses a verified payload.
    pub(super) fn read(payload: &'a [u8]) -> Option<Self> {
        object(payload).filter(|claims: &Self| !claims.sub.0.is_empty())
    }

    /// Returns `true` if one of the token's audiences is one of `audiences`.
    pub(super) fn is_for<S: AsRef<str>>(&self, audiences: &[S]) -> bool {
        let ours = |named: &str| audiences.iter().any(|audience| audience.as_ref() == named);
        match &self.aud {
            Audience::One(named) => ours(named),
            Audience::Many(named) => named.iter().any(|named| ours(&named.0)),
        }
    }

    /// Returns `true` if `now` is within the token's times, `exp` and `nbf` with `leeway`. `iat` may always be in the future
    /// by [`CLOCK_SKEW`]. The caller decides whether a token may lack `exp`.
    pub(super) fn is_live(&self, now: Timestamp, leeway: Duration) -> bool {
        let not_over = self.exp.is_none_or(|exp| now < exp.0 + leeway);
        let begun = self.nbf.is_none_or(|start| start.0 <= now + leeway);
        let issued = self.iat.is_none_or(|issued| issued.0 <= now + CLOCK_SKEW.max(leeway));
        not_over && begun && issued
    }

    /// Returns the time at which the token expires.
    pub(super) fn expires_at(&self) -> Option<Timestamp> {
        self.exp.map(|exp| exp.0)
    }

    /// Returns the time of the login: the time of issue, unless the token comes from a refresh.
    pub(super) fn logged_in_at(&self) -> Option<Timestamp> {
        self.auth_time.map_or_else(|| self.issued_at(), |login| Some(login.0))
    }

    /// Returns the time at which the token was issued.
    pub(super) fn issued_at(&self) -> Option<Timestamp> {
        self.iat.map(|iat| iat.0)
    }
}

/// Parses a JSON object. By default, serde would also accept an array with the values in order.
pub(super) fn object<'a, T: Deserialize<'a>>(json: &'a [u8]) -> Option<T> {
    json.starts_with(b"{").then(|| serde_json::from_slice(json).ok()).flatten()
}

/// Deserializes a claim that must have a value if it is present. By default, serde would treat null as absent, and thus
/// a null `exp` as no limit.
pub(super) fn present<'de, D, T>(deserializer: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    T::deserialize(deserializer).map(Some)
}

/// A string, borrowed from the payload if it has no escapes.
#[derive(Deserialize)]
#[serde(transparent)]
pub(super) struct Text<'a>(#[serde(borrow)] pub(super) Cow<'a, str>);

/// One audience or several.
enum Audience<'a> {
    One(Cow<'a, str>),
    Many(Vec<Text<'a>>),
}

impl<'de: 'a, 'a> Deserialize<'de> for Audience<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct OneOrMany;

        impl<'de> Visitor<'de> for OneOrMany {
            type Value = Audience<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an audience or several")
            }

            fn visit_borrowed_str<E: de::Error>(self, audience: &'de str) -> Result<Audience<'de>, E> {
                Ok(Audience::One(Cow::Borrowed(audience)))
            }

            fn visit_str<E: de::Error>(self, audience: &str) -> Result<Audience<'de>, E> {
                Ok(Audience::One(Cow::Owned(audience.to_owned())))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut audiences: A) -> Result<Audience<'de>, A::Error> {
                let mut many = Vec::with_capacity(1);
                while let Some(audience) = audiences.next_element()? {
                    many.push(audience);
                }
                Ok(Audience::Many(many))
            }
        }

        deserializer.deserialize_any(OneOrMany)
    }
}

/// A time in seconds since 1970 (RFC 7519 section 2). Fractions are truncated, as in PyJWT.
#[derive(Clone, Copy)]
struct NumericDate(Timestamp);

/// The last second of the year 9999, the latest time that all databases and Python can represent.
pub(super) const LATEST: i64 = 253_402_300_799;

impl NumericDate {
    fn from_seconds<E: de::Error>(seconds: i64) -> Result<Self, E> {
        (0..=LATEST)
            .contains(&seconds)
            .then(|| Timestamp::from_timestamp(seconds, 0))
            .flatten()
            .map(Self)
            .ok_or_else(|| E::custom("a time out of range"))
    }
}

impl<'de> Deserialize<'de> for NumericDate {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Seconds;

        impl Visitor<'_> for Seconds {
            type Value = NumericDate;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a number of seconds since 1970")
            }

            fn visit_u64<E: de::Error>(self, seconds: u64) -> Result<NumericDate, E> {
                NumericDate::from_seconds(i64::try_from(seconds).unwrap_or(i64::MAX))
            }

            fn visit_i64<E: de::Error>(self, seconds: i64) -> Result<NumericDate, E> {
                NumericDate::from_seconds(seconds)
            }

            fn visit_f64<E: de::Error>(self, seconds: f64) -> Result<NumericDate, E> {
                if !seconds.is_finite() {
                    return Err(E::custom("a time that is not finite"));
                }
                // The conversion saturates, and the extreme values are out of range.
                NumericDate::from_seconds(seconds as i64)
            }

            /// PyJWT accepts all strings that Python's `int()` accepts; here only plain decimal numbers are accepted.
            fn visit_str<E: de::Error>(self, seconds: &str) -> Result<NumericDate, E> {
                seconds.trim().parse().map_err(E::custom).and_then(NumericDate::from_seconds)
            }
        }

        deserializer.deserialize_any(Seconds)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn exp(value: &str) -> Option<i64> {
        let payload = format!(r#"{{"sub":"1","aud":"a","exp":{value}}}"#);
        Claims::read(payload.as_bytes())?.expires_at().map(|at| at.timestamp())
    }

    #[test]
    fn numbers_and_decimal_strings_in_range_are_times() {
        for (value, seconds) in [
            ("4102444800", 4_102_444_800),
            ("4102444800.9", 4_102_444_800),
            (r#"" 4102444800 ""#, 4_102_444_800),
            ("0", 0),
        ] {
            assert_eq!(exp(value), Some(seconds), "{value}");
        }
    }

    #[test]
    fn an_invalid_exp_makes_the_token_invalid_and_never_unlimited() {
        for value in [
            "null",
            "true",
            "[]",
            "{}",
            "1e400",
            "1e300",
            "-1",
            "253402300800",
            "18446744073709551615",
            r#""""#,
            r#""inf""#,
            r#""NaN""#,
            r#""1e9""#,
            r#""soon""#,
        ] {
            let payload = format!(r#"{{"sub":"1","aud":"a","exp":{value}}}"#);
            assert!(Claims::read(payload.as_bytes()).is_none(), "{value}");
        }
    }

    #[test]
    fn claims_that_occur_twice_or_have_another_type_make_the_token_invalid() {
        for payload in [
            r#"{"sub":"1","sub":"2","aud":"a"}"#,
            r#"{"sub":"1","aud":"a","aud":"b"}"#,
            r#"{"sub":"1","aud":"a","exp":1,"exp":4102444800}"#,
            r#"{"sub":1,"aud":"a"}"#,
            r#"{"sub":"","aud":"a"}"#,
            r#"{"sub":null,"aud":"a"}"#,
            r#"{"aud":"a"}"#,
            r#"{"sub":"1"}"#,
            r#"{"sub":"1","aud":null}"#,
            r#"{"sub":"1","aud":["a",1]}"#,
            r#"{"sub":"1","aud":"a","jti":7}"#,
            r#"{"sub":"1","aud":"a","epoch":"1"}"#,
            r#"{"sub":"1","aud":"a"} trailing"#,
            r#"["1","a",4102444800]"#,
        ] {
            assert!(Claims::read(payload.as_bytes()).is_none(), "{payload}");
        }
    }

    #[test]
    fn an_audience_is_one_string_or_several_and_one_must_match() {
        for (aud, is_ours) in
            [(r#""a""#, true), (r#"["b","a"]"#, true), (r#""b""#, false), ("[]", false), (r#""A""#, false)]
        {
            let payload = format!(r#"{{"sub":"1","aud":{aud}}}"#);
            let claims = Claims::read(payload.as_bytes()).expect("readable");
            assert_eq!(claims.is_for(&["a"]), is_ours, "{aud}");
        }
    }
}
