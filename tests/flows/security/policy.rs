//! Rules that were taken away are known and told.

use std::{collections::BTreeSet, time::Duration};

use axum_users::{Backend, Bearer, JwtConfig, PasswordPolicy, Policy, Relaxation, SecretKey, Users};

use super::log::Log;
use crate::support::{SECRET, User};

/// Builds a service and answers its relaxations, by call, and the warnings that it logged.
async fn start(policy: Policy, config: JwtConfig, secret: SecretKey) -> (BTreeSet<&'static str>, Vec<String>) {
    let (log, _guard) = Log::start();
    let users = Users::<User>::builder(secret)
        .database("sqlite::memory:")
        .policy(policy)
        .backend(Backend::jwt("jwt", Bearer, config))
        .build()
        .await
        .unwrap();
    let warnings = log.lines("WARN");
    (users.policy().relaxations().map(Relaxation::call).collect(), warnings)
}

/// One way to take each rule away.
fn opt_out(relaxation: Relaxation) -> (Policy, JwtConfig, SecretKey) {
    let (policy, config) = (Policy::recommended(), JwtConfig::new());
    let secret = SecretKey::new(SECRET).unwrap();
    let policy = match relaxation {
        Relaxation::WithoutRevocation => policy.without_revocation(),
        Relaxation::KeepSessions => policy.keep_sessions(),
        Relaxation::PasswordChangeWithoutCurrent => policy.allow_password_change_without_current(),
        Relaxation::NoPasswordPolicy => policy.passwords(PasswordPolicy::none()),
        Relaxation::InlineHooks => policy.inline_hooks(),
        Relaxation::NeverExpires => return (policy, config.never_expires(), secret),
        Relaxation::LongLifetime => return (policy, config.lifetime(Duration::from_secs(86_401)), secret),
        Relaxation::WithoutChallenge => policy.without_challenge(),
        Relaxation::PwdlibHashes => policy.pwdlib_hashes(),
        Relaxation::RawKeys => policy.raw_keys(),
        Relaxation::ShortSecret => return (policy, config, SecretKey::allow_short_secret("SECRET")),
        Relaxation::UpstreamTokens => policy.accept_upstream_tokens(None),
        Relaxation::InternationalizedEmail => policy.internationalized_email(),
        Relaxation::SlashRedirect => policy.slash_redirect(),
        other => panic!("{other:?} has no opt-out here"),
    };
    (policy, config, secret)
}

/// The calls in the column "opt-out" of docs/security.md.
fn documented() -> BTreeSet<String> {
    let text = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/security.md")).unwrap();
    let table = text.split("## Differences from fastapi-users").nth(1).unwrap().split("\n## ").next().unwrap();
    let rows = table.lines().filter(|line| line.starts_with("| C"));
    let cells = rows.filter_map(|row| row.trim_end_matches(" |").rsplit(" | ").next());
    let opt_outs = cells.filter(|cell| !cell.contains("default is the wire"));
    opt_outs.flat_map(|cell| cell.split('`').skip(1).step_by(2).map(str::to_owned).collect::<Vec<_>>()).collect()
}

#[tokio::test]
async fn relaxations_are_listed_and_logged() {
    let secret = || SecretKey::new(SECRET).unwrap();
    let (none, silent) = start(Policy::recommended(), JwtConfig::new(), secret()).await;
    assert_eq!((none.len(), silent.len()), (0, 0), "{silent:?}");

    for relaxation in Relaxation::ALL {
        let (policy, config, secret) = opt_out(relaxation);
        let (listed, warnings) = start(policy, config, secret).await;
        assert_eq!(listed, BTreeSet::from([relaxation.call()]));
        let [warning] = &warnings[..] else { panic!("{relaxation:?}: one warning, not {warnings:?}") };
        assert!(warning.contains(relaxation.call()), "{warning}");
        assert!(!warning.contains(SECRET) && !warning.contains("SECRET"), "{warning}");
    }
    let listed: BTreeSet<String> = Relaxation::ALL.map(|relaxation| relaxation.call().to_owned()).into();
    assert_eq!(listed, documented(), "docs/security.md lists what exists");

    // All of upstream's in one line; what its policy does not touch is not in it.
    let (listed, warnings) = start(Policy::fastapi_users(), JwtConfig::new(), secret()).await;
    let [warning] = &warnings[..] else { panic!("one warning, not {warnings:?}") };
    assert!(listed.iter().all(|call| warning.contains(call)), "{warning}");
    let untouched = ["never_expires()", "lifetime(more than a day)", "allow_short_secret()"];
    let all = Relaxation::ALL.map(Relaxation::call);
    assert_eq!(listed, all.into_iter().filter(|call| !untouched.contains(call)).collect());
}

/// What asks for more than the default is no relaxation, and a rule set anew is not taken away.
#[tokio::test]
async fn stricter_rules_are_not_listed() {
    let stricter = Policy::recommended()
        .passwords(PasswordPolicy::none())
        .passwords(PasswordPolicy::nist())
        .require_verification(true)
        .require_current_password()
        .deny_admin_password()
        .private_registration();
    let (listed, warnings) = start(stricter, JwtConfig::new(), SecretKey::new(SECRET).unwrap()).await;
    assert_eq!((listed.len(), warnings.len()), (0, 0), "{warnings:?}");
}
