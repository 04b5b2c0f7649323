//! Logins by mail and invitations, if `MAGIC_LINK`, `EMAIL_CODE` or `INVITATIONS` is on.

use axum_users::{
    AuthUser, Result, UsersBuilder,
    token::{EmailCode, Invitations, MagicLink},
};

use super::switch;

/// Turns on the features that the variables select. fastapi-users has none of them, so they stay off in a compatible service.
pub fn with_ways_by_mail<U: AuthUser>(mut users: UsersBuilder<U>, compatible: bool) -> Result<UsersBuilder<U>> {
    for name in ["MAGIC_LINK", "EMAIL_CODE", "INVITATIONS"] {
        if !switch(name, false)? {
            continue;
        }
        if compatible {
            eprintln!("{name} has no effect with POLICY=fastapi_users");
            continue;
        }
        users = match name {
            "MAGIC_LINK" => users.magic_link(MagicLink::new()),
            "EMAIL_CODE" => users.email_code(EmailCode::new()),
            _ => users.invitations(Invitations::new()),
        };
    }
    Ok(users)
}
