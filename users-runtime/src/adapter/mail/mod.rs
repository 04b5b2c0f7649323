//! Mail: hooks, texts and transports.

mod letter;
mod mail_hooks;
mod mailer;
#[cfg(any(test, feature = "testing"))]
mod memory;
mod notice_kind;
#[cfg(feature = "smtp")]
mod smtp;
mod templates;
mod terminal;

pub use letter::{Letter, escape_html};
pub use mail_hooks::MailHooks;
pub use mailer::Mailer;
#[cfg(any(test, feature = "testing"))]
pub use memory::MemoryMails;
pub use notice_kind::NoticeKind;
#[cfg(feature = "smtp")]
pub use smtp::Smtp;
pub use templates::{CodeMail, EmailChanged, English, LinkMail, MailTemplates, NewLogin, Notice, PasskeyNotice};
pub use terminal::Terminal;
