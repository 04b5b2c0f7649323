//! Sessions in the form of fastapi-users (contract.md sections 9 and 17).

use std::time::Duration;

use users_runtime::{
    AccessToken, DatabaseSessions,
    env::Clock,
    store::Epoch,
    token::{Session, Strategy},
};

use crate::redis::{
    server::Reply,
    support::{ARTHUR, Rig, after, ends_in, find},
};

/// A token issued by fastapi-users (contract.md section 17).
const UPSTREAM: &str = "si-VTrj7auoqus3RzXn_sAoqMNmwuQbwrzOsMgODD7w";

/// Starts the strategy as under the upstream policy, with a lifetime of an hour.
fn upstream() -> DatabaseSessions {
    DatabaseSessions::new()
        .lifetime(Duration::from_secs(3600))
        .plaintext_tokens()
        .accept_upstream_tokens(None)
        .without_idle_limit()
}

impl Rig {
    fn upstream_key(&self, token: &str) -> String {
        format!("{}{token}", self.redis.upstream())
    }

    /// Writes the key that fastapi-users writes at a login.
    fn upstream_login(&self, lifetime: Option<&str>) -> AccessToken {
        let key = self.upstream_key(UPSTREAM);
        let mut command = vec!["SET", &key, ARTHUR];
        command.extend(lifetime.iter().flat_map(|seconds| ["EX", seconds]));
        assert_eq!(self.redis.ask(&command), Reply::Text("OK".to_owned()));
        AccessToken::new(UPSTREAM)
    }
}

#[tokio::test]
async fn plaintext_sessions_can_be_read_by_fastapi_users() {
    let Some(rig) = Rig::with(upstream()) else { return };
    let token = rig.issue(ARTHUR).await;
    let key = rig.upstream_key(token.secret());
    assert_eq!(rig.redis.ask(&["GET", &key]), Reply::Text(ARTHUR.to_owned()));
    ends_in(rig.ttl(&key), 3600);
    let session = rig.find(&token).await.unwrap();
    assert_eq!((session.subject.as_str(), session.epoch), (ARTHUR, Some(Epoch(3))), "our form also has the epoch");
    // A logout at fastapi-users ends the session here.
    rig.redis.ask(&["DEL", &key]);
    assert!(!rig.is_alive(&token).await);
    assert_eq!(rig.tokens.list(ARTHUR).await.unwrap(), []);
    // Sessions ended here, by logout, by name or by the cap, end at fastapi-users.
    let token = rig.issue(ARTHUR).await;
    rig.tokens.revoke(&token).await.unwrap();
    assert_eq!(rig.redis.ask(&["GET", &rig.upstream_key(token.secret())]), Reply::Nil);
    let token = rig.issue(ARTHUR).await;
    let name = rig.find(&token).await.unwrap().token_id.unwrap();
    assert!(rig.tokens.end(ARTHUR, &name).await.unwrap());
    assert_eq!(rig.redis.ask(&["GET", &rig.upstream_key(token.secret())]), Reply::Nil);
    let token = rig.issue(ARTHUR).await;
    rig.advance(1);
    rig.another(upstream().at_most(1)).issue(&rig.login(ARTHUR)).await.unwrap();
    assert_eq!(rig.redis.ask(&["GET", &rig.upstream_key(token.secret())]), Reply::Nil);

    let Some(eternal) = Rig::with(upstream().never_expires()) else { return };
    let token = eternal.issue(ARTHUR).await;
    assert_eq!(eternal.ttl(&eternal.upstream_key(token.secret())), -1, "no EX without a lifetime");
}

#[tokio::test]
async fn sessions_of_fastapi_users_are_accepted_by_opt_in() {
    let Some(rig) = Rig::with(upstream()) else { return };
    let token = rig.upstream_login(Some("3600"));
    let session = rig.find(&token).await.unwrap();
    let end = session.expires_at.unwrap();
    assert!(end <= after(rig.clock.now(), 3600) && end > after(rig.clock.now(), 3570), "{end}");
    let unknown = {
        let mut session = Session::new(ARTHUR.to_owned());
        session.expires_at = Some(end);
        session
    };
    assert_eq!(session, unknown);
    assert_eq!(rig.tokens.list(ARTHUR).await.unwrap(), [], "it has no name by which it could be ended");

    let now = rig.clock.now();
    let until = rig.another(DatabaseSessions::new().accept_upstream_tokens(Some(after(now, 60))));
    let refused = rig.another(DatabaseSessions::new());
    assert!(find(&until, &token).await.is_some() && find(&refused, &token).await.is_none());
    rig.clock.set(after(now, 60));
    assert!(find(&until, &token).await.is_none(), "accepted only until the configured time");
    rig.clock.set(now);

    rig.tokens.revoke(&token).await.unwrap();
    assert!(!rig.is_alive(&token).await);
    assert_eq!(rig.redis.keys(), Vec::<String>::new());
    let token = rig.upstream_login(None);
    assert_eq!(rig.find(&token).await.unwrap().expires_at, None);
    // A changed value does not match the session that was created.
    let own = rig.issue(ARTHUR).await;
    rig.redis.ask(&["SET", &rig.upstream_key(own.secret()), "another user"]);
    assert!(!rig.is_alive(&own).await);
}

#[tokio::test]
async fn a_plaintext_session_ends_with_the_opt_in() {
    let Some(rig) = Rig::with(upstream()) else { return };
    let (clear, strict) = (rig.issue(ARTHUR).await, rig.another(DatabaseSessions::new()));
    assert!(find(&strict, &clear).await.is_none());
    assert_eq!(strict.list(ARTHUR).await.unwrap(), []);
    let hashed = strict.issue(&rig.login(ARTHUR)).await.unwrap();
    assert!(rig.is_alive(&hashed).await, "a session stored as a digest is accepted by both");
    assert_eq!(rig.redis.ask(&["EXISTS", &rig.upstream_key(hashed.secret())]), Reply::Integer(0));
}

#[tokio::test]
async fn an_idle_timeout_expires_both_keys() {
    let config = upstream().idle(Duration::from_secs(600));
    let Some(rig) = Rig::with(config) else { return };
    let token = rig.issue(ARTHUR).await;
    let keys = [rig.upstream_key(token.secret()), rig.session_key(&rig.digests()[0])];
    keys.iter().for_each(|key| ends_in(rig.ttl(key), 600));
    rig.advance(3300);
    assert!(!rig.is_alive(&token).await);
    let token = rig.issue(ARTHUR).await;
    rig.advance(599);
    assert!(rig.is_alive(&token).await);
    ends_in(rig.ttl(&rig.upstream_key(token.secret())), 600);
}
