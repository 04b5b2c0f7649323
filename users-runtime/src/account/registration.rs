//! Registration: the steps that are the same with a password and with a passkey.

use super::{CreateError, NewCredentials, NewPassword};
use crate::{
    domain::{Code, EmailAddress, Status},
    port::{HookCall, RequestContext},
    service::{AfterResponse, Limited, Users},
    user::AuthUser,
};

/// The code of a taken address.
pub(crate) const USER_EXISTS: Code =
    Code::new("REGISTER_USER_ALREADY_EXISTS", "A user with this address already exists.");

/// The reason why a registration failed.
#[derive(Debug)]
pub(crate) enum RegisterError {
    Create(CreateError),
    AfterResponse(AfterResponse),
    Limited(Limited),
}

impl From<Limited> for RegisterError {
    fn from(limited: Limited) -> Self {
        Self::Limited(limited)
    }
}

impl From<CreateError> for RegisterError {
    fn from(error: CreateError) -> Self {
        Self::Create(error)
    }
}

impl<U: AuthUser> Users<U> {
    /// Registers a user, with the response of a private registration if the policy requires it. `email` is the parsed
    /// address of `input`.
    pub(crate) async fn register_account(
        &self,
        input: U::Create,
        email: EmailAddress,
        credentials: NewCredentials,
        cx: &RequestContext,
    ) -> Result<U, RegisterError> {
        if self.policy().is_private() || self.inner().verification_on_register {
            // Refused before anything is stored. A queue that fills up later loses one mail, which is logged, and the user
            // can request another.
            self.ensure_room_for_mail().map_err(RegisterError::AfterResponse)?;
        }
        if self.policy().is_private() {
            return self.register_privately(input, email, credentials, cx).await;
        }
        let user = self.create_account(input, email, credentials, Status::NEW, cx).await?;
        self.mail_verification_of_new_user(&user, cx).await;
        Ok(user)
    }

    /// Registers without disclosing whether the address is taken. Both cases do the same work before the response: the
    /// look-ups, one hash, one insert that is rolled back, and one durable write. Hooks run after it.
    async fn register_privately(
        &self,
        input: U::Create,
        email: EmailAddress,
        credentials: NewCredentials,
        cx: &RequestContext,
    ) -> Result<U, RegisterError> {
        let NewCredentials { password, passkey } = credentials;
        if password == NewPassword::Sent {
            self.validate_new_password(&input, &email).await.map_err(CreateError::from)?;
        }
        self.ask_before_register(&input, &email, Status::NEW, cx).await?;
        // The unique index knows one form of a domain; another program may have stored the other one.
        let is_taken = self.is_address_taken(U::credentials(&input).0).await.map_err(CreateError::from)?;
        let user = self.new_account(input, &email, password, Status::NEW).await?;
        let once = passkey.as_ref().map(|signed_up| signed_up.once.clone());
        match self.insert_privately(user.clone(), is_taken, passkey, cx).await {
            Ok(user) => {
                let registered = user.clone();
                self.after_response_or_log("on_after_register", cx, move |users, cx, _| {
                    let registered = registered.clone();
                    Box::pin(async move {
                        users.run_hook(HookCall::Registered(&registered), cx).await?;
                        // A separate job: if the mail is retried, the hook does not run again.
                        users.mail_verification_of_new_user(&registered, cx).await;
                        Ok(())
                    })
                })
                .await;
                Ok(user)
            }
            Err(CreateError::EmailTaken) => {
                self.write_for_taken_address(once, cx).await?;
                self.after_response_or_log("on_after_duplicate_register", cx, move |users, cx, drawn| {
                    let email = email.clone();
                    Box::pin(async move {
                        match users.find_by_address(email.as_str()).await? {
                            Some(owner) if users.may_notify("registered", owner.user.account().email, drawn).await => {
                                users.run_hook(HookCall::DuplicateRegistration(&owner.user), cx).await
                            }
                            _ => Ok(()),
                        }
                    })
                })
                .await;
                Ok(user)
            }
            Err(error) => Err(error.into()),
        }
    }
}
