//! Two instances of the server on one PostgreSQL and one Redis.

use serde_json::json;

use super::{PASSWORD, Running, patient_login};
use crate::{
    http::{Http, Response},
    redis_server::PrivateRedis,
    servers::Server,
};

const ARTHUR: &str = "arthur@camelot.bt";
const OTHER: &str = "another long sword";
const BACKENDS: [&str; 3] = ["jwt", "db", "redis"];

async fn token(http: &Http, backend: &str, password: &str) -> String {
    let response = patient_login(http, backend, ARTHUR, password).await;
    assert_eq!(response.status, 200, "{backend}: {response:?}");
    response.json()["access_token"].as_str().unwrap().to_owned()
}

/// Returns the status of both instances for a token.
async fn me([a, b]: [&Http; 2], token: &str) -> (u16, u16) {
    let of = async |http: &Http| http.get("/users/me").bearer(token).send().await.status.as_u16();
    (of(a).await, of(b).await)
}

async fn register(http: &Http, email: &str) -> Response {
    http.post("/auth/register").json(json!({ "email": email, "password": PASSWORD })).send().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_servers_on_one_postgres_and_one_redis_behave_as_one() {
    let Some(database) = Server::Postgres.database().await else { return };
    let Some(redis) = PrivateRedis::start() else { return };
    let servers = [(); 2].map(|()| Running::start(&database.url(), Some(&redis.url())));
    let [a, b] = [Http::at(servers[0].address), Http::at(servers[1].address)];
    let both = [&a, &b];

    // Concurrent registrations at both instances create one account.
    let (one, other) = tokio::join!(register(&a, ARTHUR), register(&b, "Arthur@CAMELOT.bt"));
    let mut statuses = [one.status.as_u16(), other.status.as_u16()];
    statuses.sort_unstable();
    assert_eq!(statuses, [201, 400], "{one:?} {other:?}");

    for backend in BACKENDS {
        let (out, kept) = (token(&a, backend, PASSWORD).await, token(&b, backend, PASSWORD).await);
        assert_eq!((me(both, &out).await, me(both, &kept).await), ((200, 200), (200, 200)), "{backend}");
        let logout = b.post(&format!("/auth/{backend}/logout")).bearer(&out).send().await;
        assert_eq!(logout.status, 204, "{backend}: {logout:?}");
        assert_eq!((me(both, &out).await, me(both, &kept).await), ((401, 401), (200, 200)), "{backend}");
    }

    // Both list the same sessions, and a session ended at one is ended at the other.
    let (own, doomed) = (token(&a, "redis", PASSWORD).await, token(&b, "db", PASSWORD).await);
    let list = async |http: &Http| http.get("/auth/sessions").bearer(&own).send().await.json();
    let listed = list(&a).await;
    assert_eq!(listed.as_array().unwrap().len(), 4, "{listed}");
    assert_eq!(listed, list(&b).await);
    let last = listed.as_array().unwrap().last().unwrap()["id"].as_str().unwrap().to_owned();
    assert_eq!(b.delete(&format!("/auth/sessions/{last}")).bearer(&own).send().await.status, 204);
    assert_eq!((me(both, &doomed).await, me(both, &own).await), ((401, 401), (200, 200)));

    // A password change at one instance ends all other sessions at both.
    let (mut from, mut to) = (PASSWORD, OTHER);
    for (number, backend) in BACKENDS.into_iter().enumerate() {
        let mut tokens = Vec::new();
        for backend in BACKENDS {
            tokens.extend([token(&a, backend, from).await, token(&b, backend, from).await]);
        }
        let own = tokens.swap_remove(number * 2);
        let change = json!({ "password": to, "current_password": from });
        let changed = b.patch("/users/me").bearer(&own).json(change).send().await;
        assert_eq!(changed.status, 200, "{backend}: {changed:?}");
        assert_eq!(me(both, &own).await, (200, 200), "{backend}");
        for token in &tokens {
            assert_eq!(me(both, token).await, (401, 401), "{backend}");
        }
        (from, to) = (to, from);
    }

    for server in servers {
        let (status, complaints) = server.stop();
        assert!(status.success() && complaints.is_empty(), "{status} {complaints}");
    }
}
