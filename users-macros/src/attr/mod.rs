//! The grammar of `#[auth(…)]`. It returns the keys and values as written, with their places; `check` decides which of
//! them go together.

mod items;
mod values;

use syn::{Attribute, Expr, Ident, LitStr, Path, ext::IdentExt};

use crate::{model::Role, report::Report};
use items::{auth_attrs, each_item, fill, unknown_on_field, unknown_on_struct};
use values::{
    bounds, crate_path, default, flag, function, name, names, number, optional_string, pattern, string, whole,
};

/// A key as it was written, and its value.
pub(crate) struct Given<T> {
    pub(crate) key: Ident,
    pub(crate) value: T,
}

/// A key that may be given once.
pub(crate) type Slot<T> = Option<Given<T>>;

/// `#[auth(…)]` on the struct.
#[derive(Default)]
pub(crate) struct StructAttrs {
    pub(crate) table: Slot<LitStr>,
    pub(crate) session_table: Slot<LitStr>,
    pub(crate) schema: Slot<LitStr>,
    pub(crate) client: Slot<()>,
    pub(crate) oauth: Slot<()>,
    pub(crate) oauth_table: Slot<LitStr>,
    pub(crate) krate: Slot<Path>,
    pub(crate) read: Slot<Ident>,
    pub(crate) create: Slot<Ident>,
    pub(crate) update: Slot<Ident>,
    pub(crate) admin_update: Slot<Ident>,
    pub(crate) sql: Slot<Ident>,
    pub(crate) routes: Slot<Ident>,
    pub(crate) databases: Slot<Vec<Ident>>,
}

/// `#[auth(…)]` on a field.
#[derive(Default)]
pub(crate) struct FieldAttrs {
    pub(crate) roles: Vec<Given<Role>>,
    pub(crate) read: Slot<()>,
    pub(crate) create: Slot<()>,
    pub(crate) update: Slot<()>,
    pub(crate) admin: Slot<()>,
    pub(crate) private: Slot<()>,
    pub(crate) tenant: Slot<()>,
    pub(crate) login: Slot<()>,
    pub(crate) uuid_v7: Slot<()>,
    pub(crate) made_by_database: Slot<()>,
    pub(crate) column: Slot<LitStr>,
    pub(crate) rename: Slot<LitStr>,
    pub(crate) default: Slot<Option<Expr>>,
    pub(crate) from_database: Slot<Option<LitStr>>,
    pub(crate) json: Slot<()>,
    pub(crate) text: Slot<()>,
    pub(crate) length: Slot<Bounds<u64>>,
    pub(crate) range: Slot<Bounds<f64>>,
    pub(crate) pattern: Slot<LitStr>,
    pub(crate) check: Slot<Path>,
    /// Whether an error was reported here. A missing key may then be a consequence of that mistake.
    pub(crate) broken: bool,
}

/// `min = …` and `max = …`, at least one of them.
pub(crate) struct Bounds<T> {
    pub(crate) min: Slot<T>,
    pub(crate) max: Slot<T>,
}

const STRUCT_KEYS: [&str; 14] = [
    "table",
    "session_table",
    "schema",
    "client",
    "oauth",
    "oauth_table",
    "crate",
    "read",
    "create",
    "update",
    "admin_update",
    "sql",
    "routes",
    "databases",
];

const FIELD_KEYS: [&str; 19] = [
    "read",
    "create",
    "update",
    "admin",
    "private",
    "tenant",
    "login",
    "uuid_v7",
    "made_by_database",
    "column",
    "rename",
    "default",
    "from_database",
    "json",
    "text",
    "length",
    "range",
    "pattern",
    "check",
];

impl StructAttrs {
    /// Reads every `#[auth(…)]` of the struct. Mistakes go to `report`.
    pub(crate) fn read(attrs: &[Attribute], report: &Report) -> Self {
        let mut read = Self::default();
        for attr in auth_attrs(attrs) {
            each_item(attr, "#[auth(table = \"accounts\")]", report, |key, input| {
                match key.unraw().to_string().as_str() {
                    "table" => fill(&mut read.table, &key, string(&key, input, "accounts")?),
                    "session_table" => fill(&mut read.session_table, &key, string(&key, input, "account_sessions")?),
                    "client" => fill(&mut read.client, &key, flag(&key, input)?),
                    "oauth" => fill(&mut read.oauth, &key, flag(&key, input)?),
                    "oauth_table" => fill(&mut read.oauth_table, &key, string(&key, input, "identities")?),
                    "schema" => fill(&mut read.schema, &key, string(&key, input, "auth")?),
                    "crate" => fill(&mut read.krate, &key, crate_path(&key, input)?),
                    "read" => fill(&mut read.read, &key, name(&key, input, "PublicUser")?),
                    "create" => fill(&mut read.create, &key, name(&key, input, "NewUser")?),
                    "update" => fill(&mut read.update, &key, name(&key, input, "UserPatch")?),
                    "admin_update" => fill(&mut read.admin_update, &key, name(&key, input, "UserAdminPatch")?),
                    "sql" => fill(&mut read.sql, &key, name(&key, input, "ACCOUNT_SQL")?),
                    "routes" => fill(&mut read.routes, &key, name(&key, input, "account")?),
                    "databases" => fill(&mut read.databases, &key, names(&key, input)?),
                    word => Err(unknown_on_struct(&key, word)),
                }
            });
        }
        read
    }
}

