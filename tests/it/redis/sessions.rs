//! Sessions in Redis through the HTTP and programmatic APIs.

use axum_users::Redis;

use super::{
    node::{Node, Shared},
    server::TestRedis,
};

const ARTHUR: &str = "arthur@camelot.bt";

#[tokio::test]
async fn sessions_can_be_listed_and_ended_programmatically() {
    let Some(redis) = TestRedis::reach() else { return };
    let shared = Shared::new(Redis::new(&redis.url).unwrap().prefix(redis.ours())).await;
    let node = Node::start(&shared).await;
    node.register(ARTHUR).await;
    node.register("kay@camelot.bt").await;
    let mut tokens = Vec::new();
    for _ in 0..3 {
        tokens.push(node.login("redis", ARTHUR).await);
        shared.clock.advance(std::time::Duration::from_secs(1));
    }
    node.login("jwt", ARTHUR).await;
    let arthur = node.users.get_by_email(ARTHUR).await.unwrap().unwrap();
    let kay = node.users.get_by_email("kay@camelot.bt").await.unwrap().unwrap();
    let sessions = node.users.sessions();
    let listed = sessions.list(arthur.id).await.unwrap();
    assert_eq!(listed.len(), 3, "JWTs are not listed");
    assert!(listed.iter().all(|listed| listed.device.client == Some("127.0.0.1".parse().unwrap())));
    assert_eq!(sessions.list(kay.id).await.unwrap(), []);

    let name = |at: usize| listed[at].session.token_id.clone().unwrap();
    assert!(!sessions.end(kay.id, &name(0)).await.unwrap(), "the session belongs to Arthur");
    assert!(sessions.end(arthur.id, &name(0)).await.unwrap());
    assert_eq!((node.me(&tokens[0]).await, node.me(&tokens[1]).await), (401, 200));
    sessions.end_others(&arthur, &listed[1].session).await.unwrap();
    assert_eq!((node.me(&tokens[1]).await, node.me(&tokens[2]).await), (200, 401));
    let left = sessions.list(arthur.id).await.unwrap();
    assert_eq!(left.len(), 1, "sessions of an earlier epoch are not listed");
    assert_eq!(left[0].session.token_id, listed[1].session.token_id);
    assert_eq!(node.users.purge_expired().await.unwrap(), 0, "Redis expires its own keys");
}

#[tokio::test]
async fn invalid_settings_are_rejected() {
    use axum_users::{Backend, Jwt, RedisSessions, SecretKey, Users};
    for url in ["http://127.0.0.1", "127.0.0.1", ""] {
        let error = Redis::new(url).unwrap_err().to_string();
        assert!(error.contains("cannot be read"), "{error}");
        assert!(RedisSessions::at(url).is_err() && url.parse::<Redis>().is_err(), "{url}");
    }
    let redis = || Redis::new("redis://127.0.0.1").unwrap();
    let bad = [
        ("lifetime is zero", Backend::bearer("redis", RedisSessions::new(redis()).lifetime(std::time::Duration::ZERO))),
        ("prefix", Backend::bearer("redis", RedisSessions::new(redis().prefix("")))),
        ("prefix", Backend::bearer("jwt", Jwt::new().revoked_in_redis(redis().prefix("")))),
    ];
    for (reason, backend) in bad {
        let built = Users::<crate::support::User>::builder(SecretKey::new(crate::support::SECRET).unwrap())
            .database("sqlite::memory:")
            .backend(backend)
            .build()
            .await;
        let error = built.unwrap_err().to_string();
        assert!(error.contains(reason), "{error}");
    }
}
