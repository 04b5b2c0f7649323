//! A deployable service, configured by environment variables. `docs/guide/deployment.md` lists them.
//!
//! `cargo run --example server` builds it for SQLite. `--features postgres,mysql,redis,smtp,tls` adds the other backends, each
//! of which costs build time, and `--all-features` adds everything.

use std::{env, net::SocketAddr, time::Duration};

use axum::Router;
use axum_users::{
    AuthUser, Backend, Bearer, Cookie, DatabaseSessions, Error, Jwt, Limits, MailHooks, PasswordHash, PasswordPolicy,
    Policy, Result, SecretKey, Users, UsersBuilder,
    limits::{Limit, Quota},
    openapi::{Document, DocumentedOperation, utoipa::openapi::OpenApi},
    proxy::{ForwardedHeader, TrustedProxies},
    routes::{Prefixes, RouteGroup},
    store::StoredUser,
    token::PublicUrl,
};
use tracing_subscriber::{filter::Targets, layer::SubscriberExt as _, util::SubscriberInitExt as _};
use uuid::Uuid;

#[path = "server/by_mail.rs"]
mod by_mail;
#[path = "server/front_ends.rs"]
mod front_ends;
#[path = "server/health.rs"]
mod health;
#[path = "server/hooks.rs"]
mod hooks;
#[path = "server/mails.rs"]
mod mails;
#[path = "server/mfa.rs"]
mod mfa;
#[cfg(feature = "oauth")]
#[path = "server/oauth.rs"]
mod oauth;
#[path = "server/pages.rs"]
mod pages;
#[path = "server/passkeys.rs"]
mod passkeys;
#[path = "server/refresh.rs"]
mod refresh;

use hooks::Accounts;

/// A user of this service.
#[derive(AuthUser, Debug, Clone)]
pub struct User {
    pub id: Uuid,
    pub email: String,
    pub hashed_password: PasswordHash,
    pub is_active: bool,
    pub is_superuser: bool,
    pub is_verified: bool,

    /// The user's first name.
    #[auth(read, create, update)]
    pub first_name: Option<String>,
}

const DEFAULT_BIND: &str = "127.0.0.1:8000";

#[tokio::main]
pub async fn main() -> std::process::ExitCode {
    let done = match env::args().nth(1).as_deref() {
        Some("--health") => health::check(&variable("BIND", DEFAULT_BIND)),
        _ => run().await,
    };
    match done {
        Ok(()) => std::process::ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("server: {error}");
            std::process::ExitCode::FAILURE
        }
    }
}

async fn run() -> Result<()> {
    start_log()?;
    refuse_what_is_not_built_in()?;
    let bind = variable("BIND", DEFAULT_BIND);
    #[cfg(feature = "oauth")]
    if let Some(providers) = oauth::Providers::read()? {
        return providers.serve(bind).await;
    }
    let users = users::<User>(&bind, None).await?;
    let routes = pages::mount(
        &users,
        user_routes(&users),
        #[cfg(feature = "oauth")]
        &[],
    )?;
    serve(users, routes, Prefixes::usual(), bind).await
}

/// Builds the service and its tables, with `more` as the last backend.
async fn users<U: StoredUser>(bind: &str, more: Option<Backend>) -> Result<Users<U>> {
    let public_url = public_url(bind)?;
    let (policy, compatible) = policy()?;
    let secret = env::var("AUTH_SECRET").map_err(|_| Error::config("AUTH_SECRET is not set (at least 32 bytes)"))?;
    let secret = if compatible { SecretKey::allow_short_secret(secret) } else { SecretKey::new(secret)? };
    let refresh = refresh::Refreshing::read(compatible)?;
    // The lifetime in the documentation of fastapi-users, or a day.
    let usual = Duration::from_secs(if compatible { 3600 } else { 24 * 3600 });
    let lifetime = refresh.access(usual);
    let sessions = DatabaseSessions::new().lifetime(lifetime);

    let users = Users::<U>::builder(secret)
        .database(variable("DATABASE_URL", "sqlite://server.db?mode=rwc"))
        .public_url(public_url.clone())
        .trusted_proxies(trusted_proxies()?)
        .backend(refresh.of(Backend::bearer("jwt", Jwt::new().lifetime(refresh.access(Jwt::DEFAULT_LIFETIME)))))
        .backend(refresh.of(Backend::new("db", Bearer, sessions.clone())))
        .backend(refresh.of(Backend::new("cookie", Cookie::new().max_age(lifetime), sessions.clone())))
        .policy(policy)
        .limits(limits()?)
        .manager(Accounts::new(MailHooks::new(mails::mailer(public_url.clone())?))?)
        .verification_on_register(pages::is_on()?);
    let users = match variable("LIMITS_STORE", "").as_str() {
        "" | "redis" | "memory" => users,
        "database" => users.counters_in_database(),
        other => {
            return Err(Error::config(format!("LIMITS_STORE is `{other}`; it takes `memory`, `database` or `redis`")));
        }
    };
    let users = by_mail::with_ways_by_mail(users, compatible)?;
    let users = passkeys::with_passkeys(users, &public_url, compatible)?;
    let users = front_ends::with_trusted_origins(with_challenges(users)?)?;
    let users = mfa::with_second_factor(users, compatible)?;
    let users = with_audit_log(with_redis(users, sessions, &refresh).await?)?;
    let users = more.into_iter().fold(users, UsersBuilder::backend).build().await?;
    users.migrate().await?;
    Ok(users)
}

