//! Refresh tokens in Redis.

use std::{fmt, net::IpAddr};

use super::Redis;
use crate::{
    domain::{
        AuthMethods, CLOCK_SKEW, Device, Epoch, FamilySalt, RefreshFamily, Result, Rotated, Rotation, StoreError,
        Timestamp, TokenId,
    },
    port::{BoxFuture, RefreshStore},
};

const ADD: &str = include_str!("scripts/refresh_add.lua");
const ROTATE: &str = include_str!("scripts/refresh_rotate.lua");
const END: &str = include_str!("scripts/refresh_end.lua");

/// The fields of a family. Times are milliseconds since 1970; empty values are left out.
const FIELDS: [&str; 13] = [
    "v",
    "user",
    "salt",
    "generation",
    "backend",
    "epoch",
    "at",
    "rotated_at",
    "expires_at",
    "ends_at",
    "ip",
    "agent",
    "amr",
];

/// The format version of the families that are written and read.
const VERSION: &str = "1";

/// The families of refresh tokens of backends whose sessions are in Redis.
///
/// The key of a family is the [prefix](Redis::prefix), `refresh:` and its id; the value is a hash. An index has the key of
/// the prefix, `refreshes:`, the length and the name of the backend, and the user's id. Redis removes both at their expiry.
///
/// # Security
/// If Redis loses its latest writes in a crash, the newest token of a family is no longer known and its holder has to
/// log in again; `appendfsync always` prevents this. Tokens that were replaced before do not become valid again.
pub(crate) struct RedisRefreshTokens {
    redis: Redis,
}

impl RedisRefreshTokens {
    pub(crate) fn new(redis: Redis) -> Result<Self> {
        redis.check()?;
        Ok(Self { redis })
    }

    fn family(&self, id: &str) -> String {
        self.redis.key("refresh", id)
    }

    fn index(&self, backend: &str, subject: &str) -> String {
        // The length prevents a name with a colon from matching another backend and user.
        self.redis.key("refreshes", &format!("{}:{backend}:{subject}", backend.len()))
    }

    async fn run<T: redis::FromRedisValue>(
        &self,
        script: &str,
        keys: &[&str],
        args: &[String],
    ) -> Result<T, StoreError> {
        let args: Vec<&str> = args.iter().map(String::as_str).collect();
        self.redis.run(script, keys, &args).await.map_err(StoreError::unavailable)
    }

    async fn read(&self, id: &TokenId) -> Result<Option<RefreshFamily>, StoreError> {
        let mut command = redis::cmd("HMGET");
        command.arg(self.family(&id.0)).arg(&FIELDS);
        let fields: Vec<Option<String>> = self.redis.send(&command).await.map_err(StoreError::unavailable)?;
        Ok(read(id, fields.into_iter().map(Option::unwrap_or_default)))
    }
}

