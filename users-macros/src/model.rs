//! The user struct after all checks, with no mistake left in it.

use syn::{Expr, Ident, Meta, Path, Type, Visibility, ext::IdentExt};

use crate::{
    names::Names,
    types::{is_one_of, is_path, option_of},
};

/// A user struct and the names for its expansion.
pub(crate) struct User {
    pub(crate) ident: Ident,
    pub(crate) vis: Visibility,
    /// The table, unquoted.
    pub(crate) table: String,
    /// The table of its sessions, unquoted.
    pub(crate) session_table: String,
    /// The table of accounts at OAuth providers, unquoted, if users have them.
    pub(crate) oauth_table: Option<String>,
    /// Whether the schemas of requests can be sent by a client.
    pub(crate) client: bool,
    /// The schema of the tables, unquoted, if one is named.
    pub(crate) schema: Option<String>,
    /// The databases for which statements are written.
    pub(crate) databases: Databases,
    /// The source of the ids.
    pub(crate) id_source: IdSource,
    /// Whether the author named the databases, so that fields may have types that only those support.
    pub(crate) is_narrowed: bool,
    pub(crate) names: Names,
    pub(crate) roles: Roles,
    /// The custom fields, in the struct's order.
    pub(crate) customs: Vec<Custom>,
}

/// The role of a field that the runtime needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    Id,
    Email,
    HashedPassword,
    IsActive,
    IsSuperuser,
    IsVerified,
}

impl Role {
    /// All roles, in the order of their columns.
    pub(crate) const ALL: [Self; 6] =
        [Self::Id, Self::Email, Self::HashedPassword, Self::IsActive, Self::IsSuperuser, Self::IsVerified];

    /// Returns the name: as the attribute's key, as the JSON key, and as the column unless another one is chosen.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Id => "id",
            Self::Email => "email",
            Self::HashedPassword => "hashed_password",
            Self::IsActive => "is_active",
            Self::IsSuperuser => "is_superuser",
            Self::IsVerified => "is_verified",
        }
    }

    /// Returns the role of this name.
    pub(crate) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.name() == name)
    }

    /// Returns the types that a field of this role can have, the most usual first.
    pub(crate) const fn types(self) -> &'static [&'static str] {
        match self {
            Self::Id => &["Uuid", "i64", "i32"],
            Self::Email => &["String"],
            Self::HashedPassword => &["PasswordHash"],
            Self::IsActive | Self::IsSuperuser | Self::IsVerified => &["bool"],
        }
    }

    /// Returns whether a type is one of these, by the last segment of its path. An id may also have a type of the
    /// application; the compiler checks that it is one.
    pub(crate) fn accepts(self, ty: &Type) -> bool {
        is_one_of(ty, self.types()) || (self == Self::Id && is_path(ty) && !is_one_of(ty, &NO_IDS))
    }
}

/// The source of the users' ids.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum IdSource {
    /// The type: axum-users or the application generates them, or the database for integers.
    #[default]
    Type,
    /// axum-users, as UUIDs of version 7.
    UuidV7,
    /// The database.
    Database,
}

/// Types that cannot be ids and are not types of an application either.
const NO_IDS: [&str; 22] = [
    "String",
    "str",
    "bool",
    "char",
    "f32",
    "f64",
    "i8",
    "i16",
    "i128",
    "isize",
    "u8",
    "u16",
    "u32",
    "u64",
    "u128",
    "usize",
    "Option",
    "Vec",
    "Box",
    "Arc",
    "Cow",
    "PasswordHash",
];

/// One field for each role.
pub(crate) struct Roles {
    pub(crate) id: RoleField,
    pub(crate) email: RoleField,
    pub(crate) hashed_password: RoleField,
    pub(crate) is_active: RoleField,
    pub(crate) is_superuser: RoleField,
    pub(crate) is_verified: RoleField,
}

impl Roles {
    /// Returns the fields in the order of their columns.
    pub(crate) fn all(&self) -> [&RoleField; 6] {
        [&self.id, &self.email, &self.hashed_password, &self.is_active, &self.is_superuser, &self.is_verified]
    }

