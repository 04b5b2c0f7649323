//! The Redis server: a fixed one, or the primary that Sentinel reports.

use redis::{
    Client, IntoConnectionInfo, RedisResult, TlsMode,
    io::tcp::TcpSettings,
    sentinel::{Sentinel, SentinelNodeConnectionInfo},
};
use tokio::sync::Mutex;

use super::connection::TOTAL;

/// The default port of Sentinel.
const SENTINEL_PORT: u16 = 26379;

const FORM: &str = "the Redis URL cannot be read: it has the form redis://user:password@host:port/database, with special characters of \
                    the password percent-encoded";
const SENTINEL_FORM: &str = "the Redis URL cannot be read: with Sentinel it has the form \
                             redis+sentinel://user:password@host:port,host:port/name-of-the-primary/database, with special \
                             characters of the password percent-encoded";

/// A parsed Redis URL. Errors do not quote the URL, which may contain a password.
pub(super) enum RedisServer {
    Server(Box<Client>),
    Watched(Box<Watched>),
}

/// A primary that is monitored by Sentinel and replaced when it fails.
pub(super) struct Watched {
    sentinels: Mutex<Sentinel>,
    primary: String,
    server: SentinelNodeConnectionInfo,
}

impl RedisServer {
    pub(super) fn parse(url: &str) -> Result<Self, &'static str> {
        if url.contains("#insecure") {
            return Err("`#insecure` in a Redis URL turns off certificate verification, which is not supported");
        }
        let with_tls = url.starts_with("rediss:") || url.starts_with("rediss+");
        if with_tls && !cfg!(feature = "tls") {
            return Err("a rediss:// URL needs the Cargo feature `tls`");
        }
        #[cfg(feature = "tls")]
        super::tls::choose_provider();
        match url.split_once("+sentinel://") {
            Some((scheme, rest)) => Watched::parse(scheme, rest).map(|watched| Self::Watched(Box::new(watched))),
            None => {
                let info = url.into_connection_info().map_err(|_| FORM)?;
                let client = Client::open(info.set_tcp_settings(tcp()));
                client.map(|client| Self::Server(Box::new(client))).map_err(|_| "the Redis URL cannot be used")
            }
        }
    }

    /// Returns a client of the server that currently accepts writes.
    pub(super) async fn client(&self) -> RedisResult<Client> {
        match self {
            Self::Server(client) => Ok(Client::clone(client)),
            Self::Watched(watched) => {
                let mut sentinels = watched.sentinels.lock().await;
                sentinels.async_master_for(&watched.primary, Some(&watched.server)).await
            }
        }
    }
}

impl Watched {
    fn parse(scheme: &str, rest: &str) -> Result<Self, &'static str> {
        let (login, rest) = rest.rsplit_once('@').map_or(("", rest), |(login, rest)| (login, rest));
        let (hosts, rest) = rest.split_once('/').ok_or(SENTINEL_FORM)?;
        let (primary, database) = rest.split_once('/').unwrap_or((rest, ""));
        if primary.is_empty() || !["redis", "rediss"].contains(&scheme) {
            return Err(SENTINEL_FORM);
        }
        let read = |url: String| url.into_connection_info().map_err(|_| SENTINEL_FORM);
        let sentinel = |host: &str| {
            let has_port = host.rsplit_once(':').is_some_and(|(_, port)| port.parse::<u16>().is_ok());
            let port = if has_port { String::new() } else { format!(":{SENTINEL_PORT}") };
            read(format!("{scheme}://{host}{port}")).map(|info| info.set_tcp_settings(tcp()))
        };
        let sentinels: Vec<_> = hosts.split(',').map(sentinel).collect::<Result<_, _>>()?;
        let server =
            read(format!("{scheme}://{login}{}localhost/{database}", if login.is_empty() { "" } else { "@" }))?;
        let server = SentinelNodeConnectionInfo::default()
            .set_redis_connection_info(server.redis_settings().clone())
            .set_tcp_settings(tcp());
        Ok(Self {
            sentinels: Mutex::new(Sentinel::build(sentinels).map_err(|_| SENTINEL_FORM)?),
            primary: primary.to_owned(),
            server: if scheme == "rediss" { server.set_tls_mode(TlsMode::Secure) } else { server },
        })
    }
}

fn tcp() -> TcpSettings {
    let tcp = TcpSettings::default().set_nodelay(true);
    // Detects a host that vanished after this time instead of after TCP's usual 15 minutes.
    #[cfg(target_os = "linux")]
    let tcp = tcp.set_user_timeout(TOTAL);
    tcp
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_of_sentinels_is_read_or_refused_without_being_quoted() {
        for good in [
            "redis+sentinel://10.0.0.1/camelot",
            "redis+sentinel://10.0.0.1:26379,10.0.0.2:5000,sentinel.example/camelot/3",
            "redis+sentinel://arthur:p%40ss@[::1]:26379,[::2]/camelot",
            "redis+sentinel://:secret@sentinel/camelot/0",
        ] {
            assert!(matches!(RedisServer::parse(good), Ok(RedisServer::Watched(_))), "{good}");
        }
        for bad in [
            "redis+sentinel://",
            "redis+sentinel://10.0.0.1",
            "redis+sentinel://10.0.0.1/",
            "redis+sentinel:///camelot",
            "redis+sentinel://a,,b/camelot",
            "redis+sentinel://10.0.0.1/camelot/three",
            "http+sentinel://10.0.0.1/camelot",
            "redis://arthur:secret@host:port",
        ] {
            let reason = RedisServer::parse(bad).err().unwrap();
            assert!(reason.contains("the Redis URL cannot be read") && !reason.contains("secret"), "{bad}: {reason}");
        }
    }
}
