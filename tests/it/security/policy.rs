//! Relaxed rules are listed and logged.

use std::{collections::BTreeSet, time::Duration};

use axum_users::{
    Backend, Bearer, Cookie, Jwt, Limits, PasswordPolicy, Policy, SecretKey, Users, UsersBuilder,
    env::Relaxation,
    token::{HmacKey, KeyRing, PublicUrl, VerifyingKey},
};
use tracing::Level;

use crate::{
    log::Log,
    support::{COOKIE, PASSWORD, SECRET, Setup, TestApp, User},
};

/// Builds a service and returns its relaxations, by call, and the warnings that it logged.
async fn start(policy: Policy, config: Jwt, secret: SecretKey) -> (BTreeSet<&'static str>, Vec<String>) {
    start_with(policy, Backend::new("jwt", Bearer, config), secret, Limits::default()).await
}

async fn start_with(
    policy: Policy,
    backend: Backend,
    secret: SecretKey,
    limits: Limits,
) -> (BTreeSet<&'static str>, Vec<String>) {
    start_at(PublicUrl::parse("http://localhost:8000").unwrap(), policy, backend, secret, limits).await
}

async fn start_at(
    url: PublicUrl,
    policy: Policy,
    backend: Backend,
    secret: SecretKey,
    limits: Limits,
) -> (BTreeSet<&'static str>, Vec<String>) {
    let (log, _guard) = Log::start(Level::INFO);
    let users = Users::<User>::builder(secret)
        .database("sqlite::memory:")
        .public_url(url)
        .policy(policy)
        .limits(limits)
        .backend(backend)
        .build()
        .await
        .unwrap();
    let warnings = log.lines("WARN");
    (users.policy().relaxations().map(Relaxation::call).collect(), warnings)
}

/// Returns a way to relax each rule.
fn opt_out(relaxation: Relaxation) -> (Policy, Jwt, SecretKey) {
    let (policy, config) = (Policy::recommended(), Jwt::new());
    let secret = SecretKey::new(SECRET).unwrap();
    let policy = match relaxation {
        Relaxation::WithoutRevocation => policy.without_revocation(),
        Relaxation::KeepSessions => policy.keep_sessions(),
        Relaxation::PasswordChangeWithoutCurrent => policy.allow_password_change_without_current(),
        Relaxation::EmailChangeAtOnce => policy.change_email_at_once(),
        Relaxation::NoPasswordPolicy => policy.passwords(PasswordPolicy::none()),
        Relaxation::InlineHooks => policy.inline_hooks(),
        Relaxation::NeverExpires => return (policy, config.never_expires(), secret),
        Relaxation::LongLifetime => return (policy, config.lifetime(Duration::from_secs(86_401)), secret),
        Relaxation::WithoutChallenge => policy.without_challenge(),
        Relaxation::PwdlibHashes => policy.pwdlib_hashes(),
        Relaxation::RawKeys => policy.raw_keys(),
        Relaxation::ShortSecret => return (policy, config, SecretKey::allow_short_secret("SECRET")),
        Relaxation::LegacyRs256 => return (policy, config.keys(ring_with_rs256()), secret),
        Relaxation::UpstreamTokens => policy.accept_upstream_tokens(None),
        Relaxation::InternationalizedEmail => policy.internationalized_email(),
        Relaxation::InternalDomains => policy.internal_domains(["corp.local"]),
        Relaxation::SlashRedirect => policy.slash_redirect(),
        Relaxation::PlaintextTokens => policy.plaintext_tokens(),
        Relaxation::WithoutOriginCheck => policy.without_origin_check(),
        Relaxation::PlainCookieNames => policy.plain_cookie_names(),
        Relaxation::KeepSiteData => policy.keep_site_data(),
        other => panic!("{other:?} has no opt-out here"),
    };
    (policy, config, secret)
}

/// An HS256 key that signs, and an RS256 key that verifies.
fn ring_with_rs256() -> KeyRing {
    let public = include_str!("../../../users-runtime/tests/it/security_tokens/keys/rsa2048-public.pem");
    let signing = HmacKey::hs256(&SecretKey::new(SECRET).unwrap()).unwrap();
    KeyRing::hmac(signing).and_public(VerifyingKey::legacy_rs256_pem(public).unwrap()).unwrap()
}

/// Returns the calls in the column "opt-out" of docs/contributing/security.md.
fn documented() -> BTreeSet<String> {
    let text = crate::repository::read("docs/contributing/security.md");
    let table = text.split("## Differences from fastapi-users").nth(1).unwrap().split("\n## ").next().unwrap();
    let rows = table.lines().filter(|line| line.starts_with("| C"));
    let cells = rows.filter_map(|row| row.trim_end_matches(" |").rsplit(" | ").next());
    let opt_outs = cells.filter(|cell| !cell.contains("default is the wire"));
    opt_outs.flat_map(|cell| cell.split('`').skip(1).step_by(2).map(str::to_owned).collect::<Vec<_>>()).collect()
}

