//! Failover of a primary to a replica by Sentinel.

use std::{
    fs,
    net::{TcpListener, TcpStream},
    process::{Child, Command, Stdio},
    sync::Arc,
    time::Duration,
};

use users_runtime::{
    Redis, RedisSessions,
    env::{Clock, OsRandom},
    store::Epoch,
    testing::ManualClock,
    token::{Device, Login, RedisTokens, Strategy},
};

use crate::redis::{
    server::{PrivateRedis, Reply, ask_at},
    support::{ARTHUR, find},
};

/// A Sentinel that monitors one primary.
struct Sentinel {
    process: Child,
    address: String,
}

impl Sentinel {
    fn watch(primary: &PrivateRedis) -> Self {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let (folder, file) = (primary.folder().display(), primary.folder().join("sentinel.conf"));
        let config = format!(
            "port {port}\nbind 127.0.0.1\ndir {folder}\nsentinel monitor camelot 127.0.0.1 {} 1\n\
             sentinel down-after-milliseconds camelot 1000\nsentinel failover-timeout camelot 10000\n",
            primary.port
        );
        fs::write(&file, config).unwrap();
        let process = Command::new("redis-server").arg(&file).arg("--sentinel").stdout(Stdio::null()).spawn().unwrap();
        let address = format!("127.0.0.1:{port}");
        while TcpStream::connect(&address).is_err() {
            std::thread::yield_now();
        }
        Self { process, address }
    }

    fn url(&self) -> String {
        format!("redis+sentinel://{}/camelot", self.address)
    }

    fn ask(&self, command: &[&str]) -> Reply {
        ask_at(&format!("redis://{}", self.address), command)
    }
}

impl Drop for Sentinel {
    fn drop(&mut self) {
        let _ended = self.process.kill();
        let _ended = self.process.wait();
    }
}

/// Polls until a condition holds on the servers.
async fn until(what: &str, holds: impl AsyncFn() -> bool) {
    let waiting = async {
        while !holds().await {
            // slow on purpose: the servers use their own clocks, and polling without a pause would starve them
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), waiting).await.unwrap_or_else(|_| panic!("timed out: {what}"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sessions_survive_a_failover_by_sentinel() {
    let Some(mut primary) = PrivateRedis::start_durable() else { return };
    let follow = format!("--replicaof 127.0.0.1 {}", primary.port);
    let Some(replica) = PrivateRedis::start_with(|port, _| format!("--port {port} --appendonly no {follow}")) else {
        return;
    };
    let sentinel = Sentinel::watch(&primary);
    until("the replica follows", async || {
        replica.ask(&["INFO", "replication"]).text().contains("master_link_status:up")
    })
    .await;
    until(
        "the Sentinel knows the replica",
        async || matches!(sentinel.ask(&["SENTINEL", "REPLICAS", "camelot"]), Reply::List(list) if list.len() == 1),
    )
    .await;

    let clock = Arc::new(ManualClock::at("2026-11-23T12:00:00Z".parse().unwrap()));
    let redis = Redis::new(&sentinel.url()).unwrap();
    redis.ping().await.unwrap();
    let tokens = RedisTokens::new(RedisSessions::new(redis.clone()), clock.clone(), Arc::new(OsRandom)).unwrap();
    let login = || Login::new(ARTHUR, Epoch(0), clock.now(), Device::default());
    let (kept, out) = (tokens.issue(&login()).await.unwrap(), tokens.issue(&login()).await.unwrap());
    until("the replica has both", async || {
        primary.ask(&["DBSIZE"]).integer() > 0 && primary.ask(&["DBSIZE"]) == replica.ask(&["DBSIZE"])
    })
    .await;

    primary.stop();
    // During the failover the result is an error, and never a missing session.
    until("another primary is chosen", async || match tokens.resolve(&kept).await {
        Ok(found) => {
            assert!(found.is_some());
            tokens.issue(&login()).await.is_ok()
        }
        Err(_) => false,
    })
    .await;
    tokens.revoke(&out).await.unwrap();
    assert!(find(&tokens, &out).await.is_none() && find(&tokens, &kept).await.is_some());
    assert!(replica.ask(&["INFO", "replication"]).text().contains("role:master"));

    // Sentinel is not queried while the connection holds, and a new service cannot reach one.
    let url = sentinel.url();
    drop(sentinel);
    assert!(tokens.issue(&login()).await.is_ok());
    assert!(Redis::new(&url).unwrap().ping().await.is_err());
}
