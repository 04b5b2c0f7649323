//! Creating an account. Registration and application code share these steps.

use super::{PasswordError, login_name};
use crate::{
    domain::{EmailAddress, EmailRefused, IdSeed, NewPasskey, Once, Status, TokenId, oauth::PlaceholderPassword},
    event::{EventKind, SecurityEvent},
    port::{
        BoxFuture, HookCall, HookError, PasswordSubject, RandomError, Registration, RequestContext, StoreError,
        StoredChange,
    },
    service::Users,
    user::{AuthUser, Moment, NewAccount},
};

/// The reason why a user was not created.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CreateError {
    /// Another user has this e-mail address.
    #[error("another user has this e-mail address")]
    EmailTaken,
    /// The e-mail address is not acceptable.
    #[error("not an e-mail address: {}", .0.reason)]
    InvalidEmail(EmailRefused),
    /// The password is refused or could not be hashed.
    #[error(transparent)]
    Password(#[from] PasswordError),
    /// No id could be generated.
    #[error(transparent)]
    Random(#[from] RandomError),
    /// The store failed.
    #[error(transparent)]
    Store(StoreError),
    /// The hook `on_before_register` refused or failed. Nothing is stored.
    #[error("the hook before the registration refused: {}", .0.cause())]
    Refused(HookError),
    /// The hook after the creation failed. The user was created.
    #[error("the hook after the registration failed: {}", .0.cause())]
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

/// The source of a new account's password.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NewPassword {
    /// The create schema. The password must pass the policy.
    Sent,
    /// None: the stored hash is that of random bits that are discarded.
    Unusable,
}

/// The passkey of a registration.
#[derive(Debug, Clone)]
#[cfg_attr(not(feature = "passkeys"), allow(dead_code, reason = "there are no passkeys"))]
pub(crate) struct SignUpPasskey {
    pub(crate) passkey: NewPasskey,
    /// The ceremony, which is used up with it.
    pub(crate) once: Once,
}

/// What a new account logs in with.
#[derive(Debug, Clone)]
pub(crate) struct NewCredentials {
    pub(crate) password: NewPassword,
    pub(crate) passkey: Option<SignUpPasskey>,
}

impl From<NewPassword> for NewCredentials {
    fn from(password: NewPassword) -> Self {
        Self { password, passkey: None }
    }
}

impl<U: AuthUser> Users<U> {
    /// Creates a user with any flags, for example the first superuser. Applies the password policy and runs
    /// `on_after_register`.
    ///
    /// # Errors
    /// Returns [`CreateError`]. Nothing is stored, except for [`CreateError::Hook`].
    pub async fn create(&self, input: U::Create, status: Status) -> Result<U, CreateError> {
        self.create_by_code(input, NewPassword::Sent, status).await
    }

    /// Creates a user without a usable password, for example an invited one. Ignores the password of `input`: the
    /// stored hash is that of 256 random bits that are discarded. [`Users::start_reset`] mails the link with which the
    /// owner sets the first password. Runs `on_after_register`.
    ///
    /// # Errors
    /// Returns [`CreateError`], but never for a refused password. Nothing is stored, except for [`CreateError::Hook`].
    pub async fn create_without_password(&self, input: U::Create, status: Status) -> Result<U, CreateError> {
        self.create_by_code(input, NewPassword::Unusable, status).await
    }

    #[tracing::instrument(target = "axum_users", name = "create_user", skip_all)]
    async fn create_by_code(&self, input: U::Create, password: NewPassword, status: Status) -> Result<U, CreateError> {
        let email = self.policy().new_email().parse(U::credentials(&input).0).map_err(CreateError::InvalidEmail)?;
        self.create_account(input, email, password.into(), status, &RequestContext::none()).await
    }

    /// Creates an account and runs `on_after_register`. `email` is the parsed address of `input`.
    pub(crate) fn create_account<'a>(
        &'a self,
        input: U::Create,
        email: EmailAddress,
        credentials: NewCredentials,
        status: Status,
        cx: &'a RequestContext,
    ) -> BoxFuture<'a, Result<U, CreateError>> {
        Box::pin(async move {
            let NewCredentials { password, passkey } = credentials;
            if password == NewPassword::Sent {
                self.validate_new_password(&input, &email).await?;
            }
            self.ask_before_register(&input, &email, status, cx).await?;
            // Avoids hashing for an address that is known to be taken. The unique index has the final say, because
            // another request may insert the address after this query.
            if self.is_address_taken(U::credentials(&input).0).await? {
                self.record(&taken_address(cx));
                return Err(CreateError::EmailTaken);
            }
            let user = self.new_account(input, &email, password, status).await?;
            let user = self.insert_account(user, passkey, cx).await?;
            self.run_change_hook(StoredChange::Registered(user.clone()), cx).await.map_err(CreateError::Hook)?;
            Ok(user)
        })
    }

    /// Runs `on_before_register`.
    pub(crate) fn ask_before_register<'a>(
        &'a self,
        input: &'a U::Create,
        email: &'a EmailAddress,
        status: Status,
        cx: &'a RequestContext,
    ) -> BoxFuture<'a, Result<(), CreateError>> {
        Box::pin(async move {
            let registration = Registration::new(email.as_str(), input, status);
            self.run_hook(HookCall::Registering(&registration), cx).await.map_err(CreateError::Refused)
        })
    }

    /// Checks the password of a new account against the policy, breached passwords and the application's hook.
    pub(crate) fn validate_new_password<'a>(
        &'a self,
        input: &'a U::Create,
        email: &'a EmailAddress,
    ) -> BoxFuture<'a, Result<(), PasswordError>> {
        Box::pin(async move {
            self.validate_password(U::credentials(input).1, email.as_str(), PasswordSubject::New(input)).await
        })
    }

    /// Builds a user with a fresh id and a hashed password. Stores nothing.
    pub(crate) async fn new_account(
        &self,
        input: U::Create,
        email: &EmailAddress,
        password: NewPassword,
        status: Status,
    ) -> Result<U, CreateError> {
        let hashed_password = match password {
            NewPassword::Sent => self.hash_password(U::credentials(&input).1).await?,
            NewPassword::Unusable => self.unusable_password_hash().await?,
        };
        let account = NewAccount { id: self.new_id()?, email: email.as_str().to_owned(), hashed_password, status };
        let mut user = self.new_user_of(account, input);
        login_name::normalize(&mut user, None)?;
        if U::CUSTOM_FIELDS.iter().any(|field| field.from_database) {
            user.until_stored(&Moment::new(self.now(), self.random_bytes()?));
        }
        Ok(user)
    }

    /// Stores a user that [`Users::new_account`] built, and records the outcome.
    pub(crate) fn insert_account<'a>(
        &'a self,
        user: U,
        passkey: Option<SignUpPasskey>,
        cx: &'a RequestContext,
    ) -> BoxFuture<'a, Result<U, CreateError>> {
        Box::pin(async move {
            let inserted = self.insert_new(user, passkey, cx).await;
            if matches!(inserted, Err(CreateError::EmailTaken)) {
                self.record(&taken_address(cx));
            }
            inserted
        })
    }

    /// Stores a new user, with a passkey if that is the login method, and records it.
    async fn insert_new(&self, user: U, passkey: Option<SignUpPasskey>, cx: &RequestContext) -> Result<U, CreateError> {
        let added = passkey.is_some().then_some(EventKind::AddPasskey);
        let event = |kind| {
            let event = SecurityEvent::new(kind, cx);
            // The database may generate the id.
            if U::ID_MADE_BY_DATABASE { event } else { event.of(&user.id()) }
        };
        let events: Vec<_> = [EventKind::Register].into_iter().chain(added).map(event).collect();
        let recording = self.recording_all(&events.iter().collect::<Vec<_>>());
        let store = &recording.store;
        let inserted = match passkey {
            None => store.insert(user).await,
            Some(SignUpPasskey { passkey, once }) => {
                let placeholder = Some(PlaceholderPassword::of(user.account().hashed_password));
                let passkeys = std::sync::Arc::clone(store).passkey_store();
                let passkeys = passkeys.ok_or_else(|| StoreError::failed("the store keeps no passkeys"))?;
                passkeys.insert(user, NewPasskey { placeholder, ..passkey }, once).await
            }
        };
        let inserted = inserted.map_err(CreateError::from);
        if let Ok(user) = &inserted {
            for event in events {
                self.record_changed(&event.of(&user.id()), &recording);
            }
        }
        inserted
    }

    /// Stores a user of a private registration, unless the address `is_taken`. A user whom the database would refuse
    /// for another reason is refused before, so that the response does not depend on whether the address is taken. A
    /// taken address is not recorded: see [`Users::write_for_taken_address`].
    pub(crate) async fn insert_privately(
        &self,
        user: U,
        is_taken: bool,
        passkey: Option<SignUpPasskey>,
        cx: &RequestContext,
    ) -> Result<U, CreateError> {
        self.refuse_what_cannot_be_stored(user.clone()).await?;
        if is_taken {
            return Err(CreateError::EmailTaken);
        }
        self.insert_new(user, passkey, cx).await
    }

    /// Commits a revocation record for the ceremony of a passkey or for a token that does not exist, and records the refusal with
    /// it. The commit takes as long as that of a new user.
    pub(crate) async fn write_for_taken_address(
        &self,
        used: Option<Once>,
        cx: &RequestContext,
    ) -> Result<(), CreateError> {
        let event = taken_address(cx);
        let recording = self.recording(&event);
        let Once { id, until } = match used {
            Some(once) => once,
            None => Once { id: TokenId::from_random(self.random_bytes()?), until: self.now() },
        };
        recording.store.revoke(&id, until).await?;
        self.record_changed(&event, &recording);
        Ok(())
    }

    /// Checks whether the store refuses the values of a new user, with an unused address of the same domain. Databases check
    /// keys, constraints and triggers in different orders, so an insert with a taken address would not reveal this.
    async fn refuse_what_cannot_be_stored(&self, mut user: U) -> Result<(), CreateError> {
        /// A made-up address may exist.
        const ATTEMPTS: u8 = 8;
        let email = user.account().email.to_owned();
        for _ in 0..ATTEMPTS {
            *user.account_mut().email = unused_address(&email, self.random_bytes()?);
            match self.inner().store.check_insert(user.clone()).await {
                Err(StoreError::EmailTaken) => {}
                checked => return Ok(checked?),
            }
        }
        Ok(()) // a key on a part of the address, which the insert violates alike
    }

    /// Sends a verification mail to a new user, after the response, if the service does so.
    pub(crate) fn mail_verification_of_new_user<'a>(
        &'a self,
        user: &'a U,
        cx: &'a RequestContext,
    ) -> BoxFuture<'a, ()> {
        Box::pin(async move {
            if !self.inner().verification_on_register {
                return;
            }
            let id = user.id();
            self.after_response_or_log("on_after_request_verify", cx, move |users, cx, _| {
                let id = id.clone();
                Box::pin(async move { users.start_verification_in(id, cx).await })
            })
            .await;
        })
    }

    fn new_id(&self) -> Result<U::Id, RandomError> {
        Ok(U::new_id(IdSeed::new(self.now(), self.random_bytes()?)))
    }

    pub(crate) fn random_bytes(&self) -> Result<[u8; 16], RandomError> {
        let mut bytes = [0; 16];
        self.inner().random.fill(&mut bytes)?;
        Ok(bytes)
    }
}

