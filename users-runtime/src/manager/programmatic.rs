//! What code may do without a request: command lines, jobs, tests.

use super::{Actor, PasswordError, UpdateError, Users};
use crate::{
    domain::{CanonicalEmail, EmailAddress, EmailRefused, PasswordHash, Status, UserId},
    event::{self, Kind, Outcome},
    port::{
        Event, HookError, Lookup, MailTokenError, PasswordSubject, RandomError, RequestContext, SchemaDrift,
        StoreError, TokenSubject,
    },
    user::{AuthUser, CreateSchema, NewAccount},
};

/// Why a user was not created.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CreateError {
    /// Another user has the address.
    #[error("another user has this e-mail address")]
    EmailTaken,
    /// Not an acceptable address.
    #[error("not an e-mail address: {}", .0.reason)]
    InvalidEmail(EmailRefused),
    /// The password is refused or could not be hashed.
    #[error(transparent)]
    Password(#[from] PasswordError),
    /// No id could be made.
    #[error(transparent)]
    Random(#[from] RandomError),
    /// The store failed.
    #[error(transparent)]
    Store(StoreError),
    /// The hook after the creation failed; the user stays.
    #[error("the hook after the registration failed")]
    Hook(HookError),
}

impl From<StoreError> for CreateError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::EmailTaken => Self::EmailTaken,
            other => Self::Store(other),
        }
    }
}

impl<U: AuthUser> Users<U> {
    /// The user with this id.
    ///
    /// # Errors
    /// [`StoreError`] if the database cannot answer.
    pub async fn get(&self, id: U::Id) -> Result<Option<U>, StoreError> {
        let found = self.parts().store.find(&[Lookup::by_id(id)]).await?;
        Ok(found.into_iter().next().flatten().map(|found| found.user))
    }

    /// The user with this address, in whatever case.
    ///
    /// # Errors
    /// [`StoreError`] if the database cannot answer.
    pub async fn get_by_email(&self, email: &str) -> Result<Option<U>, StoreError> {
        Ok(self.parts().store.find_by_email(&CanonicalEmail::of(email)).await?.map(|found| found.user))
    }

    /// Creates a user with any flags, such as the first superuser. Runs the password policy and `on_after_register`.
    ///
    /// # Errors
    /// [`CreateError`]; nothing is stored, but for [`CreateError::Hook`].
    pub async fn create(&self, input: U::Create, status: Status) -> Result<U, CreateError> {
        let email = self.email_of(&input)?;
        self.validate_password(input.password(), email.as_str(), PasswordSubject::New(&input)).await?;
        self.ensure_free(&email).await?;
        let hashed_password = self.hash_password(input.password()).await?;
        self.insert(input, email, hashed_password, status).await
    }

    /// Creates a user who has no password yet, such as somebody invited. The password of `input` is not looked at: the
    /// stored hash is of 256 random bits that nobody keeps. [`Users::start_reset`] mails the link by which its owner sets
    /// the first one. Runs `on_after_register`.
    ///
    /// # Errors
    /// [`CreateError`], but for a refused password; nothing is stored, but for [`CreateError::Hook`].
    pub async fn create_without_password(&self, input: U::Create, status: Status) -> Result<U, CreateError> {
        let email = self.email_of(&input)?;
        self.ensure_free(&email).await?;
        let hashed_password = self.hash_that_nobody_knows().await?;
        self.insert(input, email, hashed_password, status).await
    }

    fn email_of(&self, input: &U::Create) -> Result<EmailAddress, CreateError> {
        EmailAddress::parse(input.email(), self.policy().email_rules()).map_err(CreateError::InvalidEmail)
    }

    /// Before a hash is spent; the database has the last word.
    async fn ensure_free(&self, email: &EmailAddress) -> Result<(), CreateError> {
        match self.parts().store.find_by_email(&email.canonical()).await? {
            Some(_) => Err(CreateError::EmailTaken),
            None => Ok(()),
        }
    }

    async fn insert(
        &self,
        input: U::Create,
        email: EmailAddress,
        hashed_password: PasswordHash,
        status: Status,
    ) -> Result<U, CreateError> {
        let account = NewAccount { id: self.new_id()?, email: email.as_str().to_owned(), hashed_password, status };
        let user = self.parts().store.insert(self.new_user_of(account, input)).await?;
        let cx = RequestContext::none();
        event::record(Kind::Register, Outcome::Success, Some(&user.id()), None, &cx);
        self.run_hook(Event::Registered(&user), &cx).await.map_err(CreateError::Hook)?;
        Ok(user)
    }

