//! Outbound connections: only to the configured mail server and through the configured range query.

use std::{
    collections::BTreeSet,
    fs,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    thread::JoinHandle,
};

use axum_users::{
    Mailer,
    env::BoxFuture,
    mail::Smtp,
    password::{BreachCheck, HttpBody, HttpGet, HttpGetFailed, RangeQuery},
};
use serde_json::json;
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
    sync::watch,
};

use super::{ARTHUR, OTHER};
use crate::support::{PASSWORD, Setup, TestApp};

/// One socket of this process: its protocol and remote address, or the local address of an unconnected datagram socket.
type Seen = (String, SocketAddr);

/// Polls the sockets of this process in a thread.
struct Watch {
    seen: watch::Receiver<BTreeSet<Seen>>,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Watch {
    fn start() -> Self {
        let (all, seen) = watch::channel(BTreeSet::new());
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        let thread = std::thread::spawn(move || {
            while !stopped.load(Ordering::Relaxed) {
                let now = sockets();
                all.send_if_modified(|all: &mut BTreeSet<Seen>| {
                    let before = all.len();
                    all.extend(now);
                    all.len() > before
                });
                std::thread::yield_now();
            }
        });
        Self { seen, stop, thread: Some(thread) }
    }

    /// Stops and returns every socket seen.
    fn finish(mut self) -> BTreeSet<Seen> {
        self.stop.store(true, Ordering::Relaxed);
        self.thread.take().unwrap().join().unwrap();
        self.seen.borrow().clone()
    }
}

/// Reads the sockets of this process from `/proc`.
fn sockets() -> Vec<Seen> {
    let own: BTreeSet<String> = fs::read_dir("/proc/self/fd")
        .unwrap()
        .filter_map(|fd| fs::read_link(fd.ok()?.path()).ok()?.to_str().map(str::to_owned))
        .filter_map(|link| link.strip_prefix("socket:[")?.strip_suffix(']').map(str::to_owned))
        .collect();
    let mut found = Vec::new();
    for protocol in ["tcp", "tcp6", "udp", "udp6"] {
        let table = fs::read_to_string(format!("/proc/self/net/{protocol}")).unwrap_or_default();
        for line in table.lines().skip(1) {
            let cells: Vec<&str> = line.split_whitespace().collect();
            // Columns: number, local address, remote address, state; the tenth is the inode. State 0A is a listening socket.
            if own.contains(cells[9]) && cells[3] != "0A" {
                let ends = [cells[2], cells[1]].map(address);
                let other = ends.into_iter().find(|end| end.port() != 0).unwrap();
                found.push((protocol.to_owned(), other));
            }
        }
    }
    found
}

/// Parses `0100007F:1F90`: the address in groups of four bytes, each in native byte order.
fn address(hex: &str) -> SocketAddr {
    let (ip, port) = hex.split_once(':').unwrap();
    let groups = (0..ip.len()).step_by(8).map(|at| u32::from_str_radix(&ip[at..at + 8], 16).unwrap());
    let bytes: Vec<u8> = groups.flat_map(u32::to_ne_bytes).collect();
    let ip = match <[u8; 4]>::try_from(&*bytes) {
        Ok(four) => IpAddr::from(four),
        Err(_) => IpAddr::from(<[u8; 16]>::try_from(&*bytes).unwrap()).to_canonical(),
    };
    SocketAddr::new(ip, u16::from_str_radix(port, 16).unwrap())
}

/// A mail server that delays its greeting until the watch has seen the connection, and records the commands.
async fn mail_server(
    listener: TcpListener,
    mut watch: watch::Receiver<BTreeSet<Seen>>,
    received: Arc<Mutex<Vec<String>>>,
) {
    let here = listener.local_addr().unwrap();
    loop {
        let (client, _) = listener.accept().await.unwrap();
        watch.wait_for(|seen| seen.iter().any(|(_, other)| *other == here)).await.unwrap();
        let text = dialogue(client).await;
        received.lock().unwrap().push(text);
    }
}

async fn dialogue(mut client: TcpStream) -> String {
    let (read, mut write) = client.split();
    let (mut lines, mut text, mut in_data) = (BufReader::new(read).lines(), String::new(), false);
    write.write_all(b"220 mail\r\n").await.unwrap();
    while let Ok(Some(line)) = lines.next_line().await {
        let response = match line.split([' ', ':']).next().unwrap_or_default() {
            "." if in_data => "250 ok\r\n",
            _ if in_data => "",
            "DATA" => "354 send data\r\n",
            "QUIT" => "221 bye\r\n",
            _ => "250 ok\r\n",
        };
        in_data = (in_data || line == "DATA") && line != ".";
        text += &format!("{line}\n");
        write.write_all(response.as_bytes()).await.unwrap();
        if line == "QUIT" {
            break;
        }
    }
    text
}

/// A range query that finds nothing and records its requests.
#[derive(Clone, Default)]
struct Range(Arc<Mutex<Vec<String>>>);

impl HttpGet for Range {
    fn get<'a>(
        &'a self,
        url: &'a str,
        headers: &'a [(&'static str, &'static str)],
        _: &'a mut HttpBody,
    ) -> BoxFuture<'a, Result<(), HttpGetFailed>> {
        self.0.lock().unwrap().push(format!("{url} {headers:?}"));
        Box::pin(async { Ok(()) })
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_expected_calls() {
    let watch = Watch::start();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mail_address = listener.local_addr().unwrap();
    let received = Arc::new(Mutex::new(Vec::new()));
    tokio::spawn(mail_server(listener, watch.seen.clone(), Arc::clone(&received)));
    let smtp = Smtp::from_url(&format!("smtp://{mail_address}"), "Castle <castle@camelot.bt>").unwrap();
    let mailer = Mailer::new(Arc::new(smtp), "https://camelot.bt/castle").unwrap();
    let range = Range::default();
    let breached = BreachCheck::new(RangeQuery::new("https://range.example/", range.clone()).unwrap());
    let setup =
        Setup { builder: Box::new(|builder| builder.mailer(mailer).breached_passwords(breached)), ..Setup::default() };
    let app = TestApp::with(setup).await;

    // Every route, with a successful and a failing call.
    let king = app.superuser("king@camelot.bt").await;
    let session = app.member(ARTHUR).await;
    let id = app.stored(ARTHUR).await.id;
    app.try_login(ARTHUR, "wrong").await;
    app.try_login("nobody@camelot.bt", "wrong").await;
    app.me(&session).await;
    let post = async |path: &str, body| app.post(path).json(body).send().await.status.as_u16();
    for email in [ARTHUR, "nobody@camelot.bt"] {
        assert_eq!(post("/auth/forgot-password", json!({ "email": email })).await, 202);
        assert_eq!(post("/auth/request-verify-token", json!({ "email": email })).await, 202);
    }
    assert_eq!(post("/auth/reset-password", json!({ "token": "x", "password": OTHER })).await, 400);
    assert_eq!(post("/auth/verify", json!({ "token": "x" })).await, 400);
    let change = json!({ "password": OTHER, "current_password": PASSWORD });
    assert_eq!(app.patch("/users/me").bearer(&session).json(change).send().await.status, 200);
    let path = format!("/users/{id}");
    assert_eq!(app.get(&path).bearer(&king).send().await.status, 200);
    assert_eq!(app.patch(&path).bearer(&king).json(json!({ "quota": 7 })).send().await.status, 200);
    assert_eq!(app.delete(&path).bearer(&king).send().await.status, 204);
    assert_eq!(app.post("/auth/jwt/logout").bearer(&king).send().await.status, 204);
    app.users.drain(std::time::Duration::from_secs(30)).await;

    // Mails go only to addresses with an account.
    let received = received.lock().unwrap().clone();
    let to: BTreeSet<&str> = received
        .iter()
        .flat_map(|text| text.lines())
        .filter_map(|line| line.strip_prefix("RCPT TO:<")?.split('>').next())
        .collect();
    assert_eq!(to, BTreeSet::from([ARTHUR]), "the superuser was created programmatically and requested no mail");
    assert!(received.len() >= 3, "a forgotten password, a verification, a notice: {received:#?}");
    for secret in [PASSWORD, OTHER, "$argon2"] {
        assert!(received.iter().all(|text| !text.contains(secret)), "no mail has a password or a hash");
    }

    // Range queries contain five hash digits and nothing that identifies the user.
    let queries = range.0.lock().unwrap().clone();
    assert!(!queries.is_empty());
    for call in &queries {
        let digits = call.strip_prefix("https://range.example/").unwrap();
        let digits = digits.strip_suffix(r#" [("Add-Padding", "true")]"#).unwrap();
        assert!(digits.len() == 5 && digits.bytes().all(|byte| byte.is_ascii_hexdigit()), "{call}");
    }

    // Sockets: only the mail server and this process, on this machine, and no datagrams.
    let seen = watch.finish();
    assert!(seen.contains(&("tcp".to_owned(), mail_address)), "the watch sees the mail connection: {seen:?}");
    let elsewhere: Vec<_> = seen
        .iter()
        .filter(|(protocol, other)| !protocol.starts_with("tcp") || other.ip() != IpAddr::from(Ipv4Addr::LOCALHOST))
        .collect();
    assert!(elsewhere.is_empty(), "{elsewhere:?}");
}

#[test]
fn addresses_are_parsed_in_the_format_of_the_kernel() {
    let port_8080 = format!("{:08X}:1F90", u32::from_ne_bytes([127, 0, 0, 1]));
    assert_eq!(address(&port_8080), "127.0.0.1:8080".parse().unwrap());
    let mapped =
        [[0; 4], [0; 4], [0, 0, 255, 255], [127, 0, 0, 1]].map(|group| format!("{:08X}", u32::from_ne_bytes(group)));
    assert_eq!(address(&format!("{}:0019", mapped.concat())), "127.0.0.1:25".parse().unwrap());
}
