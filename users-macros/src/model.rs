//! The user struct after all checks: no part of it can be wrong any more. Questions about it are methods on it.

use syn::{Expr, GenericArgument, Ident, Meta, Path, PathArguments, Type, Visibility, ext::IdentExt};

use crate::names::Names;

/// A user struct, and what is written for it.
pub(crate) struct User {
    pub(crate) ident: Ident,
    pub(crate) vis: Visibility,
    /// The table, unquoted.
    pub(crate) table: String,
    /// The table of its sessions, unquoted.
    pub(crate) session_table: String,
    /// The databases that statements are written for.
    pub(crate) databases: Databases,
    /// Whether the author named the databases, so that fields may have types that only those know.
    pub(crate) is_narrowed: bool,
    pub(crate) names: Names,
    pub(crate) roles: Roles,
    /// The application's own fields, in the struct's order.
    pub(crate) customs: Vec<Custom>,
}

/// What a field is to the runtime.
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
    /// All of them, in the order of their columns.
    pub(crate) const ALL: [Self; 6] =
        [Self::Id, Self::Email, Self::HashedPassword, Self::IsActive, Self::IsSuperuser, Self::IsVerified];

    /// Its name: as the attribute's key, as the JSON key, and as the column unless another one is named.
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

    /// The role of this name.
    pub(crate) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.name() == name)
    }

    /// The types that such a field can have, as a person would write them.
    pub(crate) const fn usual_types(self) -> &'static [&'static str] {
        match self {
            Self::Id => &["Uuid", "i32", "i64"],
            Self::Email => &["String"],
            Self::HashedPassword => &["PasswordHash"],
            Self::IsActive | Self::IsSuperuser | Self::IsVerified => &["bool"],
        }
    }

    /// Whether a type is written as usual. Anything else may be an alias, which only the type checker can follow.
    pub(crate) fn is_usual(self, ty: &Type) -> bool {
        match bare(ty) {
            Type::Path(path) => {
                path.path.segments.last().is_some_and(|last| self.usual_types().iter().any(|name| last.ident == name))
            }
            _ => false,
        }
    }

    /// The type such a field has, as a person would write it.
    pub(crate) const fn type_name(self) -> &'static str {
        match self {
            Self::Id => "Uuid",
            Self::Email => "String",
            Self::HashedPassword => "PasswordHash",
            Self::IsActive | Self::IsSuperuser | Self::IsVerified => "bool",
        }
    }
}

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
    /// In the order of their columns.
    pub(crate) fn all(&self) -> [&RoleField; 6] {
        [&self.id, &self.email, &self.hashed_password, &self.is_active, &self.is_superuser, &self.is_verified]
    }

    /// The three flags, in the order of the wire.
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
    pub(crate) words: Words,
}

/// A field of the application's own.
pub(crate) struct Custom {
    pub(crate) ident: Ident,
    pub(crate) ty: Type,
    /// Its JSON key.
    pub(crate) key: String,
    pub(crate) column: String,
    pub(crate) access: Access,
    pub(crate) default: Initial,
    pub(crate) storage: Storage,
    pub(crate) rules: Vec<Rule>,
    /// Whether it names the tenant that every statement is held to.
    pub(crate) is_tenant: bool,
    pub(crate) words: Words,
}

impl Custom {
    /// Whether the JSON key is another word than the field's name.
    pub(crate) fn is_renamed(&self) -> bool {
        self.ident.unraw() != self.key
    }

    /// Whether a registration may leave it out.
    pub(crate) fn may_be_absent(&self) -> bool {
        self.is_nullable() || !matches!(self.default, Initial::Unsaid)
    }

    /// Whether its type is an `Option`.
    pub(crate) fn is_nullable(&self) -> bool {
        option_of(&self.ty).is_some()
    }

    /// The type without its `Option`.
    pub(crate) fn inner_type(&self) -> &Type {
        option_of(&self.ty).unwrap_or(&self.ty)
    }
}

/// Who may touch a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Access {
    pub(crate) read: bool,
    pub(crate) create: bool,
    pub(crate) update: bool,
    pub(crate) admin: bool,
}

impl Access {
    /// Whether any request can set it.
    pub(crate) const fn writable(self) -> bool {
        self.create || self.update || self.admin
    }

    /// Whether clients see it in any way.
    pub(crate) const fn on_the_wire(self) -> bool {
        self.read || self.writable()
    }
}

/// What a field holds when nothing was sent for it.
pub(crate) enum Initial {
    /// Nothing was said: the type's default where no request can set it.
    Unsaid,
    /// The type's default.
    TypeDefault,
    /// This value.
    Value(Expr),
}

