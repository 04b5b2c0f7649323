//! The short form of the statements that find users. sqlx copies every value of a row to the thread of its caller, and allocates
//! for each even if it is NULL, so a row with fewer columns is cheaper by far.

use sqlx::{Row as _, SqlSafeStr, Sqlite, sqlite};

use super::times;
use crate::{
    adapter::sql::{
        SqlResult,
        short::{Reading, Short},
    },
    domain::{AuthMethods, Epoch, SessionKey, Timestamp, TokenId},
    port::{BoxFuture, FoundSession},
};

/// The columns after those of the user: the epoch, the standing and the state of the token.
const STATE: &str = r#", u."auth_epoch", u."suspended_until", u."suspended_reason", u."must_change_password", s."revoked", s."kept_epoch", s."reauthenticated_at", s."amr""#;
/// The columns that a statement by session returns after these.
const SESSION: &str = r#", t."session_id", t."auth_epoch", t."created_at", t."last_seen_at", t."token", t."backend", t."amr", t."logged_in_at""#;

/// Whether an account and a token are in the normal state: neither suspended nor marked, and nothing recorded.
const IS_USUAL: &str = r#"u."suspended_until" IS NULL AND u."suspended_reason" IS NULL AND u."must_change_password" = 0 AND s."token_id" IS NULL"#;
/// Whether a session is in the normal state: of the current epoch of its user.
const IS_USUAL_SESSION: &str = r#" AND t."auth_epoch" = u."auth_epoch""#;
/// The values of a session. Those that vary in length are at the end. NULL without an id or a backend.
const PACKED: &str = r#", t."token" || t."session_id" || t."created_at" || COALESCE(t."last_seen_at", '') || '|' || COALESCE(t."logged_in_at", '') || '|' || COALESCE(t."amr", '') || '|' || t."backend""#;
const SEPARATOR: char = '|';

/// The length of an id that is generated with a session.
const ID_CHARS: usize = 22;
/// The characters of a time.
const TIME_CHARS: usize = 26;