/// Returns an address of the same domain that is probably unused. A constraint that accepts the given address should accept
/// this one: it has the same length, but at least eight characters before the `@`, and consists of lower-case letters and digits.
fn unused_address(email: &str, random: [u8; 16]) -> String {
    const LEAST: usize = 8;
    const DIGITS: [u8; 32] = *b"abcdefghijklmnopqrstuvwxyz234567";
    let (local, domain) = email.rsplit_once('@').unwrap_or((email, "example.invalid"));
    let length = local.chars().count().max(LEAST);
    let unused = random.iter().cycle().take(length).enumerate().map(|(place, byte)| {
        // The first one is a letter. Further passes over the bytes use other bits.
        let digits = if place == 0 { 26 } else { 32 };
        let bits = if place < random.len() { *byte } else { byte.rotate_left(3) };
        char::from(DIGITS[usize::from(bits) % digits])
    });
    format!("{}@{domain}", unused.collect::<String>())
}

fn taken_address(cx: &RequestContext) -> SecurityEvent {
    SecurityEvent::new(EventKind::Register, cx).refused("address taken")
}

#[cfg(test)]
mod tests {
    use super::unused_address;
    use crate::domain::{EmailAddress, EmailRules};

    #[test]
    fn an_address_that_is_made_up_is_like_the_other_and_differs_each_time() {
        for (email, length) in [("a@b.co", 13), ("king.arthur@camelot.bt", 22), ("\u{e4}rthur.king@camelot.bt", 22)] {
            let [one, other] = [[7; 16], [250; 16]].map(|random| unused_address(email, random));
            assert_ne!(one, other);
            for made in [one, other] {
                assert_eq!(made.chars().count(), length, "{made}");
                assert_eq!(made.split_once('@').unwrap().1, email.split_once('@').unwrap().1);
                assert!(EmailAddress::parse(&made, EmailRules::Ascii).is_ok(), "{made}");
                assert!(made.starts_with(|c: char| c.is_ascii_lowercase()), "{made}");
            }
        }
    }
}