/// How a value stands in its column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Storage {
    /// As the database's own type.
    Native,
    /// As JSON.
    Json,
    /// As the text that serde makes of it.
    Text,
}

/// What a value must meet beyond its type.
pub(crate) enum Rule {
    Length { min: Option<u64>, max: Option<u64> },
    Range { min: Option<f64>, max: Option<f64> },
    Pattern(String),
    Check(Path),
}

/// What the struct's author says to readers about a field.
#[derive(Default)]
pub(crate) struct Words {
    /// The values of its `#[doc = …]` lines.
    pub(crate) docs: Vec<Expr>,
    /// Its `#[deprecated …]`.
    pub(crate) deprecated: Option<Meta>,
}

impl Words {
    /// The first paragraph of its documentation as one line, if it is written out.
    pub(crate) fn first_paragraph(&self) -> Option<String> {
        let lines: Vec<String> = self
            .docs
            .iter()
            .map_while(|doc| match doc {
                Expr::Lit(syn::ExprLit { lit: syn::Lit::Str(text), .. }) => Some(text.value()),
                _ => None,
            })
            .flat_map(|text| text.lines().map(|line| line.trim().to_owned()).collect::<Vec<_>>())
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
    /// Those whose Cargo features are on.
    pub(crate) const ENABLED: Self =
        Self { sqlite: cfg!(feature = "sqlite"), postgres: cfg!(feature = "postgres"), mysql: cfg!(feature = "mysql") };

    #[cfg(test)]
    pub(crate) const ALL: Self = Self { sqlite: true, postgres: true, mysql: true };
    pub(crate) const NAMES: [&'static str; 3] = ["sqlite", "postgres", "mysql"];

    /// Those that are in both sets.
    pub(crate) const fn and(self, other: Self) -> Self {
        Self {
            sqlite: self.sqlite && other.sqlite,
            postgres: self.postgres && other.postgres,
            mysql: self.mysql && other.mysql,
        }
    }

    /// Whether it has none.
    pub(crate) const fn is_empty(self) -> bool {
        !(self.sqlite || self.postgres || self.mysql)
    }
}

/// The type inside an `Option<…>`, told by its last path segment as serde and every other derive does.
pub(crate) fn option_of(ty: &Type) -> Option<&Type> {
    let Type::Path(path) = bare(ty) else { return None };
    let last = path.path.segments.last()?;
    let PathArguments::AngleBracketed(arguments) = &last.arguments else { return None };
    match arguments.args.first() {
        Some(GenericArgument::Type(inner)) if last.ident == "Option" && arguments.args.len() == 1 => Some(inner),
        _ => None,
    }
}

/// The type without the invisible groups and parentheses that `macro_rules!` puts around it.
pub(crate) fn bare(ty: &Type) -> &Type {
    match ty {
        Type::Group(group) => bare(&group.elem),
        Type::Paren(paren) => bare(&paren.elem),
        other => other,
    }
}

impl User {
    /// All columns: the roles in their order, then the application's own.
    pub(crate) fn columns(&self) -> Vec<&str> {
        let roles = self.roles.all().into_iter().map(|role| role.column.as_str());
        roles.chain(self.customs.iter().map(|custom| custom.column.as_str())).collect()
    }

    /// The field that every statement is held to, if there is one.
    pub(crate) fn tenant(&self) -> Option<&Custom> {
        self.customs.iter().find(|custom| custom.is_tenant)
    }

    /// Whether the database makes the id: it is an integer. The runtime holds this against the type when the
    /// application is compiled, so an alias cannot mislead us.
    pub(crate) fn id_made_by_database(&self) -> bool {
        match bare(&self.roles.id.ty) {
            Type::Path(path) => {
                path.path.segments.last().is_some_and(|last| last.ident == "i32" || last.ident == "i64")
            }
            _ => false,
        }
    }

    /// Whether some field is deprecated, which our own use of it must not report.
    pub(crate) fn has_deprecated_field(&self) -> bool {
        let roles = self.roles.all().into_iter().map(|role| &role.words);
        roles.chain(self.customs.iter().map(|custom| &custom.words)).any(|words| words.deprecated.is_some())
    }

    /// The application's own fields that this question is true of, each with its number.
    pub(crate) fn customs_where(&self, question: impl Fn(&Custom) -> bool) -> impl Iterator<Item = (usize, &Custom)> {
        self.customs.iter().enumerate().filter(move |(_, custom)| question(custom))
    }
}
