//! The mails of the server: their transport, and the targets of their links.

use std::env;

use axum_users::{Error, Mailer, Result, mail::LinkKind, token::PublicUrl};

use super::{pages, variable};

/// The variables with the links, such as `https://app.example.com/confirm?token={token}`.
const LINKS: [(&str, LinkKind); 6] = [
    ("LINKS_VERIFY", LinkKind::Verify),
    ("LINKS_RESET", LinkKind::ResetPassword),
    ("LINKS_CONFIRM_EMAIL", LinkKind::ConfirmEmail),
    ("LINKS_UNDO_EMAIL", LinkKind::UndoEmail),
    ("LINKS_MAGIC_LINK", LinkKind::MagicLink),
    ("LINKS_INVITATION", LinkKind::Invitation),
];

pub(super) fn mailer(public_url: PublicUrl) -> Result<Mailer> {
    let mailer = match variable("MAIL", "terminal").as_str() {
        "terminal" => Mailer::terminal(public_url),
        #[cfg(feature = "smtp")]
        url if url.starts_with("smtp") => Mailer::smtp(url, &variable("MAIL_FROM", "accounts@example.com"), public_url),
        other => Err(Error::config(format!(
            "MAIL is `{other}`; it takes `terminal`, or an smtp:// URL with the Cargo feature `smtp`"
        ))),
    }?;
    let mut mailer = pages::link(mailer)?;
    for (name, kind) in LINKS {
        if let Some(template) = env::var(name).ok().filter(|template| !template.is_empty()) {
            mailer = mailer.link(kind, &template).map_err(|error| Error::config(format!("{name}: {error}")))?;
        }
    }
    Ok(mailer)
}