impl RefreshStore for RedisRefreshTokens {
    fn add(&self, family: RefreshFamily, at_most: u32) -> BoxFuture<'_, Result<(), StoreError>> {
        Box::pin(async move {
            let (key, index) = (self.family(&family.id.0), self.index(&family.backend, &family.subject));
            let left = |until: Timestamp| (until - family.rotated_at).num_milliseconds().max(1).to_string();
            let values = [
                VERSION.to_owned(),
                family.subject.clone(),
                family.salt.0.clone(),
                family.generation.to_string(),
                family.backend.clone(),
                family.epoch.0.to_string(),
                family.logged_in_at.timestamp_millis().to_string(),
                family.rotated_at.timestamp_millis().to_string(),
                family.expires_at.timestamp_millis().to_string(),
                family.ends_at.timestamp_millis().to_string(),
                family.device.client.map(|client| client.to_string()).unwrap_or_default(),
                family.device.user_agent.clone().unwrap_or_default(),
                family.methods.to_string(),
            ];
            let mut args = vec![
                self.family(""),
                family.id.0.clone(),
                at_most.to_string(),
                left(family.expires_at),
                left(family.ends_at),
                family.logged_in_at.timestamp_millis().to_string(),
            ];
            args.extend(FIELDS.into_iter().zip(values).flat_map(|(name, value)| [name.to_owned(), value]));
            self.run::<i64>(ADD, &[&key, &index], &args).await.map(drop)
        })
    }

    fn find<'a>(&'a self, id: &'a TokenId) -> BoxFuture<'a, Result<Option<RefreshFamily>, StoreError>> {
        Box::pin(self.read(id))
    }

    fn rotate<'a>(&'a self, rotation: &'a Rotation) -> BoxFuture<'a, Result<Rotated, StoreError>> {
        Box::pin(async move {
            let Rotation { id, generation, at, expires_at, epoch, grace } = rotation;
            let mut args = vec![
                generation.to_string(),
                at.timestamp_millis().to_string(),
                expires_at.timestamp_millis().to_string(),
                epoch.0.to_string(),
                grace.as_millis().to_string(),
                CLOCK_SKEW.as_millis().to_string(),
            ];
            args.extend(FIELDS.map(str::to_owned));
            let reply: Vec<String> = self.run(ROTATE, &[&self.family(&id.0)], &args).await?;
            let mut reply = reply.into_iter();
            let decided = reply.next().unwrap_or_default();
            Ok(match (decided.as_str(), read(id, reply)) {
                ("rotated", Some(family)) => Rotated::Rotated(family),
                ("replayed", Some(family)) => Rotated::Replayed(family),
                ("reused", _) => Rotated::Reused,
                _ => Rotated::Ended,
            })
        })
    }

    fn end<'a>(&'a self, subject: &'a str, id: &'a TokenId) -> BoxFuture<'a, Result<bool, StoreError>> {
        Box::pin(async move {
            let ended: i64 = self.run(END, &[&self.family(&id.0)], &[subject.to_owned()]).await?;
            Ok(ended > 0)
        })
    }

    fn list<'a>(&'a self, subject: &'a str, backend: &'a str) -> BoxFuture<'a, Result<Vec<RefreshFamily>, StoreError>> {
        Box::pin(async move {
            let mut command = redis::cmd("ZRANGE");
            command.arg(self.index(backend, subject)).arg(0).arg(-1);
            let ids: Vec<String> = self.redis.send(&command).await.map_err(StoreError::unavailable)?;
            let mut families = Vec::with_capacity(ids.len());
            for id in ids {
                families.extend(self.read(&TokenId(id)).await?);
            }
            Ok(families)
        })
    }

    /// Redis removes expired families by itself.
    fn purge(&self, _: Timestamp) -> BoxFuture<'_, Result<u64, StoreError>> {
        Box::pin(std::future::ready(Ok(0)))
    }
}

/// Reads the fields of a family. `None` if there is none, or if it cannot be read.
fn read(id: &TokenId, fields: impl Iterator<Item = String>) -> Option<RefreshFamily> {
    let fields: [String; FIELDS.len()] = fields.collect::<Vec<_>>().try_into().ok()?;
    let [version, subject, salt, generation, backend, epoch, at, rotated_at, expires_at, ends_at, ip, agent, methods] =
        fields;
    if version != VERSION {
        return None;
    }
    let time = |text: String| Timestamp::from_timestamp_millis(text.parse().ok()?);
    Some(RefreshFamily {
        id: id.clone(),
        subject,
        salt: FamilySalt(salt),
        generation: generation.parse().ok()?,
        backend,
        epoch: Epoch(epoch.parse().ok()?),
        logged_in_at: time(at)?,
        rotated_at: time(rotated_at)?,
        expires_at: time(expires_at)?,
        ends_at: time(ends_at)?,
        device: Device::new(ip.parse::<IpAddr>().ok(), Some(agent.as_str())),
        methods: AuthMethods::parse(&methods),
    })
}

impl fmt::Debug for RedisRefreshTokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisRefreshTokens").field("redis", &self.redis).finish_non_exhaustive()
    }
}