#[tokio::test]
async fn relaxations_are_listed_and_logged() {
    let secret = || SecretKey::new(SECRET).unwrap();
    let (none, silent) = start(Policy::recommended(), Jwt::new(), secret()).await;
    assert_eq!((none.len(), silent.len()), (0, 0), "{silent:?}");

    for relaxation in Relaxation::ALL {
        let (policy, config) = (Policy::recommended(), Jwt::new());
        let (listed, warnings) = match relaxation {
            Relaxation::InsecureCookies => {
                let cookie = Cookie::new().insecure_for_localhost();
                start_with(policy, Backend::new("jwt", cookie, config), secret(), Limits::default()).await
            }
            Relaxation::PlainHttp => {
                let url = PublicUrl::in_private_network("http://192.168.1.10:8000").unwrap();
                let backend = Backend::new("jwt", Cookie::new(), config);
                start_at(url, policy, backend, secret(), Limits::default()).await
            }
            Relaxation::NoLimits => {
                start_with(policy, Backend::new("jwt", Bearer, config), secret(), Limits::off()).await
            }
            _ => {
                let (policy, config, secret) = opt_out(relaxation);
                start(policy, config, secret).await
            }
        };
        assert_eq!(listed, BTreeSet::from([relaxation.call()]));
        let [warning] = &warnings[..] else { panic!("{relaxation:?}: one warning, not {warnings:?}") };
        assert!(warning.contains(relaxation.call()), "{warning}");
        assert!(!warning.contains(SECRET) && !warning.contains("SECRET"), "{warning}");
    }
    let listed: BTreeSet<String> = Relaxation::ALL.map(|relaxation| relaxation.call().to_owned()).into();
    assert_eq!(listed, documented(), "docs/contributing/security.md lists every relaxation");

    // The upstream policy logs all of its relaxations in one line, and no others.
    let (listed, warnings) = start(Policy::fastapi_users(), Jwt::new(), secret()).await;
    let [warning] = &warnings[..] else { panic!("one warning, not {warnings:?}") };
    assert!(listed.iter().all(|call| warning.contains(call)), "{warning}");
    let untouched = [
        "never_expires()",
        "lifetime(more than a day)",
        "allow_short_secret()",
        "legacy_rs256_pem(key)",
        "insecure_for_localhost()",
        "internal_domains(names)",
        "PublicUrl::in_private_network(url)",
        "Limits::off()",
    ];
    let all = Relaxation::ALL.map(Relaxation::call);
    assert_eq!(listed, all.into_iter().filter(|call| !untouched.contains(call)).collect());
}

/// A stricter setting is not a relaxation, and setting a rule again restores it.
#[tokio::test]
async fn stricter_rules_are_not_relaxations() {
    let stricter = Policy::recommended()
        .passwords(PasswordPolicy::none())
        .passwords(PasswordPolicy::nist())
        .require_verification(true)
        .require_current_password()
        .require_origin()
        .deny_admin_password()
        .private_registration();
    let (listed, warnings) = start(stricter, Jwt::new(), SecretKey::new(SECRET).unwrap()).await;
    assert_eq!((listed.len(), warnings.len()), (0, 0), "{warnings:?}");
}

/// A relaxation of one backend is listed for the service and does not affect the other backends.
#[tokio::test]
async fn a_rule_relaxed_for_one_backend_holds_for_the_others() {
    let lax = [
        Backend::new("lax", Bearer, Jwt::new().audience(["lax"]).without_revocation()),
        Backend::new("plain", Cookie::new().cookie_name("sid"), Jwt::new().audience(["plain"])),
    ];
    let strict = [Backend::bearer("jwt", Jwt::new()), Backend::cookie("cookie", Jwt::new())];
    let backend = lax.into_iter().chain(strict).collect();
    let builder = Box::new(|builder: UsersBuilder<User>| builder.limits(Limits::default()));
    let app = TestApp::with(Setup { backend, builder, ..Setup::default() }).await;
    let listed: Vec<_> = app.users.policy().relaxations().collect();
    assert_eq!(listed, [Relaxation::WithoutRevocation, Relaxation::PlainCookieNames]);
    let token = app.member("arthur@camelot.bt").await;
    app.post("/auth/jwt/logout").bearer(&token).send().await.is(204, "");
    assert_eq!(app.me(&token).await.status, 401, "revoked");
    let login = app.post("/auth/cookie/login").form(&[("username", "arthur@camelot.bt"), ("password", PASSWORD)]);
    assert_eq!(login.send().await.set_cookie().unwrap().0, COOKIE);
}
