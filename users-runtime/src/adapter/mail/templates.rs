//! The texts of the mails, which the application can replace.

use std::time::Duration;

use super::Letter;
use crate::{
    domain::{Device, Timestamp},
    port::{PasskeyChange, PasskeyChangeKind},
};

/// The texts of the mails. Every method has an English default, so an application overrides only the ones it wants to
/// change, with any template engine. The argument contains all values that a text may need.
///
/// ```
/// use users_runtime::mail::{Letter, LinkMail, MailTemplates};
///
/// struct German;
///
/// impl MailTemplates for German {
///     fn verification(&self, mail: &LinkMail<'_>) -> Letter {
///         Letter::new(format!("Bitte bestätige deine Adresse bei {}", mail.site_name)).button("Bestätigen", mail.link)
///     }
/// }
/// ```
pub trait MailTemplates: Send + Sync + 'static {
    /// Asks the owner of an address to verify it.
    fn verification(&self, mail: &LinkMail<'_>) -> Letter {
        Letter::new(format!("Confirm your e-mail address for {}", mail.site_name))
            .paragraph(format!(
                "Someone, most likely you, entered this address at {}. Please confirm that it is yours.",
                mail.site_name
            ))
            .button("Confirm this address", mail.link)
            .paragraph(validity(mail.lifetime))
            .paragraph("If it was not you, ignore this e-mail: the address cannot be used without your confirmation.")
    }

    /// Sends the owner of an account the link to choose a new password.
    fn password_reset(&self, mail: &LinkMail<'_>) -> Letter {
        Letter::new(format!("Choose a new password for {}", mail.site_name))
            .paragraph(format!(
                "Someone, most likely you, asked for a new password for your account at {}.",
                mail.site_name
            ))
            .button("Choose a new password", mail.link)
            .paragraph(validity(mail.lifetime))
            .paragraph("If it was not you, ignore this e-mail: your password is unchanged. Never share this link.")
    }

    /// Notifies the owner of an account of an attempt to register with its address.
    fn already_registered(&self, mail: &Notice<'_>) -> Letter {
        Letter::new(format!("You already have an account at {}", mail.site_name))
            .paragraph(format!(
                "Someone, most likely you, tried to register at {} with this address. It already has an account, so nothing was changed.",
                mail.site_name
            ))
            .button("Log in or reset your password", mail.site_url)
            .paragraph("If it was not you, ignore this e-mail.")
    }

    /// Asks the owner of a new address of an account to confirm it.
    fn email_change_confirmation(&self, mail: &LinkMail<'_>) -> Letter {
        Letter::new(format!("Confirm your new e-mail address for {}", mail.site_name))
            .paragraph(format!(
                "Someone, most likely you, wants to use this address for their account at {}. Please confirm that it is \
                 yours. Until then, the account keeps its old address.",
                mail.site_name
            ))
            .button("Confirm this address", mail.link)
            .paragraph(validity(mail.lifetime))
            .paragraph("If it was not you, ignore this e-mail: nothing changes without your confirmation.")
    }

    /// Notifies the stored address of an account of the address that will replace it, with a link that undoes the change.
    fn email_change_undo(&self, mail: &LinkMail<'_>, new_email: &str) -> Letter {
        Letter::new(format!("Your e-mail address at {} is being changed", mail.site_name))
            .paragraph(format!(
                "Someone, most likely you, asked to change the address of your account at {} to {new_email}. It changes as \
                 soon as the new address is confirmed.",
                mail.site_name
            ))
            .paragraph(
                "If that was not you, someone may know your password or use your session. This link keeps or restores this \
                 address, logs everyone out, and lets you choose a new password:",
            )
            .button("This was not me", mail.link)
            .paragraph(validity(mail.lifetime))
    }

    /// Sends the owner of an account the link to log in.
    fn magic_link(&self, mail: &LinkMail<'_>) -> Letter {
        Letter::new(format!("Log in to {}", mail.site_name))
            .paragraph(format!("Someone, most likely you, asked for a link to log in to {}.", mail.site_name))
            .button("Log in", mail.link)
            .paragraph(validity(mail.lifetime))
            .paragraph(
                "If it was not you, ignore this e-mail. Never share this link: whoever has it is logged in as you.",
            )
    }

    /// Sends the owner of an account the code to log in.
    fn login_code(&self, mail: &CodeMail<'_>) -> Letter {
        Letter::new(format!("Your code for {}", mail.site_name))
            .paragraph(format!(
                "Someone, most likely you, asked for a code to log in to {}. Enter it there:",
                mail.site_name
            ))
            .paragraph(mail.code)
            .paragraph("The code works once, only where it was asked for, and only for a short time.")
            .paragraph("If it was not you, ignore this e-mail. Never tell anybody this code: we do not ask for it.")
    }

    /// Sends an invited user the link that opens the account.
    fn invitation(&self, mail: &LinkMail<'_>) -> Letter {
        Letter::new(format!("You are invited to {}", mail.site_name))
            .paragraph(format!("An account at {} was created for you. Choose a password to open it:", mail.site_name))
            .button("Open the account", mail.link)
            .paragraph(match mail.lifetime {
                Some(_) => validity(mail.lifetime),
                None => "The link works once, and only for some days.".to_owned(),
            })
            .paragraph("If you did not expect this, ignore this e-mail: without the link nobody can use the account.")
    }

    /// Notifies the old address of an account of the new one.
    fn email_changed(&self, mail: &EmailChanged<'_>) -> Letter {
        Letter::new(format!("Your e-mail address at {} was changed", mail.site_name))
            .paragraph(format!("The address of your account at {} is now {}.", mail.site_name, mail.new_email))
            .paragraph("If that was not you, someone may have taken over your account. Please contact us immediately:")
            .button(mail.site_name, mail.site_url)
    }

    /// Notifies the owner of an account of a change of its password.
    fn password_changed(&self, mail: &Notice<'_>) -> Letter {
        Letter::new(format!("Your password at {} was changed", mail.site_name))
            .paragraph(format!("The password of your account at {} was changed.", mail.site_name))
            .paragraph("If that was not you, reset your password immediately:")
            .button(mail.site_name, mail.site_url)
    }

    /// Notifies the owner of an account of a login from a new device. The default text does not contain the user agent,
    /// which the client chooses.
    fn new_login(&self, mail: &NewLogin<'_>) -> Letter {
        let at = mail.at.format("%Y-%m-%d %H:%M UTC");
        let from = mail.device.client.map(|address| format!(" from the address {address}")).unwrap_or_default();
        Letter::new(format!("New login at {}", mail.site_name))
            .paragraph(format!("Your account at {} was used on a new device: {at}{from}.", mail.site_name))
            .paragraph("If that was you, there is nothing to do. If not, change your password immediately:")
            .button(mail.site_name, mail.site_url)
    }

    /// Notifies the owner of an account that a login was ended because a copy of it was used elsewhere.
    fn refresh_reuse(&self, mail: &NewLogin<'_>) -> Letter {
        let at = mail.at.format("%Y-%m-%d %H:%M UTC");
        let from = mail.device.client.map(|address| format!(" from the address {address}")).unwrap_or_default();
        Letter::new(format!("A login at {} was ended", mail.site_name))
            .paragraph(format!(
                "We ended a login to your account at {}, begun {at}{from}: a copy of it was used elsewhere, which may mean \
                 that it was stolen.",
                mail.site_name
            ))
            .paragraph("Please log in again on that device. If you do not recognize it, change your password immediately:")
            .button(mail.site_name, mail.site_url)
    }

    /// Notifies the owner of an account that logins now need a second factor.
    fn second_factor_enrolled(&self, mail: &Notice<'_>) -> Letter {
        Letter::new(format!("Your account at {} has a second factor", mail.site_name))
            .paragraph(format!(
                "Logins to your account at {} now also need a code of your authenticator app. Keep the recovery codes in a safe \
                 place: they are the way back if you lose the app.",
                mail.site_name
            ))
            .paragraph("If that was not you, someone uses your account. Please contact us immediately:")
            .button(mail.site_name, mail.site_url)
    }

    /// Notifies the owner of an account that logins no longer need a second factor.
    fn second_factor_removed(&self, mail: &Notice<'_>) -> Letter {
        Letter::new(format!("The second factor of your account at {} was removed", mail.site_name))
            .paragraph(format!(
                "Logins to your account at {} need no code of an authenticator app any more.",
                mail.site_name
            ))
            .paragraph("If that was not you, change your password immediately and enroll again:")
            .button(mail.site_name, mail.site_url)
    }

    /// Notifies the owner of an account that a recovery code was used, and how many are left.
    fn recovery_code_used(&self, mail: &Notice<'_>, left: u32) -> Letter {
        let rest = match left {
            0 => "No recovery code is left. Make new ones as soon as you can.".to_owned(),
            1 => "One recovery code is left.".to_owned(),
            left => format!("{left} recovery codes are left."),
        };
        Letter::new(format!("A recovery code of your account at {} was used", mail.site_name))
            .paragraph(format!(
                "A recovery code was used in place of your authenticator app at {}. It does not work again. {rest}",
                mail.site_name
            ))
            .paragraph("If that was not you, someone has your password and your recovery codes. Change your password immediately:")
            .button(mail.site_name, mail.site_url)
    }

    /// Notifies the owner of an account of a change of a passkey. The default text does not contain the name of the
    /// passkey, which the client chooses.
    fn passkey(&self, mail: &PasskeyNotice<'_>) -> Letter {
        let at = mail.change.at.format("%Y-%m-%d %H:%M UTC");
        let from = mail.change.device.client.map(|address| format!(" from the address {address}")).unwrap_or_default();
        let (subject, happened) = match mail.change.kind {
            PasskeyChangeKind::Added => ("A passkey was added", "A passkey was added to your account"),
            PasskeyChangeKind::Removed => ("A passkey was removed", "A passkey was removed from your account"),
            PasskeyChangeKind::PerhapsCopied => (
                "A passkey was refused",
                "We refused a login with a passkey of your account, because there may be a copy of it",
            ),
        };
        Letter::new(format!("{subject} at {}", mail.site_name))
            .paragraph(format!("{happened} at {}: {at}{from}.", mail.site_name))
            .paragraph(
                "If that was you, there is nothing to do. If not, log in, remove the passkeys that you do not know, end all \
                 other sessions and change your password immediately:",
            )
            .button(mail.site_name, mail.site_url)
    }
}

