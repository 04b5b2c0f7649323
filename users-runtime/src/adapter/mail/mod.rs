//! Mail: hooks, texts and transports.

mod letter;
mod mail_hooks;
mod mailer;
#[cfg(any(test, feature = "testing"))]
mod memory;
#[cfg(feature = "smtp")]
mod smtp;
mod templates;
mod terminal;

pub use letter::{Letter, escape_html};
pub use mail_hooks::MailHooks;
pub use mailer::{Mailer, NoticeKind};
#[cfg(any(test, feature = "testing"))]
pub use memory::MemoryMails;
#[cfg(feature = "smtp")]
pub use smtp::Smtp;
pub use templates::{EmailChanged, English, LinkMail, MailTemplates, NewLogin, Notice};
pub use terminal::Terminal;
