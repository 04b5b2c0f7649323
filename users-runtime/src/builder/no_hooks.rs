//! The hooks of applications that set none.

use crate::{port::UserManager, user::AuthUser};

/// Hooks that do nothing: the default of an application that sets none.
pub(super) struct NoHooks;

impl<U: AuthUser> UserManager<U> for NoHooks {}
