//! The texts of mails, replaceable by the application.

use std::time::Duration;

use super::Letter;

/// What each mail says. Every method has a good English text, so an application replaces only what it wants to; the
/// typed argument holds all that a text may need. Use any template engine inside.
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
    /// Asks the owner of an address to prove it.
    fn verification(&self, mail: &LinkMail<'_>) -> Letter {
        Letter::new(format!("Confirm your e-mail address for {}", mail.site_name))
            .paragraph(format!(
                "Somebody, most likely you, gave this address to {}. Please confirm that it is yours.",
                mail.site_name
            ))
            .button("Confirm this address", mail.link)
            .paragraph(validity(mail.lifetime))
            .paragraph("If it was not you, do nothing: without a confirmation, nobody can use your address.")
    }

    /// Hands the owner of an account the link to a new password.
    fn password_reset(&self, mail: &LinkMail<'_>) -> Letter {
        Letter::new(format!("Choose a new password for {}", mail.site_name))
            .paragraph(format!(
                "Somebody, most likely you, asked for a new password for your account at {}.",
                mail.site_name
            ))
            .button("Choose a new password", mail.link)
            .paragraph(validity(mail.lifetime))
            .paragraph("If it was not you, do nothing: your password stays as it is. Never give this link to anybody.")
    }

    /// Tells the owner of an account that somebody tried to register with its address.
    fn already_registered(&self, mail: &Notice<'_>) -> Letter {
        Letter::new(format!("You already have an account at {}", mail.site_name))
            .paragraph(format!(
                "Somebody, most likely you, tried to register at {} with this address. It has an account already, so nothing was changed.",
                mail.site_name
            ))
            .button("Log in, or ask for a new password", mail.site_url)
            .paragraph("If it was not you, do nothing.")
    }

    /// Tells the old address of an account that another one took its place.
    fn email_changed(&self, mail: &EmailChanged<'_>) -> Letter {
        Letter::new(format!("Your e-mail address at {} was changed", mail.site_name))
            .paragraph(format!("The address of your account at {} is now {}.", mail.site_name, mail.new_email))
            .paragraph(
                "If that was not you, somebody may have taken over your account. Please get in touch with us at once:",
            )
            .button(mail.site_name, mail.site_url)
    }

    /// Tells the owner of an account that its password was changed.
    fn password_changed(&self, mail: &Notice<'_>) -> Letter {
        Letter::new(format!("Your password at {} was changed", mail.site_name))
            .paragraph(format!("The password of your account at {} was changed.", mail.site_name))
            .paragraph("If that was not you, ask for a new password at once:")
            .button(mail.site_name, mail.site_url)
    }
}

/// The texts that [`MailTemplates`] brings along.
#[derive(Debug, Clone, Copy, Default)]
pub struct English;

impl MailTemplates for English {}

/// What a mail with a link to act on is made of.
#[derive(Clone, Copy)]
#[non_exhaustive]
pub struct LinkMail<'a> {
    /// Who gets it: the stored address.
    pub to: &'a str,
    /// The name of the site.
    pub site_name: &'a str,
    /// Its public URL.
    pub site_url: &'a str,
    /// The link with the token in its fragment.
    pub link: &'a str,
    /// The token by itself, for a person to type or for a link of the application's own.
    pub token: &'a str,
    /// How long the token works, if the mailer was told.
    pub lifetime: Option<Duration>,
}

/// What a mail is made of that tells of something.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct Notice<'a> {
    /// Who gets it: the stored address.
    pub to: &'a str,
    /// The name of the site.
    pub site_name: &'a str,
    /// Its public URL.
    pub site_url: &'a str,
}

/// What the mail about a new address is made of.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct EmailChanged<'a> {
    /// Who gets it: the address before the change.
    pub to: &'a str,
    /// The address now, not yet proved.
    pub new_email: &'a str,
    /// The name of the site.
    pub site_name: &'a str,
    /// Its public URL.
    pub site_url: &'a str,
}

impl std::fmt::Debug for LinkMail<'_> {
    /// Leaves link and token out.
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

/// Whole hours or minutes, rounded down, so that the text never promises too much.
fn in_words(time: Duration) -> String {
    let (count, unit) = match time.as_secs() / 60 {
        0 | 1 => (1, "minute"),
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
    fn lifetimes_are_said_as_a_person_would_say_them() {
        for (seconds, words) in
            [(60, "1 minute"), (1_800, "30 minutes"), (3_600, "1 hour"), (5_400, "90 minutes"), (86_400, "24 hours")]
        {
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
