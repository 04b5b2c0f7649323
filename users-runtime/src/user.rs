//! What `#[derive(AuthUser)]` promises to the runtime about an application's user struct and its schemas.

use serde::{Serialize, de::DeserializeOwned};

use crate::domain::{EmailAddress, Password, PasswordHash, Status, UserId, field::Field};

mod tenant;

pub use tenant::{HasTenant, Tenant};

/// An application's user: six roles, any number of fields of its own, and the schemas derived from them.
///
/// Derive it; the trait has no method that an application needs to write.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a user type",
    label = "this type does not implement `AuthUser`",
    note = "help: add `#[derive(AuthUser, Clone)]` to the struct, with `use axum_users::AuthUser;`"
)]
pub trait AuthUser: Clone + Send + Sync + 'static {
    /// The type of the id.
    type Id: UserId;
    /// What clients see of a user.
    type Read: Schema + Serialize;
    /// What a person sends to register.
    type Create: CreateSchema;
    /// What a person may change about themselves.
    type Update: UpdateSchema<Self>;
    /// What a superuser may change about anybody.
    type AdminUpdate: UpdateSchema<Self>;

    /// The fields of the application's own, in the struct's order.
    const CUSTOM_FIELDS: &'static [CustomField] = &[];

    /// Whether users belong to tenants: the type is [`HasTenant`], and nothing finds or changes users outside of a tenant.
    const HAS_TENANTS: bool = false;

    /// The six roles.
    fn account(&self) -> Account<'_, Self::Id>;

    /// The six roles, to be written.
    fn account_mut(&mut self) -> AccountMut<'_, Self::Id>;

    /// A new user out of what the runtime decided and what the person sent.
    fn new(account: NewAccount<Self::Id>, input: Self::Create) -> Self;

    /// What clients may see.
    fn read(&self) -> Self::Read;

    /// Copies those fields of the application's own that `columns` names. A store that keeps whole users needs it to
    /// write only what a change names.
    ///
    /// The derive writes it field by field; this default, for users written by hand, copies all of them as soon as one
    /// is named.
    fn copy_custom(&mut self, from: &Self, columns: Columns) {
        if columns.names_custom() {
            let old = std::mem::replace(self, from.clone());
            let (old, new) = (old.account(), self.account_mut());
            *new.id = old.id;
            old.email.clone_into(new.email);
            new.hashed_password.clone_from(old.hashed_password);
            *new.is_active = old.status.is_active;
            *new.is_superuser = old.status.is_superuser;
            *new.is_verified = old.status.is_verified;
        }
    }

    /// The id.
    fn id(&self) -> Self::Id {
        self.account().id
    }

    /// The three flags.
    fn status(&self) -> Status {
        self.account().status
    }
}

/// A schema that the derive wrote: its name and the table of its fields.
pub trait Schema: Send + 'static {
    /// Its name, as in the OpenAPI document.
    const NAME: &'static str;
    /// Its fields in the order of the wire, in groups: those of the six roles, then the application's own.
    const FIELDS: &'static [&'static [Field]];

    /// Its fields in the order of the wire.
    fn fields() -> impl Iterator<Item = &'static Field> {
        Self::FIELDS.iter().copied().flatten()
    }
}

/// The schema of a registration.
pub trait CreateSchema: Schema + DeserializeOwned + Sync {
    /// The address and the password, as sent.
    fn credentials(&self) -> (&str, &Password);

    /// The address, as sent.
    fn email(&self) -> &str {
        self.credentials().0
    }

    /// The password, as sent.
    fn password(&self) -> &Password {
        self.credentials().1
    }
}

/// The schema of a change.
pub trait UpdateSchema<U>: Schema + DeserializeOwned {
    /// What the request changes about the six roles. Taken out, since these have rules and flows of their own.
    fn take_account(&mut self) -> AccountUpdate;

    /// Writes the remaining fields that the request has into `user`, and says which. Without such fields, none.
    fn apply(self, user: &mut U) -> Columns {
        let _ = user;
        Columns::NONE
    }
}

/// The values of a schema, with what validation learned about them.
pub(crate) struct Parsed<T> {
    /// The values, as sent.
    pub(crate) input: T,
    /// The address in `input`. `None` if there is none, or if the values come from code and are not validated yet.
    pub(crate) email: Option<EmailAddress>,
    /// The JSON keys of the request that change something, in the order of the schema.
    pub(crate) fields: Vec<&'static str>,
}