/// Serves these routes and those of sessions, of suspensions, of second factors, of health checks and of the documentation.
async fn serve<U: AuthUser>(users: Users<U>, routes: Router<Users<U>>, prefixes: Prefixes, bind: String) -> Result<()> {
    let further = [RouteGroup::Invitations, RouteGroup::Sessions, RouteGroup::AccountStatus, RouteGroup::Health];
    let (routes, prefixes) = mount_audit_log(&users, routes, further.into_iter().fold(prefixes, Prefixes::with))?;
    let (routes, prefixes) = mfa::mount(&users, routes, prefixes)?;
    let (routes, prefixes) = passkeys::mount(&users, routes, prefixes);
    let document = document(&users, prefixes)?;
    let app = routes
        .nest("/auth/invitations", axum_users::routes::invitation_routes(&users))
        .nest("/auth/sessions", axum_users::session_routes(&users))
        .nest("/users", axum_users::routes::account_status_routes(&users))
        .nest("/health", axum_users::routes::health_routes(&users))
        .merge(axum_users::openapi::openapi_routes_of(&users, &document))
        .fallback(axum_users::not_found)
        .with_state(users.clone());
    let app = match front_ends::cors()? {
        Some(cors) => app.layer(cors),
        None => app,
    };
    println!("listening on http://{bind}");
    users.serve(app, bind).await
}

/// Returns the OpenAPI document, with the operation ids of FastAPI, or in camel case.
fn document<U: AuthUser>(users: &Users<U>, prefixes: Prefixes) -> Result<OpenApi> {
    let document = Document::of(users).prefixes(prefixes);
    match variable("OPERATION_IDS", "fastapi").as_str() {
        "fastapi" => document.build(),
        "camel_case" => document.operation_ids(DocumentedOperation::camel_case).build(),
        other => Err(Error::config(format!("OPERATION_IDS is `{other}`; it takes `fastapi` or `camel_case`"))),
    }
}

/// Writes log lines of the levels in `RUST_LOG` to the terminal, such as `warn` or `warn,axum_users=info`.
fn start_log() -> Result<()> {
    let levels: Targets = variable("RUST_LOG", "error")
        .parse()
        .map_err(|error| Error::config(format!("RUST_LOG takes levels such as `warn,axum_users=info`: {error}")))?;
    tracing_subscriber::registry().with(tracing_subscriber::fmt::layer()).with(levels).init();
    Ok(())
}

fn variable(name: &str, default: &str) -> String {
    env::var(name).ok().filter(|value| !value.is_empty()).unwrap_or_else(|| default.to_owned())
}

fn switch(name: &str, default: bool) -> Result<bool> {
    match variable(name, if default { "true" } else { "false" }).as_str() {
        "true" | "on" => Ok(true),
        "false" | "off" => Ok(false),
        other => Err(Error::config(format!("{name} is `{other}`; it takes `true` or `false`"))),
    }
}

