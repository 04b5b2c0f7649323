//! The user of a request with a token of another service.

use http::request::Parts;

use super::{ApiError, identity_login, incoming::context, requirements::unauthorized};
use crate::{
    account::{CreateError, IdentityError, PasswordError},
    domain::{Session, oauth::SameAddress},
    port::{Found, RequestContext},
    service::{Authenticated, ExternalToken, Users},
    user::AuthUser,
};

impl<U: AuthUser> Users<U> {
    /// Returns the user of a token, who may be linked or created now. If the person is refused, the response is 401.
    pub(super) async fn user_of_external_token(
        &self,
        external: ExternalToken,
        request: &Parts,
    ) -> Result<Authenticated<U>, ApiError> {
        let ExternalToken { session, token, backend } = &external;
        let found = match self.linked_or_new(&external, &context(request)).await {
            Ok(found) => found,
            Err(IdentityError::Refused(_) | IdentityError::Incomplete | IdentityError::NotKept) => {
                return Err(unauthorized(self));
            }
            Err(error) => return Err(failed(error)),
        };
        let session = Session {
            logged_in_at: session.logged_in_at,
            expires_at: session.expires_at,
            ..Session::new(found.user.id().to_string())
        };
        Ok(self.authenticated(found, session, token.clone(), *backend))
    }

    async fn linked_or_new(&self, external: &ExternalToken, cx: &RequestContext) -> Result<Found<U>, IdentityError> {
        let backend = self.inner().backends.get(external.backend).ok_or(IdentityError::NotKept)?;
        let (rules, identity) = (&backend.identities, &external.session.identity);
        if let Some(found) = self.user_of_link(rules, identity).await? {
            return Ok(found);
        }
        let mut identity = identity.clone();
        // The endpoint could only return the address of a person who is refused anyway.
        let may_be_accepted = rules.creates_users || rules.same_address != SameAddress::Refuse;
        if identity.address.is_none() && may_be_accepted {
            identity = backend.strategy.complete(&external.token, identity).await?;
        }
        self.user_of_identity(&mut identity_login(self, rules, identity, cx)).await
    }
}

fn failed(error: IdentityError) -> ApiError {
    match error {
        IdentityError::Refused(_) | IdentityError::Incomplete | IdentityError::NotKept => ApiError::Internal,
        IdentityError::Random(error) => error.into(),
        IdentityError::Create(error) => of_creation(*error),
        IdentityError::Store(error) => error.into(),
        IdentityError::Strategy(error) => error.into(),
        IdentityError::Hook(error) => error.into(),
    }
}

/// Converts the errors of an account that an identity creates. Its address is free and valid, and it has no password.
pub(crate) fn of_creation(error: CreateError) -> ApiError {
    match error {
        CreateError::Password(PasswordError::Hash(error)) => error.into(),
        CreateError::Random(error) => error.into(),
        CreateError::Store(error) => error.into(),
        CreateError::Refused(error) | CreateError::Hook(error) => error.into(),
        CreateError::Password(_) | CreateError::EmailTaken | CreateError::InvalidEmail(_) => ApiError::Internal,
    }
}
