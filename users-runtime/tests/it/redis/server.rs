//! Redis servers for tests, and a client for inspecting them. Shared with the tests of the facade.
#![allow(dead_code)]

use std::{
    env, fs,
    io::{BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

/// A reply of Redis.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reply {
    Nil,
    Integer(i64),
    Text(String),
    List(Vec<Reply>),
    Refused(String),
}

impl Reply {
    pub fn text(self) -> String {
        match self {
            Self::Text(text) => text,
            other => panic!("not a text: {other:?}"),
        }
    }

    pub fn integer(self) -> i64 {
        match self {
            Self::Integer(number) => number,
            other => panic!("not a number: {other:?}"),
        }
    }

    pub fn texts(self) -> Vec<String> {
        match self {
            Self::List(replies) => replies.into_iter().map(Self::text).collect(),
            other => panic!("not a list: {other:?}"),
        }
    }
}

/// Keys with a unique prefix on a shared server, removed on drop.
pub struct TestRedis {
    pub url: String,
    /// The prefix of all keys of the test.
    pub prefix: String,
}

impl TestRedis {
    /// Connects to `TEST_REDIS_URL`. Without a server the test is skipped with a message, or fails with `REQUIRE_SERVICES=1`.
    pub fn reach() -> Option<Self> {
        let url = env::var("TEST_REDIS_URL").unwrap_or_else(|_| "redis://127.0.0.1:6379".to_owned());
        #[allow(clippy::disallowed_methods, reason = "a name that is unique to this run")]
        let name = uuid::Uuid::new_v4();
        let redis = Self { prefix: format!("test:{name}:"), url };
        match connect(&redis.url) {
            Ok(_) => Some(redis),
            Err(error) => {
                assert_ne!(env::var("REQUIRE_SERVICES").as_deref(), Ok("1"), "no Redis at TEST_REDIS_URL: {error}");
                eprintln!("skipped: no Redis at TEST_REDIS_URL ({error})");
                None
            }
        }
    }

    /// Returns the prefix of our keys.
    pub fn ours(&self) -> String {
        format!("{}ours:", self.prefix)
    }

    /// Returns the prefix of the keys of fastapi-users.
    pub fn upstream(&self) -> String {
        format!("{}fastapi_users_token:", self.prefix)
    }

    /// Sends one command.
    pub fn ask(&self, command: &[&str]) -> Reply {
        ask(&mut connect(&self.url).unwrap(), command)
    }

    /// Returns all keys of the test.
    pub fn keys(&self) -> Vec<String> {
        let mut keys = self.ask(&["KEYS", &format!("{}*", self.prefix)]).texts();
        keys.sort();
        keys
    }
}

impl Drop for TestRedis {
    fn drop(&mut self) {
        if let Ok(mut connection) = connect(&self.url)
            && let Reply::List(keys) = ask(&mut connection, &["KEYS", &format!("{}*", self.prefix)])
        {
            for key in keys {
                ask(&mut connection, &["DEL", &key.text()]);
            }
        }
    }
}

/// A private server that can be stopped and restarted on the same port.
pub struct PrivateRedis {
    pub port: u16,
    server: Option<Child>,
    /// The arguments of the server.
    options: Vec<String>,
    /// The data folder.
    folder: PathBuf,
}

impl PrivateRedis {
    /// Starts a server without persistence. Without the program the test is skipped, or fails
    /// with `REQUIRE_SERVICES=1`.
    pub fn start() -> Option<Self> {
        Self::start_with(|port, _| format!("--port {port} --appendonly no"))
    }

    /// Starts a server that keeps every acknowledged write, even when it is killed.
    pub fn start_durable() -> Option<Self> {
        Self::start_with(|port, _| format!("--port {port} --appendonly yes --appendfsync always"))
    }

    /// Starts a server with options for a port and a folder.
    pub fn start_with(options: impl FnOnce(u16, &Path) -> String) -> Option<Self> {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let folder = env::temp_dir().join(format!("redis-test-{}-{port}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let options = options(port, &folder).split(' ').map(str::to_owned).collect();
        let mut redis = Self { port, server: None, options, folder };
        match redis.try_start() {
            Ok(()) => Some(redis),
            Err(error) => {
                assert_ne!(env::var("REQUIRE_SERVICES").as_deref(), Ok("1"), "redis-server does not start: {error}");
                eprintln!("skipped: redis-server does not start ({error})");
                None
            }
        }
    }

    pub fn start_again(&mut self) {
        self.try_start().unwrap();
    }

    fn try_start(&mut self) -> std::io::Result<()> {
        let mut server = Command::new("redis-server")
            .args(["--bind", "127.0.0.1", "--save", "", "--dir", self.folder.to_str().unwrap()])
            .args(&self.options)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()?;
        let lines = BufReader::new(server.stdout.take().unwrap()).lines();
        let ready = lines.map_while(Result::ok).any(|line| line.contains("Ready to accept connections"));
        self.server = Some(server);
        assert!(ready, "the server exited immediately");
        Ok(())
    }

    pub fn stop(&mut self) {
        if let Some(mut server) = self.server.take() {
            server.kill().unwrap();
            server.wait().unwrap();
        }
    }

    pub fn folder(&self) -> &Path {
        &self.folder
    }

    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    pub fn ask(&self, command: &[&str]) -> Reply {
        ask(&mut connect(&self.url()).unwrap(), command)
    }
}

impl Drop for PrivateRedis {
    fn drop(&mut self) {
        self.stop();
        let _gone = fs::remove_dir_all(&self.folder);
    }
}

/// Sends one command to the server at `url`.
pub fn ask_at(url: &str, command: &[&str]) -> Reply {
    ask(&mut connect(url).unwrap(), command)
}

fn connect(url: &str) -> std::io::Result<BufReader<TcpStream>> {
    let rest = url.strip_prefix("redis://").expect("a redis:// URL for tests");
    let rest = rest.split('/').next().unwrap();
    let (user, address) = rest.rsplit_once('@').unwrap_or(("", rest));
    let address = if address.contains(':') { address.to_owned() } else { format!("{address}:6379") };
    let mut connection = BufReader::new(TcpStream::connect(address)?);
    if let Some((name, password)) = user.split_once(':') {
        let login = if name.is_empty() { vec!["AUTH", password] } else { vec!["AUTH", name, password] };
        ask(&mut connection, &login);
    }
    Ok(connection)
}

fn ask(connection: &mut BufReader<TcpStream>, command: &[&str]) -> Reply {
    let mut text = format!("*{}\r\n", command.len());
    for word in command {
        text += &format!("${}\r\n{word}\r\n", word.len());
    }
    connection.get_mut().write_all(text.as_bytes()).unwrap();
    read(connection)
}

fn read(connection: &mut BufReader<TcpStream>) -> Reply {
    let mut line = String::new();
    connection.read_line(&mut line).unwrap();
    let (kind, rest) = line.trim_end().split_at(1);
    match kind {
        "+" => Reply::Text(rest.to_owned()),
        "-" => Reply::Refused(rest.to_owned()),
        ":" => Reply::Integer(rest.parse().unwrap()),
        "$" if rest == "-1" => Reply::Nil,
        "$" => {
            let mut text = vec![0; rest.parse::<usize>().unwrap() + 2];
            connection.read_exact(&mut text).unwrap();
            text.truncate(text.len() - 2);
            Reply::Text(String::from_utf8(text).unwrap())
        }
        "*" if rest == "-1" => Reply::Nil,
        "*" => Reply::List((0..rest.parse().unwrap()).map(|_| read(connection)).collect()),
        other => panic!("unexpected reply {other:?}"),
    }
}
