//! The steps of a registration.

use crate::{
    account::{CreateError, NewPassword, PasswordError},
    domain::{EmailAddress, Limit, Status},
    event::EventKind,
    port::{HookCall, RequestContext},
    service::{AfterResponse, Limited, Users},
    user::AuthUser,
};

/// The reason why a registration failed.
#[derive(Debug)]
pub(super) enum RegisterError {
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
    /// Registers a user. `email` is the parsed address of `input`.
    #[tracing::instrument(target = "axum_users", name = "register", skip_all)]
    pub(super) async fn register(
        &self,
        input: U::Create,
        email: EmailAddress,
        cx: &RequestContext,
    ) -> Result<U, RegisterError> {
        // Not counted: a password that the policy refuses reveals nothing about accounts and causes no request elsewhere.
        self.check_policy(U::credentials(&input).1, email.as_str()).map_err(CreateError::from)?;
        let counted = self.count_by_address(Limit::Register, EventKind::Register, cx).await?;
        let registered = self.register_counted(input, email, cx).await;
        let was_overloaded = matches!(
            registered,
            Err(RegisterError::Create(CreateError::Password(PasswordError::Hash(_))) | RegisterError::AfterResponse(_))
        );
        if was_overloaded {
            self.give_back(counted).await;
        }
        registered
    }

    async fn register_counted(
        &self,
        input: U::Create,
        email: EmailAddress,
        cx: &RequestContext,
    ) -> Result<U, RegisterError> {
        if self.policy().is_private() || self.inner().verification_on_register {
            // Refused before anything is stored. A queue that fills up later loses one mail, which is logged, and the user
            // can request another.
            self.ensure_room_for_mail().map_err(RegisterError::AfterResponse)?;
        }
        if self.policy().is_private() {
            return self.register_privately(input, email, cx).await;
        }
        let user = self.create_account(input, email, NewPassword::Sent, Status::NEW, cx).await?;
        self.mail_verification_of_new_user(&user, cx).await;
        Ok(user)
    }

    /// Registers without disclosing whether the address is taken. Both cases do the same work before the response: the
    /// look-ups, one hash, one insert that is rolled back, and one durable write. Hooks run after it.
    async fn register_privately(
        &self,
        input: U::Create,
        email: EmailAddress,
        cx: &RequestContext,
    ) -> Result<U, RegisterError> {
        self.validate_new_password(&input, &email).await.map_err(CreateError::from)?;
        self.ask_before_register(&input, &email, Status::NEW, cx).await?;
        // The unique index knows one form of a domain; another program may have stored the other one.
        let is_taken = self.is_address_taken(U::credentials(&input).0).await.map_err(CreateError::from)?;
        let user = self.new_account(input, &email, NewPassword::Sent, Status::NEW).await?;
        match self.insert_privately(user.clone(), is_taken, cx).await {
            Ok(user) => {
                let registered = user.clone();
                self.after_response_or_log("on_after_register", cx, move |users, cx, _| {
                    let registered = registered.clone();
                    Box::pin(async move {
                        users.run_hook(HookCall::Registered(&registered), cx).await?;
                        // A job of its own: if the mail is tried again, the hook does not run again.
                        users.mail_verification_of_new_user(&registered, cx).await;
                        Ok(())
                    })
                })
                .await;
                Ok(user)
            }
            Err(CreateError::EmailTaken) => {
                self.write_for_taken_address(cx).await?;
                self.after_response_or_log("on_after_duplicate_register", cx, move |users, cx, share| {
                    let email = email.clone();
                    Box::pin(async move {
                        match users.find_by_address(email.as_str()).await? {
                            Some(owner) if users.may_notify("registered", owner.user.account().email, share).await => {
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
