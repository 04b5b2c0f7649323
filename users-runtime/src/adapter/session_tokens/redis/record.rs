//! Parses the replies of the scripts.

use std::time::Duration;

use crate::domain::{AuthMethods, Device, Epoch, ListedSession, Session, Timestamp, TokenId};

/// The format version of the sessions that are written and read.
const VERSION: &str = "1";

/// Parses the session of a token: one of axum-users, or one of fastapi-users, which contains only the user. Returns
/// `None` if it cannot be parsed.
pub(super) fn found(reply: &[String], now: Timestamp, lifetime: Option<Duration>) -> Option<Session> {
    match reply {
        [user, epoch, name, at, methods, login] => session(Fields { user, epoch, name, at, methods, login }, lifetime),
        [user, left] => Some(Session {
            // A negative value means that there is no expiry.
            expires_at: u64::try_from(left.parse::<i64>().ok()?)
                .ok()
                .and_then(|left| later(now, Duration::from_millis(left))),
            ..Session::new(user)
        }),
        _ => None,
    }
}

/// Parses a session of the list. Also returns `true` if its token is stored in plaintext.
pub(super) fn listed(fields: Vec<Option<String>>, lifetime: Option<Duration>) -> Option<(ListedSession, bool)> {
    let fields: [Option<String>; 11] = fields.try_into().ok()?;
    let [version, user, epoch, name, at, seen, ip, agent, plain, methods, login] = fields;
    if version? != VERSION {
        return None;
    }
    let at = at?;
    let (user, epoch, name) = (user?, epoch?, name?);
    let (methods, login) = (methods.unwrap_or_default(), login.unwrap_or_default());
    let fields = Fields { user: &user, epoch: &epoch, name: &name, at: &at, methods: &methods, login: &login };
    let session = session(fields, lifetime)?;
    let seen = seen?;
    let last_seen_at = if seen == at { None } else { Some(time(&seen)?) };
    let device = Device::new(ip.and_then(|ip| ip.parse().ok()), agent.as_deref());
    let refreshed_at = if login.is_empty() { None } else { time(&at) };
    Some((ListedSession { session, last_seen_at, device, refreshed_at }, plain.is_some()))
}

/// The fields of a session that identify its user and its times.
struct Fields<'a> {
    user: &'a str,
    epoch: &'a str,
    name: &'a str,
    /// The time of the issue.
    at: &'a str,
    methods: &'a str,
    /// The time of the login, if a refresh issued the token; otherwise empty.
    login: &'a str,
}

fn session(fields: Fields<'_>, lifetime: Option<Duration>) -> Option<Session> {
    let Fields { user, epoch, name, at, methods, login } = fields;
    let at = time(at)?;
    Some(Session {
        token_id: Some(TokenId(name.to_owned())),
        epoch: Some(Epoch(epoch.parse().ok()?)),
        logged_in_at: Some(if login.is_empty() { at } else { time(login)? }),
        expires_at: lifetime.and_then(|lifetime| later(at, lifetime)),
        methods: AuthMethods::parse(methods),
        ..Session::new(user)
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

    fn fields(values: [&str; 11]) -> Vec<Option<String>> {
        values.map(|value| (!value.is_empty()).then(|| value.to_owned())).to_vec()
    }

    #[test]
    fn a_malformed_reply_is_no_session() {
        let now = Timestamp::from_timestamp(1_795_435_200, 0).unwrap();
        let texts = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
        assert!(found(&texts(&["7", "0", "name", "1795435200000", "", ""]), now, None).is_some());
        for broken in [
            &["7", "x", "name", "1795435200000", "", ""][..],
            &["7", "0", "name", "soon", "pwd", ""],
            &["7"],
            &[],
            &["7", "x"],
        ] {
            assert_eq!(found(&texts(broken), now, None), None, "{broken:?}");
        }
        let good = ["1", "7", "0", "name", "1795435200000", "1795435200000", "", "", "", "pwd", ""];
        let (session, in_plaintext) = listed(fields(good), None).unwrap();
        assert!(!in_plaintext && session.last_seen_at.is_none() && session.session.expires_at.is_none());
        for (at, value) in [(0, "2"), (0, ""), (2, "x"), (3, ""), (4, ""), (5, "x")] {
            let mut broken = good;
            broken[at] = value;
            assert_eq!(listed(fields(broken), None), None, "{broken:?}");
        }
    }
}
