//! Requesting a change of the address: two tokens, for the new address and for the old one.

use super::token_subject;
use crate::{
    domain::{EmailAddress, Epoch},
    event::{EventKind, SecurityEvent},
    port::{BoxFuture, EmailChange, HookCall, Lookup, RequestContext, TokenState},
    service::Users,
    user::AuthUser,
};

impl<U: AuthUser> Users<U> {
    /// Mails the tokens of a change of the address of `user`, whose epoch was `epoch` when the request ended. All of
    /// this happens after the response, so that its time reveals nothing about the new address.
    pub(crate) fn request_email_change<'a>(
        &'a self,
        user: &'a U,
        new_email: EmailAddress,
        epoch: Epoch,
        cx: &'a RequestContext,
    ) -> BoxFuture<'a, ()> {
        Box::pin(async move {
            let (id, old_email) = (user.id(), user.account().email.to_owned());
            self.after_response_or_log("on_after_request_email_change", cx, move |users, cx, drawn| {
                let (id, old_email, new_email) = (id.clone(), old_email.clone(), new_email.clone());
                Box::pin(async move {
                    let (subject, changes) = (id.to_string(), &users.inner().email_changes);
                    let recent = changes.recent_email(&subject, &old_email);
                    let found = users.find(Lookup::User { id: id.clone(), token: Some(recent) }).await?;
                    // Sessions ended, another address or a suspension in the meantime cancel the request.
                    let Some(found) = found.filter(|found| {
                        found.epoch == epoch
                            && found.user.account().email == old_email
                            && found.user.status().is_active
                            && !found.standing.is_suspended_at(users.now())
                    }) else {
                        return Ok(());
                    };
                    // Counted by recipient, so that no mailbox can be flooded from several accounts.
                    let recipient = new_email.canonical();
                    if !users.may_mail_to(EventKind::RequestEmailChange, recipient.as_str(), &id, cx, drawn).await? {
                        return Ok(());
                    }
                    users.record(&SecurityEvent::new(EventKind::RequestEmailChange, cx).of(&id));
                    if users.policy().is_private()
                        && let Some(owner) = users.find_by_address(new_email.as_str()).await?
                    {
                        return users.run_hook(HookCall::DuplicateRegistration(&owner.user), cx).await;
                    }
                    let of = token_subject(&found, &subject);
                    let token = changes.mint_confirm(of, new_email.as_str())?;
                    let undo_token = changes.mint_undo(of, found.token == TokenState::Revoked)?;
                    let change = EmailChange::new(new_email.as_str(), &token, &undo_token);
                    users.run_hook(HookCall::EmailChangeRequested(&found.user, &change), cx).await
                })
            })
            .await;
        })
    }
}