/// The six roles of a user.
#[derive(Debug, Clone, Copy)]
pub struct Account<'a, Id> {
    /// The id.
    pub id: Id,
    /// The address in its normal form.
    pub email: &'a str,
    /// The stored hash.
    pub hashed_password: &'a PasswordHash,
    /// The three flags.
    pub status: Status,
}

/// The six roles of a user, to be written.
#[derive(Debug)]
pub struct AccountMut<'a, Id> {
    /// The id; written only by a store whose database makes ids.
    pub id: &'a mut Id,
    /// The address in its normal form.
    pub email: &'a mut String,
    /// The stored hash.
    pub hashed_password: &'a mut PasswordHash,
    /// May log in.
    pub is_active: &'a mut bool,
    /// May manage others.
    pub is_superuser: &'a mut bool,
    /// Has proved the address.
    pub is_verified: &'a mut bool,
}

/// What the runtime decides about a new user.
#[derive(Debug, Clone)]
pub struct NewAccount<Id> {
    /// A fresh id, or the placeholder that the database replaces.
    pub id: Id,
    /// The address in its normal form.
    pub email: String,
    /// The hash of the password.
    pub hashed_password: PasswordHash,
    /// The three flags.
    pub status: Status,
}

/// What a request changes about the six roles; absent parts stay as they are.
#[derive(Debug, Clone, Default)]
pub struct AccountUpdate {
    /// The new address, as sent.
    pub email: Option<String>,
    /// The new password.
    pub password: Option<Password>,
    /// The present password, sent beside a change.
    pub current_password: Option<Password>,
    /// Only a superuser's update has it.
    pub is_active: Option<bool>,
    /// Only a superuser's update has it.
    pub is_superuser: Option<bool>,
    /// Only a superuser's update has it.
    pub is_verified: Option<bool>,
}

/// A field of the application's own and who may touch it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CustomField {
    /// Its JSON key.
    pub name: &'static str,
    /// Its column.
    pub column: &'static str,
    /// Shown to clients.
    pub read: bool,
    /// Set at registration.
    pub create: bool,
    /// Changed by its owner.
    pub update: bool,
    /// Changed by a superuser.
    pub admin: bool,
}

/// A set of columns of a user's table: the six roles first, in the order of contract.md section 14, then the fields of
/// the application's own in the struct's order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Columns(u128);

impl Columns {
    /// No column.
    pub const NONE: Self = Self(0);
    /// The address.
    pub const EMAIL: Self = Self(1 << 1);
    /// The hash.
    pub const HASHED_PASSWORD: Self = Self(1 << 2);
    /// The flag `is_active`.
    pub const IS_ACTIVE: Self = Self(1 << 3);
    /// The flag `is_superuser`.
    pub const IS_SUPERUSER: Self = Self(1 << 4);
    /// The flag `is_verified`.
    pub const IS_VERIFIED: Self = Self(1 << 5);
    /// How many columns a table can have.
    pub const MAX: usize = 128;
    /// How many columns the roles take; the first custom field has this index.
    pub const ROLES: usize = 6;

    /// The set with column number `index` added.
    #[must_use]
    pub const fn with(self, index: usize) -> Self {
        Self(self.0 | (1 << index))
    }

    /// Both sets together.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether column number `index` is in it.
    #[must_use]
    pub const fn contains(self, index: usize) -> bool {
        self.0 & (1 << index) != 0
    }

    /// Whether it has every column of `other`.
    #[must_use]
    pub const fn includes(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// Whether it has a column of the application's own.
    #[must_use]
    pub const fn names_custom(self) -> bool {
        self.0 >> Self::ROLES != 0
    }

    /// Whether it has no column.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Copies `from` into `field` if the set has the custom column number `index`.
    pub fn copy<T: Clone>(self, index: usize, field: &mut T, from: &T) {
        if self.contains(Self::ROLES + index) {
            field.clone_from(from);
        }
    }

    /// Writes `value` into `field` if the request has one, and notes the custom column number `index`.
    #[must_use]
    pub fn assign<T>(self, index: usize, field: &mut T, value: Option<T>) -> Self {
        match value {
            Some(value) => {
                *field = value;
                self.with(Self::ROLES + index)
            }
            None => self,
        }
    }
}
