//! The routes (contract.md section 2).

use http::Method;

/// One route that the derive writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Route {
    /// Logs in with a password.
    Login,
    /// Ends the session that the request carries.
    Logout,
    /// Makes an account.
    Register,
    /// Asks for a reset mail.
    ForgotPassword,
    /// Sets a new password with a mailed token.
    ResetPassword,
    /// Asks for a verification mail.
    RequestVerifyToken,
    /// Proves an address with a mailed token.
    Verify,
    /// Reads one's own account.
    Me,
    /// Changes one's own account.
    UpdateMe,
    /// Reads any account.
    UserById,
    /// Changes any account.
    UpdateUser,
    /// Deletes any account.
    DeleteUser,
    /// Lists one's own stored sessions.
    Sessions,
    /// Ends all of one's own sessions but that of the request.
    EndOtherSessions,
    /// Ends one of one's own sessions.
    EndSession,
}

/// Routes that are mounted together, under one prefix.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RouteGroup {
    /// Login and logout; once for each backend.
    Auth,
    /// Registration.
    Register,
    /// Password reset.
    Reset,
    /// Verification of an address.
    Verify,
    /// Accounts: one's own, and everybody's for superusers.
    Users,
    /// One's own sessions; fastapi-users has no such routes, and the derive's do not bring them.
    Sessions,
}

/// Who may call a route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Caller {
    /// Anybody.
    Anyone,
    /// Whoever holds a token out of a mail to the account's address.
    MailedToken,
    /// An active user, for their own account; a verified one where verification is required.
    Owner,
    /// An active superuser, for any account.
    Superuser,
}

impl Route {
    /// All routes, in the order of the document.
    pub const ALL: [Self; 15] = [
        Self::Login,
        Self::Logout,
        Self::Register,
        Self::ForgotPassword,
        Self::ResetPassword,
        Self::RequestVerifyToken,
        Self::Verify,
        Self::Me,
        Self::UpdateMe,
        Self::UserById,
        Self::UpdateUser,
        Self::DeleteUser,
        Self::Sessions,
        Self::EndOtherSessions,
        Self::EndSession,
    ];

    /// Its group.
    #[must_use]
    pub fn group(self) -> RouteGroup {
        self.row().0
    }

    /// Its method.
    #[must_use]
    pub fn method(self) -> Method {
        self.row().1
    }

    /// Its path behind the group's prefix.
    #[must_use]
    pub fn path(self) -> &'static str {
        self.row().2
    }

    /// The name that fastapi-users gives it, or would; `{backend}` stands for a backend's name.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.row().3
    }

    /// Who may call it.
    #[must_use]
    pub fn caller(self) -> Caller {
        self.row().4
    }

    fn row(self) -> (RouteGroup, Method, &'static str, &'static str, Caller) {
        use Caller::{Anyone, MailedToken, Owner, Superuser};
        use RouteGroup::{Auth, Register, Reset, Sessions, Users, Verify};
        const POST: Method = Method::POST;
        match self {
            Self::Login => (Auth, POST, "/login", "auth:{backend}.login", Anyone),
            Self::Logout => (Auth, POST, "/logout", "auth:{backend}.logout", Owner),
            Self::Register => (Register, POST, "/register", "register:register", Anyone),
            Self::ForgotPassword => (Reset, POST, "/forgot-password", "reset:forgot_password", Anyone),
            Self::ResetPassword => (Reset, POST, "/reset-password", "reset:reset_password", MailedToken),
            Self::RequestVerifyToken => (Verify, POST, "/request-verify-token", "verify:request-token", Anyone),
            Self::Verify => (Verify, POST, "/verify", "verify:verify", MailedToken),
            Self::Me => (Users, Method::GET, "/me", "users:current_user", Owner),
            Self::UpdateMe => (Users, Method::PATCH, "/me", "users:patch_current_user", Owner),
            Self::UserById => (Users, Method::GET, "/{id}", "users:user", Superuser),
            Self::UpdateUser => (Users, Method::PATCH, "/{id}", "users:patch_user", Superuser),
            Self::DeleteUser => (Users, Method::DELETE, "/{id}", "users:delete_user", Superuser),
            Self::Sessions => (Sessions, Method::GET, "", "sessions:list", Owner),
            Self::EndOtherSessions => (Sessions, Method::DELETE, "", "sessions:end_others", Owner),
            Self::EndSession => (Sessions, Method::DELETE, "/{id}", "sessions:end", Owner),
        }
    }
}

impl RouteGroup {
    /// All groups.
    pub const ALL: [Self; 6] = [Self::Auth, Self::Register, Self::Reset, Self::Verify, Self::Users, Self::Sessions];

    /// The groups that the derive's `user_routes` mounts.
    pub const OF_USER_ROUTES: [Self; 5] = [Self::Auth, Self::Register, Self::Reset, Self::Verify, Self::Users];

    /// The prefix that front ends of fastapi-users know, or our own for what that has not; `{backend}` stands for a backend's name.
    #[must_use]
    pub const fn usual_prefix(self) -> &'static str {
        match self {
            Self::Auth => "/auth/{backend}",
            Self::Register | Self::Reset | Self::Verify => "/auth",
            Self::Users => "/users",
            Self::Sessions => "/auth/sessions",
        }
    }
}
