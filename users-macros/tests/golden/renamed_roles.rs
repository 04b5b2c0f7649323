// Recorded: MEMBER_STATEMENTS, people_reset_routes, PublicMember
// An integer id, fields with other names than their roles, and chosen names for all generated items.

use axum_users::{AuthUser, PasswordHash};

/// A member of the library.
#[derive(AuthUser, Debug, Clone)]
#[auth(table = "members", databases(sqlite))]
#[auth(read = PublicMember, create = NewMember, update = MemberPatch, admin_update = MemberAdminPatch)]
#[auth(sql = MEMBER_STATEMENTS, routes = people)]
pub(crate) struct Member {
    /// The number on the card.
    #[auth(id)]
    pub(crate) number: i64,
    /// Where news goes to.
    #[auth(email, column = "mail")]
    pub(crate) address: String,
    #[auth(hashed_password)]
    secret: PasswordHash,
    #[auth(is_active)]
    pub(crate) enabled: bool,
    #[auth(is_superuser)]
    pub(crate) librarian: bool,
    #[auth(is_verified, column = "confirmed")]
    pub(crate) has_confirmed: bool,
    /// What the person likes to read.
    #[auth(read, create, update, column = "favourite_genre", rename = "favouriteGenre")]
    pub(crate) genre: Option<String>,
}