/// Returns the limits. Those that differ most between services have a variable.
fn limits() -> Result<Limits> {
    const HOUR: Duration = Duration::from_secs(3600);
    let mut limits = match variable("LIMITS", "on").as_str() {
        "on" | "true" => Limits::default(),
        "nist" => Limits::nist(),
        "off" | "false" => return Ok(Limits::off()),
        other => return Err(Error::config(format!("LIMITS is `{other}`; it takes `on`, `nist` or `off`"))),
    };
    let registrations = number("LIMITS_REGISTER", &variable("LIMITS_REGISTER", "10"))?;
    limits = limits.set(Limit::Register, Quota::new(registrations, HOUR));
    let mails = number("LIMITS_MAILS", &variable("LIMITS_MAILS", "20"))?;
    for limit in [Limit::ForgotPassword, Limit::RequestVerify] {
        limits = limits.set(limit, Quota::new(mails, HOUR));
    }
    Ok(limits.ipv6_prefix(number("LIMITS_NETWORK_BITS", &variable("LIMITS_NETWORK_BITS", "64"))?))
}

fn number<N: std::str::FromStr>(name: &str, value: &str) -> Result<N> {
    value.parse().map_err(|_| Error::config(format!("{name} is `{value}`; it takes a number")))
}

/// Requires a proof of work from clients before limits are used up, if `CHALLENGES` is `altcha`.
fn with_challenges<U: AuthUser>(users: UsersBuilder<U>) -> Result<UsersBuilder<U>> {
    match variable("CHALLENGES", "off").as_str() {
        "off" | "false" => Ok(users),
        #[cfg(feature = "altcha")]
        "altcha" => {
            use axum_users::limits::{Altcha, Challenges};
            Ok(users.challenges(Challenges::new(Altcha::new())))
        }
        other => Err(Error::config(format!(
            "CHALLENGES is `{other}`; it takes `off`, or `altcha` with the Cargo feature `altcha`"
        ))),
    }
}

/// Adds the backend `redis` if `REDIS_URL` is set. An unavailable server is an error at startup, not at the first login.
#[cfg(feature = "redis")]
async fn with_redis<U: AuthUser>(
    users: UsersBuilder<U>,
    sessions: DatabaseSessions,
    refresh: &refresh::Refreshing,
) -> Result<UsersBuilder<U>> {
    let Some(url) = env::var("REDIS_URL").ok().filter(|url| !url.is_empty()) else {
        return match variable("LIMITS_STORE", "").as_str() {
            "redis" => Err(Error::config("LIMITS_STORE is `redis`, but REDIS_URL is not set")),
            _ => Ok(users),
        };
    };
    let redis = axum_users::Redis::new(&url)?;
    redis.ping().await?;
    let users = match variable("LIMITS_STORE", "").as_str() {
        "" | "redis" => users.counters_in_redis(redis.clone()),
        _ => users,
    };
    Ok(users.backend(refresh.of(Backend::bearer("redis", sessions.in_redis(redis)))))
}

#[cfg(not(feature = "redis"))]
async fn with_redis<U: AuthUser>(
    users: UsersBuilder<U>,
    _: DatabaseSessions,
    _: &refresh::Refreshing,
) -> Result<UsersBuilder<U>> {
    match env::var("REDIS_URL").is_ok_and(|url| !url.is_empty()) || variable("LIMITS_STORE", "") == "redis" {
        true => Err(Error::config("Redis is configured, but this program was built without the Cargo feature `redis`")),
        false => Ok(users),
    }
}

/// Keeps an audit log if `AUDIT` is set.
#[cfg(feature = "audit")]
fn with_audit_log<U: AuthUser>(users: UsersBuilder<U>) -> Result<UsersBuilder<U>> {
    Ok(if switch("AUDIT", false)? { users.audit_log() } else { users })
}

/// Adds the route of the audit log, if there is one.
#[cfg(feature = "audit")]
fn mount_audit_log<U: AuthUser>(
    users: &Users<U>,
    routes: Router<Users<U>>,
    prefixes: Prefixes,
) -> Result<(Router<Users<U>>, Prefixes)> {
    Ok(match switch("AUDIT", false)? {
        true => (routes.nest("/audit", axum_users::audit::audit_routes(users)), prefixes.with(RouteGroup::Audit)),
        false => (routes, prefixes),
    })
}

