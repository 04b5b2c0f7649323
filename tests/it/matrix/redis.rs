//! Isolated keys of a scenario in Redis.

use std::sync::OnceLock;

use crate::redis_server::{self as server, Reply};

/// A unique key prefix and the URL for services; the keys are removed on drop. Without Redis it is empty, and the
/// combinations that need it do not run.
pub struct TestRedis {
    pub url: String,
    keys: Option<server::TestRedis>,
    /// A Redis user whose commands can be forbidden.
    user: Option<String>,
}

impl TestRedis {
    /// Returns whether Redis is available. An unavailable one is a failure with `REQUIRE_SERVICES=1`.
    pub fn is_reachable() -> bool {
        static REACHABLE: OnceLock<bool> = OnceLock::new();
        *REACHABLE.get_or_init(|| server::TestRedis::reach().is_some())
    }

    /// With `alone`, services use a separate Redis user, so that [`TestRedis::forbid`] affects no other test.
    pub fn new(alone: bool) -> Self {
        let keys = Self::is_reachable().then(server::TestRedis::reach).flatten();
        let mut redis = Self { url: keys.as_ref().map(|keys| keys.url.clone()).unwrap_or_default(), keys, user: None };
        if alone && redis.keys.is_some() {
            let user = redis.ours().replace(':', "-");
            redis.administrate(&["SETUSER", &user, "on", ">secret", "~*", "+@all"]);
            let place = redis.url.strip_prefix("redis://").unwrap();
            let place = place.rsplit_once('@').map_or(place, |(_, place)| place);
            redis.url = format!("redis://{user}:secret@{place}");
            redis.user = Some(user);
        }
        redis
    }

    /// Returns the prefix of the keys.
    pub fn ours(&self) -> String {
        self.keys.as_ref().map(server::TestRedis::ours).unwrap_or_default()
    }

    /// Forbids a command until [`TestRedis::allow`].
    pub fn forbid(&self, command: &str) {
        self.administrate(&["SETUSER", self.user.as_deref().unwrap(), &format!("-{command}")]);
    }

    pub fn allow(&self, command: &str) {
        self.administrate(&["SETUSER", self.user.as_deref().unwrap(), &format!("+{command}")]);
    }

    fn administrate(&self, command: &[&str]) {
        let command: Vec<&str> = ["ACL"].iter().chain(command).copied().collect();
        let response = self.keys.as_ref().unwrap().ask(&command);
        assert!(!matches!(response, Reply::Refused(_)), "{response:?}");
    }

    /// Returns the texts in keys and values.
    pub fn dump(&self) -> Vec<String> {
        let Some(redis) = &self.keys else { return Vec::new() };
        let mut dump = Vec::new();
        for key in redis.keys() {
            let found = match redis.ask(&["TYPE", &key]).text().as_str() {
                "hash" => redis.ask(&["HVALS", &key]).texts(),
                "zset" => redis.ask(&["ZRANGE", &key, "0", "-1"]).texts(),
                _ => vec![redis.ask(&["GET", &key]).text()],
            };
            // An index member consists of the session's name and the digest of its token.
            dump.extend(found.iter().filter(|text| text.len() == 65).map(|text| text[22..].to_owned()));
            dump.extend(found.into_iter().filter(|text| !text.is_empty()));
            dump.extend(key.rsplit(':').next().map(str::to_owned));
            dump.push(key);
        }
        dump
    }
}

impl Drop for TestRedis {
    fn drop(&mut self) {
        if let Some(user) = &self.user {
            self.keys.as_ref().unwrap().ask(&["ACL", "DELUSER", user]);
        }
    }
}
