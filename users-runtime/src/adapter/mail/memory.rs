//! A mail transport for tests.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use crate::{
    event,
    port::{BoxFuture, Mail, MailError, MailTransport},
};

/// Keeps all mails in memory, for tests (feature `testing`). Cheap to clone; clones share the mails.
#[derive(Debug, Clone)]
pub struct MemoryMails(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    mails: Mutex<Vec<Mail>>,
    arrived: Notify,
}

impl Default for MemoryMails {
    fn default() -> Self {
        Self::new()
    }
}

impl MemoryMails {
    /// Creates an empty mailbox.
    #[must_use]
    pub fn new() -> Self {
        event::warn_of_test_helper("MemoryMails");
        Self(Arc::default())
    }

    /// Returns all mails in the order they were sent.
    #[must_use]
    pub fn all(&self) -> Vec<Mail> {
        self.mails().clone()
    }

    /// Waits until at least `count` mails were sent and returns all of them. Mail is sent after the response, so a test
    /// has to wait for it; wrap the call in a timeout.
    pub async fn wait_for(&self, count: usize) -> Vec<Mail> {
        loop {
            let arrived = self.0.arrived.notified(); // before the check, so that no mail is missed
            let mails = self.all();
            if mails.len() >= count {
                return mails;
            }
            arrived.await;
        }
    }

    /// Returns the token in the link of a mail: the parameter `token` of its fragment or its query.
    #[must_use]
    pub fn token(mail: &Mail) -> Option<String> {
        let link = mail.text.split_whitespace().find(|word| word.contains("://"))?;
        let parameters = link.split(['?', '#']).skip(1).flat_map(|part| url::form_urlencoded::parse(part.as_bytes()));
        parameters.into_iter().find(|(name, _)| name == "token").map(|(_, token)| token.into_owned())
    }

    fn mails(&self) -> MutexGuard<'_, Vec<Mail>> {
        self.0.mails.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl MailTransport for MemoryMails {
    fn send<'a>(&'a self, mail: &'a Mail) -> BoxFuture<'a, Result<(), MailError>> {
        self.mails().push(mail.clone());
        self.0.arrived.notify_waiters();
        Box::pin(std::future::ready(Ok(())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{adapter::mail::Mailer, domain::VerifyToken};

    #[tokio::test]
    async fn a_test_waits_for_a_mail_and_reads_its_token() -> crate::domain::Result<()> {
        let mails = MemoryMails::new();
        let mailer = Mailer::new(Arc::new(mails.clone()), "https://example.org")?;
        let token = VerifyToken::new("a+b&c d");
        let (arrived, sent) = tokio::join!(mails.wait_for(1), mailer.send_verification("ann@example.org", &token));
        assert!(sent.is_ok());
        assert_eq!(arrived.first().and_then(MemoryMails::token).as_deref(), Some("a+b&c d"));
        Ok(())
    }
}