impl FieldAttrs {
    /// Reads every `#[auth(…)]` of a field. Mistakes go to `report`.
    pub(crate) fn read(attrs: &[Attribute], report: &Report) -> Self {
        let mut read = Self::default();
        let mut broken = false;
        for attr in auth_attrs(attrs) {
            broken |= each_item(attr, "#[auth(read, create, update)]", report, |key, input| {
                let word = key.unraw().to_string();
                if let Some(role) = Role::named(&word) {
                    flag(&key, input)?;
                    read.roles.push(Given { key, value: role });
                    return Ok(());
                }
                match word.as_str() {
                    "read" => fill(&mut read.read, &key, flag(&key, input)?),
                    "create" => fill(&mut read.create, &key, flag(&key, input)?),
                    "update" => fill(&mut read.update, &key, flag(&key, input)?),
                    "admin" => fill(&mut read.admin, &key, flag(&key, input)?),
                    "private" => fill(&mut read.private, &key, flag(&key, input)?),
                    "tenant" => fill(&mut read.tenant, &key, flag(&key, input)?),
                    "login" => fill(&mut read.login, &key, flag(&key, input)?),
                    "uuid_v7" => fill(&mut read.uuid_v7, &key, flag(&key, input)?),
                    "made_by_database" => fill(&mut read.made_by_database, &key, flag(&key, input)?),
                    "json" => fill(&mut read.json, &key, flag(&key, input)?),
                    "text" => fill(&mut read.text, &key, flag(&key, input)?),
                    "column" => fill(&mut read.column, &key, string(&key, input, "full_name")?),
                    "rename" => fill(&mut read.rename, &key, string(&key, input, "fullName")?),
                    "default" => fill(&mut read.default, &key, default(input)?),
                    "from_database" => {
                        fill(&mut read.from_database, &key, optional_string(&key, input, "CURRENT_TIMESTAMP")?)
                    }
                    "length" => fill(&mut read.length, &key, bounds(&key, input, "length(min = 1, max = 80)", whole)?),
                    "range" => fill(&mut read.range, &key, bounds(&key, input, "range(min = 0, max = 150)", number)?),
                    "pattern" => fill(&mut read.pattern, &key, pattern(&key, input)?),
                    "check" => fill(&mut read.check, &key, function(&key, input)?),
                    word => Err(unknown_on_field(&key, word)),
                }
            });
        }
        read.broken = broken;
        read
    }

    /// Returns the written keys that only custom fields may have.
    pub(crate) fn custom_only(&self) -> Vec<&Ident> {
        fn key<T>(slot: &Slot<T>) -> Option<&Ident> {
            slot.as_ref().map(|given| &given.key)
        }
        [
            key(&self.read),
            key(&self.create),
            key(&self.update),
            key(&self.admin),
            key(&self.private),
            key(&self.tenant),
            key(&self.login),
            key(&self.rename),
            key(&self.default),
            key(&self.from_database),
            key(&self.json),
            key(&self.text),
            key(&self.length),
            key(&self.range),
            key(&self.pattern),
            key(&self.check),
        ]
        .into_iter()
        .flatten()
        .collect()
    }

    /// Returns the written keys that only the id may have.
    pub(crate) fn id_only(&self) -> impl Iterator<Item = &Ident> {
        [&self.uuid_v7, &self.made_by_database].into_iter().flatten().map(|given| &given.key)
    }

    /// Returns the written rules.
    pub(crate) fn rules(&self) -> Vec<&Ident> {
        self.custom_only()
            .into_iter()
            .filter(|key| ["length", "range", "pattern", "check"].iter().any(|rule| key == rule))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::{FIELD_KEYS, STRUCT_KEYS};

    #[test]
    fn the_guide_has_a_row_for_every_key() {
        let page = include_str!("../../../docs/guide/user-struct.md");
        let (fields, structs) = page.split_once("## Struct attributes").unwrap();
        for (part, keys) in [(fields, &FIELD_KEYS[..]), (structs, &STRUCT_KEYS)] {
            let first_cells: Vec<_> =
                part.lines().filter_map(|line| line.strip_prefix("| ")?.split(" | ").next()).collect();
            let words: Vec<_> =
                first_cells.iter().flat_map(|cell| cell.split(|c: char| !c.is_alphanumeric() && c != '_')).collect();
            for key in keys {
                assert!(words.contains(key), "docs/guide/user-struct.md has no row for `{key}`");
            }
        }
    }
}
