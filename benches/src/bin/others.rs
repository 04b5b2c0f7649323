//! Compares axum-users with other libraries, each as set up in its documentation, on SQLite with stored sessions and
//! one core: `others [--short] [--plots FOLDER] NAME=COMMAND…`. The commands are those of `axum-login`, `better-auth`
//! and `fastapi-users`; a library without one is omitted.

use std::{
    env, io,
    time::{Duration, Instant},
};

use axum_users_benches::{
    client::{Connection, Response, request},
    plot::{Bar, bars},
    server::Server,
    stats::{median, quantile},
};

const FORM: &str = "content-type: application/x-www-form-urlencoded\r\n";
const CREDENTIALS: &str = "username=a%40camelot.bt&password=a+long+sword";
const JSON: &str = "content-type: application/json\r\n";

/// How a library is called.
struct Library {
    name: &'static str,
    /// How it hashes passwords by default.
    hashing: &'static str,
    register: fn() -> Vec<u8>,
    login: fn() -> Vec<u8>,
    /// The header with the session, from the response to a login.
    session: fn(&Response) -> Option<String>,
    profile: &'static str,
}

const OWN: Library = Library {
    name: "axum-users",
    hashing: "Argon2id, 19 MiB, 2 passes",
    register,
    login,
    session: bearer,
    profile: "/users/me",
};

const LIBRARIES: [Library; 5] = [
    OWN,
    Library { name: "written by hand", ..OWN },
    Library {
        name: "axum-login",
        hashing: "Argon2id, 19 MiB, 2 passes",
        register: || request("POST", "/register", FORM, CREDENTIALS),
        login: || request("POST", "/login", FORM, CREDENTIALS),
        session: cookie,
        profile: "/me",
    },
    Library {
        name: "better-auth",
        hashing: "scrypt, 16 MiB",
        register: || {
            request(
                "POST",
                "/api/auth/sign-up/email",
                JSON,
                r#"{"email":"a@camelot.bt","password":"a long sword","name":"Arthur"}"#,
            )
        },
        login: || {
            request("POST", "/api/auth/sign-in/email", JSON, r#"{"email":"a@camelot.bt","password":"a long sword"}"#)
        },
        session: cookie,
        profile: "/api/auth/get-session",
    },
    Library { name: "fastapi-users", hashing: "Argon2id, 64 MiB, 3 passes", ..OWN },
];

/// The registration of fastapi-users.
fn register() -> Vec<u8> {
    let body = r#"{"email":"a@camelot.bt","password":"a long sword","full_name":"Arthur"}"#;
    request("POST", "/auth/register", JSON, body)
}

/// The login of fastapi-users.
fn login() -> Vec<u8> {
    request("POST", "/auth/db/login", FORM, CREDENTIALS)
}

fn bearer(response: &Response) -> Option<String> {
    let body: serde_json::Value = serde_json::from_slice(&response.body).ok()?;
    Some(format!("authorization: Bearer {}\r\n", body["access_token"].as_str()?))
}

fn cookie(response: &Response) -> Option<String> {
    let set = response.head.lines().find_map(|line| {
        let (name, value) = line.split_once(": ")?;
        name.eq_ignore_ascii_case("set-cookie").then_some(value)
    })?;
    Some(format!("cookie: {}\r\n", set.split(';').next()?))
}

/// A running service and what was measured.
struct Side {
    library: &'static Library,
    server: Server,
    get: Vec<u8>,
    at_rest: f64,
    /// Milliseconds from the start of the process, on a database with a user and a session, until the first profile.
    starts: Vec<f64>,
    one: Vec<f64>,
    many: Vec<f64>,
    logins: Vec<f64>,
}

const CONNECTIONS: usize = 32;
const STARTS: usize = 11;

#[tokio::main]
async fn main() -> io::Result<()> {
    let mut arguments = env::args().skip(1);
    let (mut rounds, mut phase, mut folder, mut commands) = (5, Duration::from_secs(2), None, Vec::new());
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--short" => (rounds, phase) = (1, Duration::from_millis(200)),
            "--plots" => folder = arguments.next(),
            command => {
                commands.extend(command.split_once('=').map(|(name, command)| (name.to_owned(), command.to_owned())))
            }
        }
    }
    let (mut sides, short) = (Vec::new(), rounds == 1);
    for (port, library) in (8731..).zip(&LIBRARIES) {
        let program = |name: &str| Some(env::current_exe().ok()?.with_file_name(name).to_str()?.to_owned());
        let command = match library.name {
            "axum-users" => program("candidate"),
            "written by hand" => program("baseline"),
            name => commands.iter().find(|(known, _)| known == name).map(|(_, command)| command.clone()),
        };
        match command {
            Some(command) => {
                let mut side = side(library, port, &command).await?;
                let get = profile(library, &side.server.address).await?;
                for _ in 0..if short { 1 } else { STARTS } {
                    side.starts.push(side.server.restart(&get).await?.as_secs_f64() * 1000.0);
                }
                sides.push(side);
            }
            None => println!("{}: left out", library.name),
        }
    }
    for _ in 0..rounds {
        for side in &mut sides {
            // Logins may have ended the session: axum-users keeps the newest twenty of a user.
            side.get = profile(side.library, &side.server.address).await?;
            let (one, many, logins) = (
                rate(side, &side.get, 1, phase).await?,
                rate(side, &side.get, CONNECTIONS, phase).await?,
                rate(side, &(side.library.login)(), 4, phase).await?,
            );
            side.one.push(one);
            side.many.push(many);
            side.logins.push(logins);
        }
    }
    println!(
        "| | profile, 1 connection | profile, {CONNECTIONS} connections | logins | start, ms | memory at rest | hashing |"
    );
    println!("|---|---|---|---|---|---|---|");
    for side in &mut sides {
        println!(
            "| {} | {} | {} | {} | {} | {:.0} MiB | {} |",
            side.library.name,
            spread(&mut side.one),
            spread(&mut side.many),
            spread(&mut side.logins),
            spread(&mut side.starts),
            side.at_rest,
            side.library.hashing,
        );
    }
    if let Some(folder) = folder {
        let rows: Vec<Bar> = sides
            .iter_mut()
            .map(|side| Bar {
                label: side.library.name.to_owned(),
                value: median(&mut side.many),
                text: format!("{:.0}", median(&mut side.many)),
                mark: None,
                accent: side.library.name == "axum-users",
            })
            .collect();
        let subtitle = format!("Requests a second, {CONNECTIONS} connections, one core, SQLite. More is better.");
        std::fs::write(
            std::path::Path::new(&folder).join("profile-by-stored-session.svg"),
            bars("A profile by a stored session", &subtitle, &rows),
        )?;
    }
    Ok(())
}