    /// Returns the three flags, in the order of the JSON.
    pub(crate) fn flags(&self) -> [&RoleField; 3] {
        [&self.is_active, &self.is_superuser, &self.is_verified]
    }
}

/// A field that has a role.
pub(crate) struct RoleField {
    pub(crate) role: Role,
    pub(crate) ident: Ident,
    pub(crate) ty: Type,
    pub(crate) column: String,
    pub(crate) docs: Docs,
}

/// A custom field: one without a role.
pub(crate) struct Custom {
    pub(crate) ident: Ident,
    pub(crate) ty: Type,
    /// The JSON key.
    pub(crate) key: String,
    pub(crate) column: String,
    pub(crate) access: Access,
    pub(crate) new_value: NewValue,
    pub(crate) storage: Storage,
    pub(crate) rules: Vec<Rule>,
    /// Whether it names the tenant, to which every statement is limited.
    pub(crate) is_tenant: bool,
    /// Whether users can log in with its value.
    pub(crate) is_login: bool,
    pub(crate) docs: Docs,
}

impl Custom {
    /// Returns whether the JSON key differs from the field's name.
    pub(crate) fn is_renamed(&self) -> bool {
        self.ident.unraw() != self.key
    }

    /// Returns whether its type is written as an `Option`. The runtime determines from the type whether it may be NULL,
    /// because it may be an alias.
    pub(crate) fn is_option(&self) -> bool {
        option_of(&self.ty).is_some()
    }

    /// Returns the type without its `Option`.
    pub(crate) fn inner_type(&self) -> &Type {
        option_of(&self.ty).unwrap_or(&self.ty)
    }
}

/// Who may read or write a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Access {
    pub(crate) read: bool,
    pub(crate) create: bool,
    pub(crate) update: bool,
    pub(crate) admin: bool,
}

impl Access {
    /// Returns whether any request can set the field.
    pub(crate) const fn writable(self) -> bool {
        self.create || self.update || self.admin
    }

    /// Returns whether clients read or write the field.
    pub(crate) const fn on_the_wire(self) -> bool {
        self.read || self.writable()
    }
}

/// The source of a field's value in a new user.
pub(crate) enum NewValue {
    /// From the registration, or from the default if there is one.
    Sent(Option<DefaultValue>),
    /// From the default: no registration sets the field.
    Fixed(DefaultValue),
    /// From the type's default, because none is specified.
    Implicit,
    /// From the database, which generates it from this SQL in a column of a new table. Until the row is stored, the
    /// field has the default.
    FromDatabase(Option<String>, Option<DefaultValue>),
}

impl NewValue {
    /// Returns the default that the author wrote.
    pub(crate) const fn default(&self) -> Option<&DefaultValue> {
        match self {
            Self::Sent(default) | Self::FromDatabase(_, default) => default.as_ref(),
            Self::Fixed(default) => Some(default),
            Self::Implicit => None,
        }
    }
}

/// A default that the author wrote.
pub(crate) enum DefaultValue {
    /// `default`: that of the type.
    OfType,
    /// `default = …`: this value.
    Written(Box<Expr>),
}

/// How a value is stored in its column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Storage {
    /// As a type of the database.
    Native,
    /// As JSON.
    Json,
    /// As its serde representation, a string.
    Text,
}

/// A rule for values beyond their type.
pub(crate) enum Rule {
    Length { min: Option<u64>, max: Option<u64> },
    Range { min: Option<f64>, max: Option<f64> },
    Pattern(String),
    Check(Path),
}

/// The documentation that the struct's author wrote for a field.
#[derive(Default)]
pub(crate) struct Docs {
    /// The values of the `#[doc = …]` lines.
    pub(crate) lines: Vec<Expr>,
    /// The attribute `#[deprecated …]`.
    pub(crate) deprecated: Option<Meta>,
}

