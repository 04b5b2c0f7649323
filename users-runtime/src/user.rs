//! The interface between `#[derive(AuthUser)]` and the runtime: a user struct, its roles and its schemas.

use serde::{Serialize, de::DeserializeOwned};

use crate::domain::{EmailAddress, IdSeed, Password, Status, UserId, field::Field};

mod account;
mod changes;
pub(crate) mod client;
mod columns;
mod custom_field;
mod from_database;
mod oauth;
mod schemas;
mod tenant;

pub use account::{Account, AccountMut, NewAccount};
pub use changes::{AccountUpdate, Changes};
pub use columns::Columns;
pub use custom_field::CustomField;
pub use from_database::{Moment, NoImplicitDefault, UntilStored};
pub use oauth::OAuthAccountRead;
pub use schemas::SchemaKind;
pub use tenant::{HasTenant, Tenant};

/// An application's user: six roles, any number of custom fields, and the schemas derived from them.
///
/// Derive this trait; an application implements none of its methods.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a user type",
    label = "this type does not implement `AuthUser`",
    note = "add `#[derive(AuthUser, Clone)]` to the struct, with `use axum_users::AuthUser;`"
)]
pub trait AuthUser: Clone + Send + Sync + 'static {
    /// The type of the id.
    type Id: UserId;
    /// The schema of a user in responses.
    type Read: Serialize + DeserializeOwned + Send + 'static;
    /// The schema of a registration.
    type Create: DeserializeOwned + Send + Sync + 'static;
    /// The schema of a change that users make to their own account.
    type Update: DeserializeOwned + Send + 'static;
    /// The schema of a change that a superuser makes to any account.
    type AdminUpdate: DeserializeOwned + Send + 'static;

    /// The custom fields, in the struct's order.
    const CUSTOM_FIELDS: &'static [CustomField] = &[];

    /// Whether the database generates the id on insert: that of the id's type, or `true` for a field with
    /// `#[auth(made_by_database)]`.
    const ID_MADE_BY_DATABASE: bool = <Self::Id as UserId>::MADE_BY_DATABASE;

    /// Whether users belong to tenants. If so, the type is [`HasTenant`], and no user is found or changed without a
    /// tenant.
    const HAS_TENANTS: bool = false;

    /// Whether accounts at OAuth providers can be linked with users (`#[auth(oauth)]`). If so, [`AuthUser::Read`] has them.
    const HAS_OAUTH: bool = false;

    /// Whether users can also log in with a name (`#[auth(login)]`). If so, [`AuthUser::login_name`] returns it.
    const HAS_LOGIN_NAME: bool = false;

    /// Returns the six roles.
    fn account(&self) -> Account<'_, Self::Id>;

    /// Returns the six roles for writing.
    fn account_mut(&mut self) -> AccountMut<'_, Self::Id>;

    /// Builds a user from the account, which the runtime determines, and the request's custom fields.
    fn new(account: NewAccount<Self::Id>, input: Self::Create) -> Self;

    /// Makes the id of a new user, or the placeholder that the database replaces.
    #[must_use]
    fn new_id(seed: IdSeed) -> Self::Id {
        Self::Id::generate(seed)
    }

    /// Returns the user as clients see it.
    fn read(&self) -> Self::Read;

    /// Writes the accounts at OAuth providers into the user as clients see it. Called if there are such accounts
    /// ([`AuthUser::HAS_OAUTH`]).
    fn show_oauth_accounts(read: &mut Self::Read, accounts: Vec<OAuthAccountRead>) {
        let _ = (read, accounts);
    }

    /// Returns the address and the password of a registration.
    fn credentials(input: &Self::Create) -> (&str, &Password);

    /// Writes the custom fields of an owner's change into the user, and returns all requested changes.
    fn update(&mut self, update: Self::Update) -> Changes<Self>;

    /// Writes the custom fields of a superuser's change into the user, and returns all requested changes.
    fn admin_update(&mut self, update: Self::AdminUpdate) -> Changes<Self>;

    /// Copies the custom fields that `columns` names. Stores that keep whole users call it to write only the columns of
    /// a change.
    ///
    /// The derive copies field by field. This default, for a manual implementation, copies all custom fields as soon as
    /// one is named.
    fn copy_custom(&mut self, from: &Self, columns: Columns) {
        if columns.names_custom() {
            let old = std::mem::replace(self, from.clone());
            let (old, new) = (old.account(), self.account_mut());
            new.id.clone_from(old.id);
            old.email.clone_into(new.email);
            new.hashed_password.clone_from(old.hashed_password);
            *new.is_active = old.status.is_active;
            *new.is_superuser = old.status.is_superuser;
            *new.is_verified = old.status.is_verified;
        }
    }

    /// Gives the fields that the database fills (`#[auth(from_database)]`) a temporary value until the row is stored:
    /// the current time, a random UUID, or the type's default. An SQL store replaces it with the value from the
    /// database; other stores keep it.
    fn until_stored(&mut self, moment: &Moment) {
        let _ = moment;
    }

    /// Returns the name with which the user can log in beside the address, if there is one. It is stored in the form of
    /// [`LoginName`](crate::schema::LoginName).
    fn login_name(&self) -> Option<&str> {
        None
    }

    /// Returns the login name for writing.
    fn login_name_mut(&mut self) -> Option<&mut String> {
        None
    }

    /// Returns the id.
    fn id(&self) -> Self::Id {
        self.account().id.clone()
    }

    /// Returns the three flags.
    fn status(&self) -> Status {
        self.account().status
    }
}

/// A request body that is the same for every user type.
pub(crate) trait Schema {
    /// The fields, in the order of the JSON.
    const FIELDS: &'static [Field];
}

/// The values of a schema, with the results of their validation.
pub(crate) struct Parsed<T> {
    /// The values, as sent.
    pub(crate) input: T,
    /// The address in `input`. `None` if there is none, or if the values come from code and are not validated yet.
    pub(crate) email: Option<EmailAddress>,
    /// The JSON keys of the request that change something, in the order of the schema.
    pub(crate) fields: Vec<&'static str>,
}