/// Returns the short form of a statement. In place of the state it returns only the epoch, which is NULL unless
/// everything is in the normal state; in place of the session it returns one column.
pub(super) fn statement(full: &str) -> Option<String> {
    if !full.starts_with("SELECT ") {
        return None;
    }
    let (columns, rest) = full.split_once(STATE)?;
    Some(match rest.strip_prefix(SESSION) {
        Some(rest) => {
            format!(r#"{columns}, CASE WHEN {IS_USUAL}{IS_USUAL_SESSION} THEN u."auth_epoch" END{PACKED}{rest}"#)
        }
        None => format!(r#"{columns}, CASE WHEN {IS_USUAL} THEN u."auth_epoch" END{rest}"#),
    })
}

/// Reads the columns that replace the state and the session, starting at `first`. The session must be that of the key.
pub(super) fn read(row: &sqlite::SqliteRow, first: usize, key: Option<&SessionKey>) -> Reading {
    let Ok(Some(epoch)) = row.try_get::<Option<i64>, _>(first) else { return Reading::Unusual };
    let epoch = Epoch(epoch);
    let Some(key) = key else { return Reading::Usual(Short { epoch, session: None }) };
    match row.try_get::<Option<&str>, _>(first + 1) {
        Ok(Some(packed)) => unpack(packed, key, epoch),
        _ => Reading::Unusual,
    }
}

/// Splits the values of a session. Values that are not in the form of this library are left to the full statement.
fn unpack(packed: &str, key: &SessionKey, epoch: Epoch) -> Reading {
    let Some((token, values)) = packed.split_at_checked(SessionKey::CHARS) else { return Reading::Unusual };
    let Some(session) = session(values, epoch) else { return Reading::Unusual };
    if token != key.as_str() {
        return Reading::Another;
    }
    Reading::Usual(Short { epoch, session: Some(session) })
}

fn session(values: &str, epoch: Epoch) -> Option<FoundSession> {
    let (id, rest) = values.split_at_checked(ID_CHARS)?;
    let (created, rest) = rest.split_at_checked(TIME_CHARS)?;
    let (seen, rest) = rest.split_once(SEPARATOR)?;
    let (logged_in, rest) = rest.split_once(SEPARATOR)?;
    let (methods, backend) = rest.split_once(SEPARATOR)?;
    Some(FoundSession {
        id: Some(TokenId(id.to_owned())),
        epoch: Some(epoch),
        created_at: times::parse(created)?,
        last_seen_at: optional_time(seen)?,
        backend: Some(backend.to_owned()),
        methods: AuthMethods::parse(methods),
        logged_in_at: optional_time(logged_in)?,
    })
}

/// Reads a time that may be missing. Returns `None` for a text in another form.
fn optional_time(text: &str) -> Option<Option<Timestamp>> {
    if text.is_empty() { Some(None) } else { times::parse(text).map(Some) }
}

/// Runs a short form, which finds at most one user, and stops after the row. An error after the row does not matter for
/// a statement that only reads.
pub(super) fn read_first<'a>(
    connection: &'a mut sqlite::SqliteConnection,
    sql: impl SqlSafeStr,
    arguments: sqlite::SqliteArguments,
    keep: bool,
) -> BoxFuture<'a, SqlResult<Option<sqlite::SqliteRow>>> {
    Box::pin(sqlx::query_with::<Sqlite, _>(sql, arguments).persistent(keep).fetch_optional(connection))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::AccessToken;

    const FULL: &str = r#"SELECT u."id", u."auth_epoch", u."suspended_until", u."suspended_reason", u."must_change_password", s."revoked", s."kept_epoch", s."reauthenticated_at", s."amr" FROM "user" AS u"#;
    const CREATED: &str = "2026-11-29 12:00:00.000001";

    fn time(text: &str) -> Timestamp {
        times::parse(text).unwrap()
    }

    #[test]
    fn only_a_statement_that_reads_has_a_short_form() {
        let short = statement(FULL).unwrap();
        assert!(
            short.starts_with(r#"SELECT u."id", CASE WHEN "#) && short.ends_with(r#"END FROM "user" AS u"#),
            "{short}"
        );
        assert_eq!(statement(&FULL.replacen("SELECT", "DELETE", 1)), None);
        assert_eq!(statement(r#"SELECT u."id" FROM "user" AS u"#), None);
        let session = statement(&FULL.replacen(" FROM", &format!("{SESSION} FROM"), 1)).unwrap();
        assert!(session.ends_with(r#"|| t."backend" FROM "user" AS u"#), "{session}");
    }

    #[test]
    fn the_values_of_a_session_are_those_that_were_packed() {
        let key = SessionKey::hashed(&AccessToken::new("a"));
        let id = "a".repeat(ID_CHARS);
        for (seen, logged_in, methods, backend) in
            [("", "", "", ""), (CREATED, "", "pwd", "web"), ("", CREATED, "pwd otp", "a|b")]
        {
            let packed = format!("{}{id}{CREATED}{seen}|{logged_in}|{methods}|{backend}", key.as_str());
            let Reading::Usual(Short { session: Some(session), epoch }) = unpack(&packed, &key, Epoch(7)) else {
                panic!("{packed}")
            };
            assert_eq!((epoch, session.epoch), (Epoch(7), Some(Epoch(7))));
            assert_eq!(session.id, Some(TokenId(id.clone())));
            assert_eq!(session.created_at, time(CREATED));
            assert_eq!(session.last_seen_at, (!seen.is_empty()).then(|| time(seen)));
            assert_eq!((session.methods, session.backend.as_deref()), (AuthMethods::parse(methods), Some(backend)));
            assert_eq!(session.logged_in_at, (!logged_in.is_empty()).then(|| time(logged_in)));
            let other = SessionKey::hashed(&AccessToken::new("b"));
            assert_eq!(unpack(&packed, &other, Epoch(7)), Reading::Another);
        }
    }

    #[test]
    fn values_in_another_form_are_left_to_the_full_statement() {
        let key = SessionKey::hashed(&AccessToken::new("a"));
        let id = "a".repeat(ID_CHARS);
        for values in [
            "".to_owned(),
            id.clone(),
            format!("{id}{CREATED}"),
            format!("{id}{CREATED}|pwd"),
            format!("{id}{CREATED}|pwd|web"),
            format!("a{id}{CREATED}|||web"),
            format!("{}{CREATED}|||web", &id[1..]),
            format!("{id}2026-11-29 12:00:00|||web"),
            format!("{id}{CREATED}2026-11-29 12:00:00|||web"),
            format!("{id}{CREATED}|2026-11-29 12:00:00||web"),
            format!("é{id}{CREATED}|||web"),
        ] {
            assert_eq!(unpack(&format!("{}{values}", key.as_str()), &key, Epoch(0)), Reading::Unusual, "{values}");
        }
    }
}
