//! Mail: who sends it, what it says, and what delivers it.

mod letter;
mod mailer;
mod mails;
#[cfg(any(test, all(feature = "testing", debug_assertions)))]
mod memory;
#[cfg(feature = "smtp")]
mod smtp;
mod templates;
mod terminal;

pub use letter::{Letter, escape_html};
pub use mailer::Mailer;
pub use mails::Mails;
#[cfg(any(test, all(feature = "testing", debug_assertions)))]
pub use memory::MemoryMails;
#[cfg(feature = "smtp")]
pub use smtp::Smtp;
pub use templates::{EmailChanged, English, Linked, MailTemplates, Notice};
pub use terminal::Terminal;
