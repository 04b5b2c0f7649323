//! Redis is killed under a running service and restarted.

use axum_users::Redis;
use serde_json::json;

use super::{
    node::{Node, Shared},
    server::PrivateRedis,
};
use crate::support::PASSWORD;

const ARTHUR: &str = "arthur@camelot.bt";
const DOWN: &str = r#"{"detail":"SERVICE_UNAVAILABLE"}"#;

/// Without Redis, logins, access and logouts are 503. Routes that do not need it work, and everything works after the restart.
pub async fn fails_closed() {
    let Some(mut server) = PrivateRedis::start_durable() else { return };
    let shared = Shared::new(Redis::new(&server.url()).unwrap()).await;
    let node = Node::start(&shared).await;
    node.register(ARTHUR).await;
    let tokens = [node.login("redis", ARTHUR).await, node.login("listed", ARTHUR).await];
    let gone = [node.login("redis", ARTHUR).await, node.login("listed", ARTHUR).await];
    for (backend, token) in ["redis", "listed"].into_iter().zip(&gone) {
        node.logout(backend, token).await.is(204, "");
    }
    let in_database = node.login("jwt", ARTHUR).await;
    let id = node.users.get_by_email(ARTHUR).await.unwrap().unwrap().id;

    for _ in 0..2 {
        server.stop();
        let login = node.try_login("redis", ARTHUR).await;
        login.is(503, DOWN);
        assert!(login.header("retry-after").is_some() && login.header("set-cookie").is_none());
        // A guess that cannot be counted is refused.
        let wrong = [("username", ARTHUR), ("password", "a wrong password")];
        node.post("/auth/redis/login").form(&wrong).send().await.is(503, DOWN);
        for (backend, token) in
            [("redis", &tokens[0]), ("listed", &tokens[1]), ("redis", &gone[0]), ("listed", &gone[1])]
        {
            node.get("/users/me").bearer(token).send().await.is(503, DOWN);
            let change = json!({ "password": "another long sword", "current_password": PASSWORD });
            node.patch("/users/me").bearer(token).json(change).send().await.is(503, DOWN);
            node.logout(backend, token).await.is(503, DOWN);
        }
        assert!(node.users.sessions().list(id).await.is_err());
        assert_eq!(node.me(&in_database).await, 200, "a JWT revoked in the database needs no Redis");
        assert_eq!(node.me("garbage").await, 401);

        server.start_again();
        for token in &tokens {
            assert_eq!(node.me(token).await, 200, "the next request after the restart");
        }
        for token in &gone {
            assert_eq!(node.me(token).await, 401, "an acknowledged logout persists");
        }
        node.login("redis", ARTHUR).await;
    }
    node.logout("redis", &tokens[0]).await.is(204, "");
    assert_eq!(node.me(&tokens[0]).await, 401);
}
