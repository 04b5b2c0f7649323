//! Keys of a story's own in Redis.

use std::sync::OnceLock;

use crate::redis_server::{self as server, Reply};

/// A prefix of its own, and where services reach it; the keys are gone with this value. Where Redis does not answer it
/// is empty, and nothing that needs it runs.
pub struct TestRedis {
    pub url: String,
    keys: Option<server::TestRedis>,
    /// Redis' own user, where commands may be forbidden.
    user: Option<String>,
}

impl TestRedis {
    /// Whether Redis is here to be used. An absent one is a failure where services are required.
    pub fn is_reachable() -> bool {
        static REACHABLE: OnceLock<bool> = OnceLock::new();
        *REACHABLE.get_or_init(|| server::TestRedis::reach().is_some())
    }

    /// With `alone`, services reach it as a user of their own, so that [`TestRedis::forbid`] concerns nobody else.
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

    /// What stands before the keys.
    pub fn ours(&self) -> String {
        self.keys.as_ref().map(server::TestRedis::ours).unwrap_or_default()
    }

    /// Refuses a command from now on.
    pub fn forbid(&self, command: &str) {
        self.administrate(&["SETUSER", self.user.as_deref().unwrap(), &format!("-{command}")]);
    }

    pub fn allow(&self, command: &str) {
        self.administrate(&["SETUSER", self.user.as_deref().unwrap(), &format!("+{command}")]);
    }

    fn administrate(&self, command: &[&str]) {
        let command: Vec<&str> = ["ACL"].iter().chain(command).copied().collect();
        let answer = self.keys.as_ref().unwrap().ask(&command);
        assert!(!matches!(answer, Reply::Refused(_)), "{answer:?}");
    }

    /// The texts in keys and values.
    pub fn dump(&self) -> Vec<String> {
        let Some(redis) = &self.keys else { return Vec::new() };
        let mut dump = Vec::new();
        for key in redis.keys() {
            let found = match redis.ask(&["TYPE", &key]).text().as_str() {
                "hash" => redis.ask(&["HVALS", &key]).texts(),
                "zset" => redis.ask(&["ZRANGE", &key, "0", "-1"]).texts(),
                _ => vec![redis.ask(&["GET", &key]).text()],
            };
            // A member of the index is the name of a session and the digest of its token.
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