#[cfg(not(feature = "audit"))]
fn with_audit_log<U: AuthUser>(users: UsersBuilder<U>) -> Result<UsersBuilder<U>> {
    match switch("AUDIT", false)? {
        true => Err(Error::config("AUDIT is set, but this program was built without the Cargo feature `audit`")),
        false => Ok(users),
    }
}

#[cfg(not(feature = "audit"))]
fn mount_audit_log<U: AuthUser>(
    _: &Users<U>,
    routes: Router<Users<U>>,
    prefixes: Prefixes,
) -> Result<(Router<Users<U>>, Prefixes)> {
    Ok((routes, prefixes))
}

/// Returns the policy, and whether it is the one of fastapi-users.
fn policy() -> Result<(Policy, bool)> {
    let name = variable("POLICY", "recommended");
    let (mut policy, mut passwords) = match name.as_str() {
        "recommended" => (Policy::recommended(), PasswordPolicy::recommended()),
        "fastapi_users" => (Policy::fastapi_users(), PasswordPolicy::none()),
        other => {
            return Err(Error::config(format!("POLICY is `{other}`; it takes `recommended` or `fastapi_users`")));
        }
    };
    if let Ok(length) = env::var("PASSWORD_MIN_LENGTH") {
        let length = length
            .parse()
            .map_err(|_| Error::config(format!("PASSWORD_MIN_LENGTH is `{length}`; it takes a number")))?;
        passwords = passwords.min_length(length);
        policy = policy.passwords(passwords);
    }
    policy = match variable("EMAIL_CHANGE", "").as_str() {
        "" => policy,
        "confirm" => policy.confirm_email_changes(),
        "immediate" => policy.change_email_at_once(),
        other => return Err(Error::config(format!("EMAIL_CHANGE is `{other}`; it takes `confirm` or `immediate`"))),
    };
    Ok((policy.require_verification(switch("REQUIRE_VERIFICATION", false)?), name == "fastapi_users"))
}

/// Returns the base of the links in mails: `PUBLIC_URL`, or the address that the server listens on. A server that listens on
/// every address of the machine is reached as `localhost` at least from the machine itself.
fn public_url(bind: &str) -> Result<PublicUrl> {
    let parse = if switch("PRIVATE_NETWORK", false)? { PublicUrl::in_private_network } else { PublicUrl::parse };
    if let Some(url) = env::var("PUBLIC_URL").ok().filter(|url| !url.is_empty()) {
        return parse(&url).map_err(|error| Error::config(format!("PUBLIC_URL: {error}")));
    }
    let url = match bind.parse::<SocketAddr>() {
        Ok(address) if address.ip().is_unspecified() => format!("http://localhost:{}", address.port()),
        _ => format!("http://{bind}"),
    };
    let url = parse(&url).map_err(|_| {
        Error::config(format!(
            "PUBLIC_URL is not set, and {url}, which follows from BIND, is not suitable for links in mails: set PUBLIC_URL to \
             the https:// URL at which users reach this server, or PRIVATE_NETWORK to `true` if it has no TLS in a private \
             network"
        ))
    })?;
    println!("PUBLIC_URL is not set: links in mails start with {}", url.as_str());
    Ok(url)
}

/// Returns the proxies in front of the server.
fn trusted_proxies() -> Result<TrustedProxies> {
    let proxies: TrustedProxies = variable("TRUSTED_PROXIES", "none")
        .parse()
        .map_err(|error| Error::config(format!("TRUSTED_PROXIES: {error}")))?;
    match variable("TRUSTED_PROXIES_HEADER", "x-forwarded-for").as_str() {
        "x-forwarded-for" => Ok(proxies.header(ForwardedHeader::XForwardedFor)),
        "forwarded" => Ok(proxies.header(ForwardedHeader::Forwarded)),
        other => Err(Error::config(format!(
            "TRUSTED_PROXIES_HEADER is `{other}`; it takes `x-forwarded-for` or `forwarded`"
        ))),
    }
}

fn refuse_what_is_not_built_in() -> Result<()> {
    let is_of_oauth = |name: &str| name.starts_with("OAUTH_") || name.starts_with("OIDC_");
    if !cfg!(feature = "oauth") && env::vars().any(|(name, value)| is_of_oauth(&name) && !value.is_empty()) {
        return Err(Error::config(
            "an OAUTH_ or OIDC_ variable is set, but this program was built without the Cargo feature `oauth`",
        ));
    }
    Ok(())
}