/// The values of the notice about a passkey.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct PasskeyNotice<'a> {
    /// The recipient: the stored address.
    pub to: &'a str,
    /// The name of the site.
    pub site_name: &'a str,
    /// The public URL of the site, or the page of it to which notices lead.
    pub site_url: &'a str,
    /// What happened. The client chooses the name of the passkey and the user agent, so they can contain any text.
    pub change: &'a PasskeyChange,
}

/// The default texts of [`MailTemplates`].
#[derive(Debug, Clone, Copy, Default)]
pub struct English;

impl MailTemplates for English {}

/// The values of a mail with a link.
#[derive(Clone, Copy)]
#[non_exhaustive]
pub struct LinkMail<'a> {
    /// The recipient: the stored address.
    pub to: &'a str,
    /// The name of the site.
    pub site_name: &'a str,
    /// The public URL of the site, or the page of it to which notices lead.
    pub site_url: &'a str,
    /// The link, with the token where [`Mailer::link`](super::Mailer::link) puts it.
    pub link: &'a str,
    /// The token without the link, for users to type or for a link that the application builds.
    pub token: &'a str,
    /// The lifetime of the token, if it was given to the mailer.
    pub lifetime: Option<Duration>,
}

/// The values of a mail with a code.
#[derive(Clone, Copy)]
#[non_exhaustive]
pub struct CodeMail<'a> {
    /// The recipient: the stored address.
    pub to: &'a str,
    /// The name of the site.
    pub site_name: &'a str,
    /// The public URL of the site, or the page of it to which notices lead.
    pub site_url: &'a str,
    /// The six digits.
    pub code: &'a str,
}

