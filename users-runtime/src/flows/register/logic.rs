//! The steps of a registration.

use crate::{
    domain::{EmailAddress, Status, TokenId},
    event::{self, Kind, Outcome},
    manager::{AfterAnswer, PasswordError, Users},
    port::{Event, HookError, PasswordSubject, RandomError, RequestContext, StoreError},
    user::{AuthUser, CreateSchema, NewAccount},
};

/// Why nobody was registered.
#[derive(Debug)]
pub(super) enum RegisterError {
    Password(PasswordError),
    EmailTaken,
    Random(RandomError),
    Store(StoreError),
    Hook(HookError),
    AfterAnswer(AfterAnswer),
}

impl From<StoreError> for RegisterError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::EmailTaken => Self::EmailTaken,
            other => Self::Store(other),
        }
    }
}

impl<U: AuthUser> Users<U> {
    /// Registers a person. `email` is the checked address of `input`.
    pub(super) async fn register(
        &self,
        input: U::Create,
        email: EmailAddress,
        cx: &RequestContext,
    ) -> Result<U, RegisterError> {
        self.validate_password(input.password(), email.as_str(), PasswordSubject::New(&input))
            .await
            .map_err(RegisterError::Password)?;
        if self.policy().is_private() {
            return self.register_privately(input, email, cx).await;
        }
        if self.parts().store.find_by_email(&email.canonical()).await?.is_some() {
            event::record(Kind::Register, Outcome::Refused("address taken"), None, None, cx);
            return Err(RegisterError::EmailTaken);
        }
        let user = self.new_user(input, &email).await?;
        let user = self.parts().store.insert(user).await?;
        event::record(Kind::Register, Outcome::Success, Some(&user.id()), None, cx);
        self.run_hook(Event::Registered(&user), cx).await.map_err(RegisterError::Hook)?;
        if self.parts().verification_on_register {
            let registered = user.clone();
            self.after_answer("on_after_request_verify", cx, move |users, cx| {
                Box::pin(async move { users.mail_verify_token(&registered, cx).await })
            })
            .await
            .map_err(RegisterError::AfterAnswer)?;
        }
        Ok(user)
    }

    /// Answers alike, and after the same work, whether the address is taken or not: the same hash, one durable write, and
    /// the hook after the answer.
    async fn register_privately(
        &self,
        input: U::Create,
        email: EmailAddress,
        cx: &RequestContext,
    ) -> Result<U, RegisterError> {
        let user = self.new_user(input, &email).await?;
        match self.parts().store.insert(user.clone()).await {
            Ok(user) => {
                event::record(Kind::Register, Outcome::Success, Some(&user.id()), None, cx);
                let registered = user.clone();
                self.after_answer("on_after_register", cx, move |users, cx| {
                    Box::pin(async move {
                        users.run_hook(Event::Registered(&registered), cx).await?;
                        if users.parts().verification_on_register {
                            users.mail_verify_token(&registered, cx).await?;
                        }
                        Ok(())
                    })
                })
                .await
                .map_err(RegisterError::AfterAnswer)?;
                Ok(user)
            }
            Err(StoreError::EmailTaken) => {
                event::record(Kind::Register, Outcome::Refused("address taken"), None, None, cx);
                self.write_nothing_durably().await?;
                self.after_answer("on_after_duplicate_register", cx, move |users, cx| {
                    Box::pin(async move {
                        match users.parts().store.find_by_email(&email.canonical()).await? {
                            Some(owner) => users.run_hook(Event::DuplicateRegistration(&owner.user), cx).await,
                            None => Ok(()),
                        }
                    })
                })
                .await
                .map_err(RegisterError::AfterAnswer)?;
                Ok(user)
            }
            Err(error) => Err(error.into()),
        }
    }

    /// A commit like that of a new user, which is what takes the time: a note about a token that never was.
    async fn write_nothing_durably(&self) -> Result<(), RegisterError> {
        let mut bytes = [0; 16];
        self.parts().random.fill(&mut bytes).map_err(RegisterError::Random)?;
        Ok(self.parts().store.revoke(&TokenId::from_random(bytes), self.now()).await?)
    }

    async fn new_user(&self, input: U::Create, email: &EmailAddress) -> Result<U, RegisterError> {
        let hashed_password = self.hash_password(input.password()).await.map_err(RegisterError::Password)?;
        let id = self.new_id().map_err(RegisterError::Random)?;
        let account = NewAccount { id, email: email.as_str().to_owned(), hashed_password, status: Status::NEW };
        Ok(self.new_user_of(account, input))
    }
}
