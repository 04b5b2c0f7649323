//! The four schemas of a user type as tables of fields.

use std::marker::PhantomData;

use super::AuthUser;
use crate::domain::field::{self, Field};

/// One of the four schemas of a user type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SchemaKind {
    /// [`AuthUser::Read`].
    Read,
    /// [`AuthUser::Create`].
    Create,
    /// [`AuthUser::Update`].
    Update,
    /// [`AuthUser::AdminUpdate`].
    AdminUpdate,
}

impl SchemaKind {
    /// All four, in the order in which the derive generates them.
    pub const ALL: [Self; 4] = [Self::Read, Self::Create, Self::Update, Self::AdminUpdate];

    /// Returns the name of the schema's struct, which is its name in the OpenAPI document.
    #[must_use]
    pub fn name<U: AuthUser>(self) -> &'static str {
        match self {
            Self::Read => field::struct_name::<U::Read>(),
            Self::Create => field::struct_name::<U::Create>(),
            Self::Update => field::struct_name::<U::Update>(),
            Self::AdminUpdate => field::struct_name::<U::AdminUpdate>(),
        }
    }

    /// Returns the schema's fields in the order of the JSON: those of the roles, followed by the custom ones.
    pub fn fields<U: AuthUser>(self) -> impl Iterator<Item = Field> {
        let roles = match self {
            Self::Read => ReadRoles::<U>::FIELDS,
            Self::Create => Field::CREATE,
            Self::Update => Field::UPDATE,
            Self::AdminUpdate => Field::ADMIN_UPDATE,
        };
        let custom = U::CUSTOM_FIELDS.iter().filter_map(move |field| field.in_schema(self));
        roles.iter().copied().chain(custom)
    }

    /// Returns the same without the password.
    #[cfg(feature = "openapi")]
    pub(crate) fn fields_without_password<U: AuthUser>(self) -> impl Iterator<Item = Field> {
        self.fields::<U>().filter(|field| !matches!(field.kind, field::FieldKind::Password))
    }
}

/// The roles in a response, with the application's type of id.
struct ReadRoles<U>(PhantomData<U>);

impl<U: AuthUser> ReadRoles<U> {
    const FIELDS: &'static [Field] = &Field::read::<U::Id>();
}