    /// Changes a user as a superuser could: any field of the update schema.
    ///
    /// # Errors
    /// [`UpdateError`]; nothing is stored, but for [`UpdateError::Hook`].
    pub async fn update(&self, user: U, input: U::AdminUpdate) -> Result<U, UpdateError> {
        self.apply_update(user, input, Vec::new(), Actor::Admin, &RequestContext::none()).await
    }

    /// Deletes a user with all that hangs on it, between `on_before_delete` and `on_after_delete`.
    ///
    /// # Errors
    /// [`UpdateError::Hook`] if `on_before_delete` keeps the user, [`UpdateError::NotFound`] if it is gone already.
    pub async fn delete(&self, user: &U) -> Result<(), UpdateError> {
        self.delete_user(user, &RequestContext::none()).await
    }

    pub(crate) async fn delete_user(&self, user: &U, cx: &RequestContext) -> Result<(), UpdateError> {
        self.run_hook(Event::Deleting(user), cx).await.map_err(UpdateError::Hook)?;
        if !self.parts().store.delete(user.id()).await? {
            return Err(UpdateError::NotFound);
        }
        event::record(Kind::Delete, Outcome::Success, Some(&user.id()), None, cx);
        self.run_hook(Event::Deleted(user), cx).await.map_err(UpdateError::Hook)
    }

    /// Starts a password reset for a user: mints a token and runs `on_after_forgot_password`, which mails it. For
    /// administrators, and for accounts that were made without a usable password.
    ///
    /// # Errors
    /// The hook's error, or [`HookError::Failed`] if no token could be minted.
    pub async fn start_reset(&self, user: &U) -> Result<(), HookError> {
        self.mail_reset_token(user, &RequestContext::none()).await
    }

    pub(crate) async fn mail_reset_token(&self, user: &U, cx: &RequestContext) -> Result<(), HookError> {
        let subject = user.id().to_string();
        let token = self.parts().mail_tokens.mint_reset(token_subject(user, &subject)).await?;
        self.run_hook(Event::PasswordForgotten(user, &token), cx).await
    }

    /// Asks for a verification mail: mints a token and runs `on_after_request_verify`, which mails it.
    ///
    /// # Errors
    /// The hook's error, or [`HookError::Failed`] if no token could be minted.
    pub async fn start_verification(&self, user: &U) -> Result<(), HookError> {
        self.mail_verify_token(user, &RequestContext::none()).await
    }

    pub(crate) async fn mail_verify_token(&self, user: &U, cx: &RequestContext) -> Result<(), HookError> {
        let subject = user.id().to_string();
        let token = self.parts().mail_tokens.mint_verify(token_subject(user, &subject)).await?;
        self.run_hook(Event::VerificationRequested(user, &token), cx).await
    }

    /// Creates what the database lacks: tables, columns, indexes. Drops and rewrites nothing.
    ///
    /// # Errors
    /// [`StoreError`] if the database refuses, such as for two users whose addresses differ by case only.
    pub async fn migrate(&self) -> Result<(), StoreError> {
        self.parts().store.migrate().await
    }

    /// Compares the database with the struct. An empty answer means that they agree.
    ///
    /// # Errors
    /// [`StoreError`] if the database cannot be read.
    pub async fn check_schema(&self) -> Result<Vec<SchemaDrift>, StoreError> {
        self.parts().store.check_schema().await
    }

    pub(crate) fn new_id(&self) -> Result<U::Id, RandomError> {
        let mut bytes = [0; 16];
        self.parts().random.fill(&mut bytes)?;
        Ok(U::Id::generate(bytes))
    }

    /// Whether a mailed token is bound to `user` as it now is.
    pub(crate) async fn is_bound(&self, token: &crate::port::MailToken, user: &U) -> Result<bool, MailTokenError> {
        let subject = user.id().to_string();
        self.parts().mail_tokens.is_bound(token, token_subject(user, &subject)).await
    }
}

fn token_subject<'a, U: AuthUser>(user: &'a U, subject: &'a str) -> TokenSubject<'a> {
    let account = user.account();
    TokenSubject { subject, email: account.email, hashed_password: account.hashed_password }
}