fn spread(rates: &mut [f64]) -> String {
    format!("{:.0} ({:.0} to {:.0})", median(rates), quantile(rates, 0.0), quantile(rates, 1.0))
}

async fn side(library: &'static Library, port: u16, command: &str) -> io::Result<Side> {
    let folder = tempfile::tempdir()?;
    let url = format!("sqlite://{}?mode=rwc", folder.path().join("bench.db").display());
    let address = format!("127.0.0.1:{port}");
    let command: Vec<String> = command.split(' ').map(|word| word.replace("{port}", &port.to_string())).collect();
    let command: Vec<&str> =
        ["taskset", "--cpu-list", "0"].into_iter().chain(command.iter().map(String::as_str)).collect();
    let server = Server::start_command(library.name, port, &url, folder, &command).await?;
    let at_rest = server.memory()?.0;
    Connection::open(&address).await?.call(&(library.register)()).await?;
    let (one, many, logins) = (Vec::new(), Vec::new(), Vec::new());
    Ok(Side { library, server, get: Vec::new(), at_rest, starts: Vec::new(), one, many, logins })
}

/// Logs in and returns the request for the profile, which has returned the user.
async fn profile(library: &Library, address: &str) -> io::Result<Vec<u8>> {
    let mut connection = Connection::open(address).await?;
    let response = connection.call(&(library.login)()).await?;
    let refused = || io::Error::other(format!("{} refuses a login: {}", library.name, response.status));
    let session = (library.session)(&response).ok_or_else(refused)?;
    let get = request("GET", library.profile, &session, "");
    let profile = connection.call(&get).await?;
    // The address proves that it was the user who was read.
    if profile.status != 200 || !String::from_utf8_lossy(&profile.body).contains("a@camelot.bt") {
        return Err(io::Error::other(format!("{}: no profile: {}", library.name, profile.status)));
    }
    Ok(get)
}

/// Sends a request on each connection repeatedly, and returns the number of responses per second.
async fn rate(side: &Side, request: &[u8], connections: usize, phase: Duration) -> io::Result<f64> {
    let start = Instant::now();
    let mut tasks = Vec::new();
    for _ in 0..connections {
        let (address, request, name) = (side.server.address.clone(), request.to_vec(), side.library.name);
        tasks.push(tokio::spawn(async move {
            let (mut connection, mut count) = (Connection::open(&address).await?, 0_u32);
            while start.elapsed() < phase {
                let status = connection.call(&request).await?.status;
                if !(200..300).contains(&status) {
                    return Err(io::Error::other(format!("{name}: status {status}")));
                }
                count += 1;
            }
            Ok(count)
        }));
    }
    let mut total = 0;
    for task in tasks {
        total += task.await.map_err(io::Error::other)??;
    }
    Ok(f64::from(total) / start.elapsed().as_secs_f64())
}
