//! Mail that is printed instead of sent.

use std::io::Write;

use crate::port::{BoxFuture, Mail, MailError, MailTransport};

/// Prints each mail to standard output.
///
/// # Security
/// For development only: the output contains all mailed tokens and codes, such as those that log in or reset passwords.
#[derive(Debug, Clone, Copy, Default)]
pub struct Terminal;

impl MailTransport for Terminal {
    fn send<'a>(&'a self, mail: &'a Mail) -> BoxFuture<'a, Result<(), MailError>> {
        // A single write keeps concurrent mails apart.
        let printed = std::io::stdout().lock().write_all(frame(mail).as_bytes());
        Box::pin(std::future::ready(printed.map_err(|error| MailError::permanent(error.to_string()))))
    }
}

/// Formats the mail in a frame. Control characters are replaced, because a terminal would interpret them.
fn frame(mail: &Mail) -> String {
    let rule = "-".repeat(72);
    let mut frame =
        format!("\n+{rule}\n| To:      {}\n| Subject: {}\n|\n", plain(mail.to.as_str()), plain(&mail.subject));
    for line in mail.text.lines() {
        frame.push_str("| ");
        frame.push_str(&plain(line));
        frame.push('\n');
    }
    frame.push('+');
    frame.push_str(&rule);
    frame.push_str("\n\n");
    frame
}

fn plain(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { char::REPLACEMENT_CHARACTER } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::EmailAddress;

    #[test]
    fn a_mail_is_framed_and_control_characters_are_replaced() {
        let mail = EmailAddress::stored("ann@example.org").map(|to| Mail {
            to,
            subject: "Hello\u{1b}[2J".to_owned(),
            text: "first\n\nhttps://x/#token=t\u{7}\n".to_owned(),
            html: "<p>not shown</p>".to_owned(),
        });
        let rule = "-".repeat(72);
        assert_eq!(
            mail.map(|mail| frame(&mail)),
            Some(format!(
                "\n+{rule}\n| To:      ann@example.org\n| Subject: Hello\u{fffd}[2J\n|\n| first\n| \n| https://x/#token=t\u{fffd}\n+{rule}\n\n"
            ))
        );
    }
}
