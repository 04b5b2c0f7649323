//! On SQLite a lookup reads the state of an account and of a session in a short form, unless it is unusual. Either way it finds the
//! same, alone and in a batch.

use users_runtime::{
    env::Timestamp,
    store::{Epoch, Found, Lookup, NewSession, TokenState, UserStore},
};

use crate::store::{
    every_write::{key, name, session, sessions},
    support::{FileStore, account},
    users::{User, user},
};

/// A statement that makes an account or a session unusual, and a check that a lookup returns the change.
type Case = (&'static str, fn(&Found<User>) -> bool);

const OF_ACCOUNTS: [Case; 4] = [
    (
        r#"UPDATE "user" SET "suspended_until" = '2030-01-01 00:00:00.000000', "suspended_reason" = 'spam' WHERE "email" LIKE 'arthur%'"#,
        |found| found.standing.suspension.is_some(),
    ),
    (r#"UPDATE "user" SET "must_change_password" = TRUE WHERE "email" LIKE 'arthur%'"#, |found| {
        found.standing.must_change_password
    }),
    (
        r#"INSERT INTO "user_token_state" ("token_id", "revoked", "expires_at") VALUES ('0000000000000000000001', TRUE, '2030-01-01 00:00:00.000000')"#,
        |found| found.token == TokenState::Revoked,
    ),
    (r#"UPDATE "user" SET "auth_epoch" = 7 WHERE "email" LIKE 'arthur%'"#, |found| found.epoch == Epoch(7)),
];

const OF_SESSIONS: [Case; 6] = [
    (r#"UPDATE "user" SET "auth_epoch" = 7 WHERE "email" LIKE 'arthur%'"#, |found| {
        (found.epoch, found.session.as_ref().unwrap().epoch) == (Epoch(7), Some(Epoch(0)))
    }),
    (
        r#"UPDATE "accesstoken" SET "logged_in_at" = "created_at" WHERE "session_id" = '0000000000000000000001'"#,
        |found| {
            let session = found.session.as_ref().unwrap();
            session.logged_in_at == Some(session.created_at)
        },
    ),
    (
        r#"UPDATE "accesstoken" SET "last_seen_at" = "created_at" WHERE "session_id" = '0000000000000000000001'"#,
        |found| {
            let session = found.session.as_ref().unwrap();
            session.last_seen_at == Some(session.created_at)
        },
    ),
    (r#"UPDATE "accesstoken" SET "backend" = NULL WHERE "session_id" = '0000000000000000000001'"#, |found| {
        found.session.as_ref().unwrap().backend.is_none()
    }),
    (r#"UPDATE "accesstoken" SET "session_id" = NULL WHERE "session_id" = '0000000000000000000001'"#, |found| {
        found.session.as_ref().unwrap().id.is_none()
    }),
    (
        r#"UPDATE "accesstoken" SET "created_at" = '2026-11-23 12:00:00' WHERE "session_id" = '0000000000000000000001'"#,
        |found| found.session.as_ref().unwrap().created_at == "2026-11-23T12:00:00Z".parse::<Timestamp>().unwrap(),
    ),
];

/// Returns a store with two users, each with a session, of whom only the first is changed.
async fn store() -> (FileStore<User>, [User; 2]) {
    let store = FileStore::<User>::migrated().await;
    let changed = store.insert(user(account("arthur@camelot.example"))).await.unwrap();
    let other = store.insert(user(account("mordred@camelot.example"))).await.unwrap();
    for (number, user) in [(1, &changed), (2, &other)] {
        let backend = Some("web".to_owned());
        sessions(&store.store).add(NewSession { backend, ..session(user, number) }, 20).await.unwrap();
    }
    (store, [changed, other])
}

/// Finds the first user alone, and both in a batch.
async fn find(store: &FileStore<User>, wanted: [Lookup<uuid::Uuid>; 2]) -> [Found<User>; 3] {
    let alone = store.find(&wanted[..1]).await.unwrap().pop().unwrap().unwrap();
    let mut both = store.find(&wanted).await.unwrap().into_iter().map(Option::unwrap);
    [alone, both.next().unwrap(), both.next().unwrap()]
}

#[tokio::test]
async fn what_is_unusual_about_an_account_is_found() {
    for (statement, is_found) in OF_ACCOUNTS {
        let (store, [changed, other]) = store().await;
        let wanted = || {
            let of = |user: &User, number| Lookup::User { id: user.id, token: Some(name(number)) };
            [of(&changed, 1), of(&other, 2)]
        };
        let usual = find(&store, wanted()).await;
        assert!(!usual.iter().any(is_found), "{statement}");
        store.file.run(statement).await;
        let [alone, first, second] = find(&store, wanted()).await;
        assert!(is_found(&alone) && is_found(&first) && !is_found(&second), "{statement}");
        assert_eq!((alone.user, first.user, second.user), (changed.clone(), changed, other), "{statement}");
    }
}

#[tokio::test]
async fn what_is_unusual_about_a_session_is_found() {
    for (statement, is_found) in OF_ACCOUNTS.into_iter().chain(OF_SESSIONS) {
        let (store, [changed, other]) = store().await;
        let wanted = || [Lookup::Session(key(1)), Lookup::Session(key(2))];
        let [usual, ..] = find(&store, wanted()).await;
        store.file.run(statement).await;
        let [alone, first, second] = find(&store, wanted()).await;
        assert!(is_found(&alone) && is_found(&first), "{statement}");
        assert_eq!(alone.session, first.session, "{statement}");
        assert_eq!(second.session.unwrap().backend.as_deref(), usual.session.unwrap().backend.as_deref());
        assert_eq!((alone.user, first.user, second.user), (changed.clone(), changed, other), "{statement}");
    }
}
