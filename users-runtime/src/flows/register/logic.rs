//! The steps of a registration.

use crate::{
    account::{CreateError, NewPassword, PasswordError, RegisterError},
    domain::{EmailAddress, Limit},
    event::EventKind,
    port::RequestContext,
    service::Users,
    user::AuthUser,
};

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
        let registered = self.register_account(input, email, NewPassword::Sent.into(), cx).await;
        let was_overloaded = matches!(
            registered,
            Err(RegisterError::Create(CreateError::Password(PasswordError::Hash(_))) | RegisterError::AfterResponse(_))
        );
        if was_overloaded {
            self.give_back(counted).await;
        }
        registered
    }
}
