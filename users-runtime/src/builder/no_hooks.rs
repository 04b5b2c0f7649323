//! Hooks for applications that bring none.

use crate::{port::UserManager, user::AuthUser};

/// The manager of an application that has no hooks.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoHooks;

impl<U: AuthUser> UserManager<U> for NoHooks {}