impl Docs {
    /// Returns the first paragraph of the documentation as one line, if it is a literal.
    pub(crate) fn first_paragraph(&self) -> Option<String> {
        let lines: Vec<String> = self
            .lines
            .iter()
            .map_while(|doc| match doc {
                Expr::Lit(syn::ExprLit { lit: syn::Lit::Str(text), .. }) => Some(text.value()),
                _ => None,
            })
            // Not `lines`, which yields none for an empty text: paragraphs would run together.
            .flat_map(|text| text.split('\n').map(|line| line.trim().to_owned()).collect::<Vec<_>>())
            .skip_while(String::is_empty)
            .take_while(|line| !line.is_empty())
            .collect();
        (!lines.is_empty()).then(|| lines.join(" "))
    }
}

/// A set of databases.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Databases {
    pub(crate) sqlite: bool,
    pub(crate) postgres: bool,
    pub(crate) mysql: bool,
}

impl Databases {
    /// The databases whose Cargo features are on.
    pub(crate) const ENABLED: Self =
        Self { sqlite: cfg!(feature = "sqlite"), postgres: cfg!(feature = "postgres"), mysql: cfg!(feature = "mysql") };

    #[cfg(test)]
    pub(crate) const ALL: Self = Self { sqlite: true, postgres: true, mysql: true };
    pub(crate) const NAMES: [&'static str; 3] = ["sqlite", "postgres", "mysql"];

    /// Returns the databases that are in both sets.
    pub(crate) const fn and(self, other: Self) -> Self {
        Self {
            sqlite: self.sqlite && other.sqlite,
            postgres: self.postgres && other.postgres,
            mysql: self.mysql && other.mysql,
        }
    }

    /// Returns the names of the databases.
    pub(crate) fn named(self) -> Vec<&'static str> {
        let is_named = [self.sqlite, self.postgres, self.mysql];
        Self::NAMES.into_iter().zip(is_named).filter(|(_, is_named)| *is_named).map(|(name, _)| name).collect()
    }

    /// Returns whether the set has no database.
    pub(crate) const fn is_empty(self) -> bool {
        !(self.sqlite || self.postgres || self.mysql)
    }
}

impl User {
    /// Returns all columns: the roles in their order, then the custom fields.
    pub(crate) fn columns(&self) -> Vec<&str> {
        let roles = self.roles.all().into_iter().map(|role| role.column.as_str());
        roles.chain(self.customs.iter().map(|custom| custom.column.as_str())).collect()
    }

    /// Returns the columns that statements write, in the same order: all but those that the database fills.
    pub(crate) fn written_columns(&self) -> Vec<&str> {
        let roles = self.roles.all().into_iter().map(|role| role.column.as_str());
        let customs = self.customs.iter().filter(|custom| !matches!(custom.new_value, NewValue::FromDatabase(..)));
        roles.chain(customs.map(|custom| custom.column.as_str())).collect()
    }

    /// Returns the field to whose value every statement is limited, if there is one.
    pub(crate) fn tenant(&self) -> Option<&Custom> {
        self.customs.iter().find(|custom| custom.is_tenant)
    }

    /// Returns the field with whose value users can log in as an alternative to the address, if there is one.
    pub(crate) fn login(&self) -> Option<&Custom> {
        self.customs.iter().find(|custom| custom.is_login)
    }

    /// Returns whether the id is an integer. An integer behind a type of the application is not recognized.
    pub(crate) fn has_integer_id(&self) -> bool {
        is_one_of(&self.roles.id.ty, &["i64", "i32"])
    }

    /// Returns whether the id has a type of the application.
    pub(crate) fn has_own_id(&self) -> bool {
        !is_one_of(&self.roles.id.ty, Role::Id.types())
    }

    /// Returns whether the database generates the id: it is an integer, or marked so.
    pub(crate) fn id_made_by_database(&self) -> bool {
        self.has_integer_id() || self.id_source == IdSource::Database
    }

    /// Returns whether a field is deprecated. The generated code uses it, which must not warn.
    pub(crate) fn has_deprecated_field(&self) -> bool {
        let roles = self.roles.all().into_iter().map(|role| &role.docs);
        roles.chain(self.customs.iter().map(|custom| &custom.docs)).any(|docs| docs.deprecated.is_some())
    }
}
