//! The steps of a password reset.

use crate::{
    domain::{EmailAddress, Password, Relaxation, ResetToken, UserId},
    event::{self, Kind, Outcome},
    manager::{AfterAnswer, PasswordError, Users},
    port::{
        Change, EndSessions, Event, HashError, HookError, Lookup, MailTokenError, PasswordSubject, RequestContext,
        StoreError,
    },
    user::{AuthUser, Columns},
};

/// Why no password was reset.
#[derive(Debug)]
pub(super) enum ResetError {
    BadToken,
    Password(PasswordError),
    Token(MailTokenError),
    Store(StoreError),
    Hook(HookError),
}

impl<U: AuthUser> Users<U> {
    /// Has a reset mail sent, if somebody active has the address. All of it happens after the answer, which therefore
    /// tells nothing.
    pub(super) async fn forgot_password(&self, email: EmailAddress, cx: &RequestContext) -> Result<(), AfterAnswer> {
        self.after_answer("on_after_forgot_password", cx, move |users, cx| {
            Box::pin(async move {
                let found = users.parts().store.find_by_email(&email.canonical()).await?;
                match found {
                    Some(found) if found.user.status().is_active => {
                        if !users.may_mail(Kind::ForgotPassword, found.user.id(), cx).await? {
                            return Ok(users.spend_the_time_of_a_fingerprint().await?);
                        }
                        event::record(Kind::ForgotPassword, Outcome::Success, Some(&found.user.id()), None, cx);
                        users.mail_reset_token(&found.user, cx).await
                    }
                    _ => Ok(users.spend_the_time_of_a_fingerprint().await?),
                }
            })
        })
        .await
    }

    /// fastapi-users' reset tokens cost a hash. Where the hook runs before the answer, nobody must cost the same,
    /// and so must somebody who is sent no more.
    async fn spend_the_time_of_a_fingerprint(&self) -> Result<(), HashError> {
        if self.policy().allows(Relaxation::InlineHooks) && self.policy().allows(Relaxation::UpstreamTokens) {
            self.parts().hasher.verify_nobody(&Password::new("nobody")).await?;
        }
        Ok(())
    }

    /// Sets the new password, once per token, and ends all sessions of the user in the same transaction.
    pub(super) async fn reset_password(
        &self,
        token: &ResetToken,
        password: &Password,
        cx: &RequestContext,
    ) -> Result<(), ResetError> {
        let bad_token = |user: Option<&U::Id>| {
            event::record(Kind::ResetPassword, Outcome::Refused("bad token"), user.map(|id| id as _), None, cx);
            ResetError::BadToken
        };
        let claims = self.parts().mail_tokens.read_reset(token).ok_or_else(|| bad_token(None))?;
        let id = U::Id::parse(&claims.subject).ok_or_else(|| bad_token(None))?;
        let found = self.parts().store.find(&[Lookup::by_id(id)]).await.map_err(ResetError::Store)?;
        let user = found.into_iter().next().flatten().ok_or_else(|| bad_token(Some(&id)))?.user;
        if !self.is_bound(&claims, &user).await.map_err(ResetError::Token)? || !user.status().is_active {
            return Err(bad_token(Some(&id)));
        }
        let account = user.account();
        self.validate_password(password, account.email, PasswordSubject::Existing(&user))
            .await
            .map_err(ResetError::Password)?;
        let hash = self.hash_password(password).await.map_err(ResetError::Password)?;
        let (if_hashed_password, if_email) = (Some(account.hashed_password.clone()), Some(account.email.to_owned()));
        let mut changed = user.clone();
        *changed.account_mut().hashed_password = hash;
        let end_sessions =
            if self.policy().allows(Relaxation::KeepSessions) { EndSessions::Keep } else { EndSessions::All };
        let change = Change {
            user: changed,
            columns: Columns::HASHED_PASSWORD,
            if_hashed_password,
            if_email,
            if_epoch: None,
            end_sessions,
        };
        let before = user;
        let user =
            self.parts().store.update(change).await.map_err(ResetError::Store)?.ok_or_else(|| bad_token(Some(&id)))?;
        event::record(Kind::ResetPassword, Outcome::Success, Some(&id), None, cx);
        self.tell_of_new_credentials(&user, &before, cx).await;
        self.run_hook(Event::PasswordReset(&user), cx).await.map_err(ResetError::Hook)
    }
}
