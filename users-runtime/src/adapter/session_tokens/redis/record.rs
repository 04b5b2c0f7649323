//! Parses the replies of the scripts.

use std::time::Duration;

use crate::domain::{Device, Epoch, ListedSession, Session, Timestamp, TokenId};

/// The format version of the sessions that are written and read.
const VERSION: &str = "1";

/// Parses the session of a token: one of axum-users, or one of fastapi-users, which contains only the user. Returns
/// `None` if it cannot be parsed.
pub(super) fn found(reply: &[String], now: Timestamp, lifetime: Option<Duration>) -> Option<Session> {
    match reply {
        [user, epoch, name, at] => session(user, epoch, name, at, lifetime),
        [user, left] => Some(Session {
            subject: user.clone(),
            token_id: None,
            epoch: None,
            logged_in_at: None,
            // A negative value means that there is no expiry.
            expires_at: u64::try_from(left.parse::<i64>().ok()?)
                .ok()
                .and_then(|left| later(now, Duration::from_millis(left))),
        }),
        _ => None,
    }
}

/// Parses a session of the list. Also returns `true` if its token is stored in plaintext.
pub(super) fn listed(fields: Vec<Option<String>>, lifetime: Option<Duration>) -> Option<(ListedSession, bool)> {
    let fields: [Option<String>; 9] = fields.try_into().ok()?;
    let [version, user, epoch, name, at, seen, ip, agent, plain] = fields;
    if version? != VERSION {
        return None;
    }
    let at = at?;
    let session = session(&user?, &epoch?, &name?, &at, lifetime)?;
    let seen = seen?;
    let last_seen_at = if seen == at { None } else { Some(time(&seen)?) };
    let device = Device::new(ip.and_then(|ip| ip.parse().ok()), agent.as_deref());
    Some((ListedSession { session, last_seen_at, device }, plain.is_some()))
}

fn session(user: &str, epoch: &str, name: &str, at: &str, lifetime: Option<Duration>) -> Option<Session> {
    let at = time(at)?;
    Some(Session {
        subject: user.to_owned(),
        token_id: Some(TokenId(name.to_owned())),
        epoch: Some(Epoch(epoch.parse().ok()?)),
        logged_in_at: Some(at),
        expires_at: lifetime.and_then(|lifetime| later(at, lifetime)),
    })
}

fn time(milliseconds: &str) -> Option<Timestamp> {
    Timestamp::from_timestamp_millis(milliseconds.parse().ok()?)
}

pub(super) fn later(from: Timestamp, by: Duration) -> Option<Timestamp> {
    from.checked_add_signed(chrono::TimeDelta::from_std(by).ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(values: [&str; 9]) -> Vec<Option<String>> {
        values.map(|value| (!value.is_empty()).then(|| value.to_owned())).to_vec()
    }

    #[test]
    fn a_malformed_reply_is_no_session() {
        let now = Timestamp::from_timestamp(1_795_435_200, 0).unwrap();
        let texts = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
        assert!(found(&texts(&["7", "0", "name", "1795435200000"]), now, None).is_some());
        for broken in [&["7", "x", "name", "1795435200000"][..], &["7", "0", "name", "soon"], &["7"], &[], &["7", "x"]]
        {
            assert_eq!(found(&texts(broken), now, None), None, "{broken:?}");
        }
        let good = ["1", "7", "0", "name", "1795435200000", "1795435200000", "", "", ""];
        let (session, in_plaintext) = listed(fields(good), None).unwrap();
        assert!(!in_plaintext && session.last_seen_at.is_none() && session.session.expires_at.is_none());
        for (at, value) in [(0, "2"), (0, ""), (2, "x"), (3, ""), (4, ""), (5, "x")] {
            let mut broken = good;
            broken[at] = value;
            assert_eq!(listed(fields(broken), None), None, "{broken:?}");
        }
    }
}