/// The values of a notice.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct Notice<'a> {
    /// The recipient: the stored address.
    pub to: &'a str,
    /// The name of the site.
    pub site_name: &'a str,
    /// The public URL of the site, or the page of it to which notices lead.
    pub site_url: &'a str,
}

/// The values of the notice about a new address.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct EmailChanged<'a> {
    /// The recipient: the address before the change.
    pub to: &'a str,
    /// The new address, not verified yet.
    pub new_email: &'a str,
    /// The name of the site.
    pub site_name: &'a str,
    /// The public URL of the site, or the page of it to which notices lead.
    pub site_url: &'a str,
}

/// The values of the notice about a login from a new device.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct NewLogin<'a> {
    /// The recipient: the stored address.
    pub to: &'a str,
    /// The name of the site.
    pub site_name: &'a str,
    /// The public URL of the site, or the page of it to which notices lead.
    pub site_url: &'a str,
    /// The address and the user agent of the client. The client chooses the user agent, so it can contain any text.
    pub device: &'a Device,
    /// The time of the login.
    pub at: Timestamp,
}

impl std::fmt::Debug for CodeMail<'_> {
    /// Omits the code.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CodeMail").field("site_name", &self.site_name).finish_non_exhaustive()
    }
}

impl std::fmt::Debug for LinkMail<'_> {
    /// Omits the link and the token.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LinkMail").field("site_name", &self.site_name).finish_non_exhaustive()
    }
}

fn validity(lifetime: Option<Duration>) -> String {
    match lifetime {
        Some(lifetime) => format!("The link works once, and for {}.", in_words(lifetime)),
        None => "The link works once, and only for a short time.".to_owned(),
    }
}

/// Formats a duration in whole days, hours or minutes, rounded down, so that the text never promises too much.
fn in_words(time: Duration) -> String {
    const DAY: u64 = 24 * 60;
    let (count, unit) = match time.as_secs() / 60 {
        0 | 1 => (1, "minute"),
        minutes if minutes >= 2 * DAY && minutes % DAY == 0 => (minutes / DAY, "day"),
        minutes if minutes >= 60 && minutes % 60 == 0 => (minutes / 60, "hour"),
        minutes => (minutes, "minute"),
    };
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {unit}{plural}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lifetimes_are_formatted_in_minutes_or_hours() {
        for (seconds, words) in [
            (60, "1 minute"),
            (1_800, "30 minutes"),
            (3_600, "1 hour"),
            (5_400, "90 minutes"),
            (86_400, "24 hours"),
            (604_800, "7 days"),
        ] {
            assert_eq!(in_words(Duration::from_secs(seconds)), words);
        }
    }

    #[test]
    fn debug_prints_neither_link_nor_token() {
        let mail = LinkMail {
            to: "a@b.org",
            site_name: "S",
            site_url: "u",
            link: "https://x#t",
            token: "hunter2",
            lifetime: None,
        };
        let debug = format!("{mail:?} {:?}", English.verification(&mail));
        assert!(!debug.contains("hunter2") && !debug.contains("https://x"), "{debug}");
    }
}
