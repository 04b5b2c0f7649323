//! From what was written to the model: every rule about a struct and between its fields, every error at once.

use std::collections::{HashMap, HashSet};

use proc_macro2::TokenStream;
use quote::ToTokens;
use syn::{Attribute, Data, DeriveInput, Field, Fields, Ident, LitStr, Meta, Type, ext::IdentExt};

use crate::{
    attr::{Bounds, FieldAttrs, Given, Slot, StructAttrs},
    model::{Access, Custom, Databases, Initial, Role, RoleField, Roles, Rule, Storage, User, Words, bare, option_of},
    names::{Chosen, Names},
    report::{Report, closest, list},
};

/// How many fields of its own a struct can have: 128 columns without those of the six roles.
const MOST_CUSTOM_FIELDS: usize = 122;

/// The longest name of a column: PostgreSQL cuts at 63 bytes, MySQL refuses more than 64 characters.
const LONGEST_COLUMN: usize = 63;

/// The longest name of a table: the index `ix_{table}_email_canonical` must not be cut either.
const LONGEST_TABLE: usize = LONGEST_COLUMN - "ix__email_canonical".len();

/// Columns of ours in the application's table, and what they hold.
const OUR_COLUMNS: [(&str, &str); 2] =
    [("auth_epoch", "which sessions are still good"), ("email_canonical", "the address in its canonical form")];

/// JSON keys that requests and answers use for something else, and for what.
const RESERVED: [(&str, &str); 3] = [
    ("password", "the password in clear, in requests"),
    ("current_password", "the present password, beside a change"),
    ("oauth_accounts", "the accounts at other providers"),
];

/// Reads and checks a struct, for the databases that are `enabled`. The error has every mistake.
pub(crate) fn user(input: &DeriveInput, enabled: Databases) -> Result<User, syn::Error> {
    let report = Report::default();
    let fields = shape(input, &report);
    let attrs = StructAttrs::read(&input.attrs, &report);
    let is_narrowed = attrs.databases.is_some();
    let databases = databases(&attrs, enabled, &report);
    let table = match &attrs.table {
        Some(given) => sql_name("table", &given.value, LONGEST_TABLE, &report),
        None => "user".to_owned(),
    };
    let names = chosen_names(input, attrs);
    distinct(input, &names, &report);

    let mut sorted = Sorted::default();
    for field in fields.into_iter().flatten() {
        sorted.add(field, &report);
    }
    if fields.is_some() {
        sorted.count(&input.ident, &report);
        sorted.collisions(&report);
    }
    let Sorted { roles, customs, unmarked, .. } = sorted;
    let roles = fields.and_then(|_| complete(roles, &unmarked, input, &report));
    report.finish()?;
    match roles {
        Some(roles) => Ok(User {
            ident: input.ident.clone(),
            vis: input.vis.clone(),
            table,
            databases,
            is_narrowed,
            names,
            roles,
            customs,
        }),
        // `complete` noted what is missing, so `finish` has handed it up already.
        None => Err(syn::Error::new(input.ident.span(), "the struct is not complete")),
    }
}

fn shape<'a>(
    input: &'a DeriveInput,
    report: &Report,
) -> Option<&'a syn::punctuated::Punctuated<Field, syn::Token![,]>> {
    if !input.generics.params.is_empty() {
        report.error(
            &input.generics,
            format!("`{}` must not be generic", input.ident),
            "a table holds one type of user: put concrete types into the fields",
        );
    } else if let Some(clause) = &input.generics.where_clause {
        report.error(clause, "a user struct takes no `where` clause", "remove it");
    }
    let wrong = |tokens: &dyn ToTokens, what: &str| {
        report.error(
            tokens.to_token_stream(),
            format!("`AuthUser` cannot be derived for {what}"),
            format!("write `struct {} {{ id: Uuid, email: String, … }}`, a struct with named fields", input.ident),
        );
        None
    };
    match &input.data {
        Data::Struct(data) => match &data.fields {
            Fields::Named(fields) => Some(&fields.named),
            Fields::Unnamed(fields) => wrong(fields, "a tuple struct"),
            Fields::Unit => wrong(&input.ident, "a struct without fields"),
        },
        Data::Enum(data) => wrong(&data.enum_token, "an enum"),
        Data::Union(data) => wrong(&data.union_token, "a union"),
    }
}

fn databases(attrs: &StructAttrs, enabled: Databases, report: &Report) -> Databases {
    let Some(given) = &attrs.databases else { return enabled };
    let mut databases = Databases { sqlite: false, postgres: false, mysql: false };
    for name in &given.value {
        let word = name.to_string();
        let slot = match word.as_str() {
            "sqlite" => &mut databases.sqlite,
            "postgres" => &mut databases.postgres,
            "mysql" => &mut databases.mysql,
            word => {
                let help = match (word, closest(word, &Databases::NAMES)) {
                    ("mariadb", _) => "MariaDB is `mysql` here".to_owned(),
                    (_, Some(known)) => format!("did you mean `{known}`?"),
                    (_, None) => format!("there are {}", list(&Databases::NAMES)),
                };
                report.error(name, format!("unknown database `{word}`"), help);
                continue;
            }
        };
        if *slot {
            report.error(name, format!("`{word}` is named twice"), "keep one of the two");
        }
        *slot = true;
    }
    if databases.and(enabled).is_empty() && !databases.is_empty() {
        let names: Vec<String> = given.value.iter().map(|name| format!("\"{name}\"")).collect();
        report.error(
            &given.key,
            "none of these databases is enabled",
            format!("turn the Cargo feature on: `axum-users = {{ …, features = [{}] }}`", names.join(", ")),
        );
    }
    databases.and(enabled)
}

/// The names of what is written for a struct, as far as its attributes can be read; mistakes go to `report`.
pub(crate) fn names(input: &DeriveInput, report: &Report) -> Names {
    chosen_names(input, StructAttrs::read(&input.attrs, report))
}

fn chosen_names(input: &DeriveInput, attrs: StructAttrs) -> Names {
    fn value<T>(slot: Slot<T>) -> Option<T> {
        slot.map(|given| given.value)
    }
    let chosen = Chosen {
        krate: value(attrs.krate),
        read: value(attrs.read),
        create: value(attrs.create),
        update: value(attrs.update),
        admin_update: value(attrs.admin_update),
        sql: value(attrs.sql),
        routes: value(attrs.routes),
    };
    Names::new(&input.ident, chosen, &input.to_token_stream())
}

fn distinct(input: &DeriveInput, names: &Names, report: &Report) {
    let mut taken = HashMap::from([(input.ident.unraw().to_string(), "the struct itself".to_owned())]);
    for (name, key) in names.items() {
        if let Some(other) = taken.insert(name.unraw().to_string(), format!("`{key}`")) {
            report.error(
                name,
                format!("`{name}` is the name of `{key}` and of {other}"),
                format!("give `{key}` another name: `#[auth({key} = …)]`"),
            );
        }
    }
}

/// The name of a table or column as it was given; anything but a plain word is refused, since it stands in SQL.
fn sql_name(key: &str, given: &LitStr, longest: usize, report: &Report) -> String {
    let name = given.value();
    if let Some(problem) = sql_name_problem(&name, longest) {
        report.error(
            given,
            format!("{name:?} cannot be the name of a {key}: {problem}"),
            if name.len() > longest {
                format!("PostgreSQL cuts longer names, or those of the indexes; write `{key} = \"…\"`")
            } else {
                format!("use ASCII letters, digits and `_`, as in `{key} = \"{}\"`", plain_word(&name, key))
            },
        );
    }
    name
}

fn sql_name_problem(name: &str, longest: usize) -> Option<String> {
    let starts_well = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    if name.is_empty() {
        Some("it is empty".to_owned())
    } else if let Some(odd) = name.chars().find(|c| !(c.is_ascii_alphanumeric() || *c == '_')) {
        Some(format!("it contains {odd:?}"))
    } else if !starts_well {
        Some("it starts with a digit".to_owned())
    } else if name.len() > longest {
        Some(format!("it has {} characters, the most is {longest}", name.len()))
    } else {
        None
    }
}

/// The nearest allowed name, for the help line.
fn plain_word(name: &str, fallback: &str) -> String {
    let mut word: String =
        name.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '_' }).collect();
    if word.starts_with(|c: char| c.is_ascii_digit()) {
        word.insert(0, '_');
    }
    if word.chars().all(|c| c == '_') { format!("my_{fallback}") } else { word }
}

/// The fields of a struct, sorted into roles and the application's own.
#[derive(Default)]
struct Sorted {
    /// In the order of the roles.
    roles: [Option<RoleField>; 6],
    customs: Vec<Custom>,
    /// Fields without a mark; perhaps one of them was meant to be a role.
    unmarked: Vec<Ident>,
    /// All columns, with the place to complain about.
    columns: Vec<(String, TokenStream)>,
    /// All JSON keys of the application's own fields, with the place to complain about.
    keys: Vec<(String, TokenStream)>,
}

impl Sorted {
    fn add(&mut self, field: &Field, report: &Report) {
        let Some(ident) = &field.ident else { return };
        let attrs = FieldAttrs::read(&field.attrs, report);
        let by_name = Role::named(&ident.unraw().to_string());
        match (attrs.roles.as_slice(), by_name) {
            ([], None) => self.add_custom(field, ident, attrs, report),
            ([], Some(role)) => self.add_role(role, field, ident, attrs, report),
            ([one], None) => {
                let role = one.value;
                self.add_role(role, field, ident, attrs, report);
            }
            ([one], Some(role)) if one.value == role => {
                report.error(
                    &one.key,
                    format!("`{ident}` has the role `{}` by its name already", role.name()),
                    format!("remove `{}`", one.key),
                );
                self.add_role(role, field, ident, attrs, report);
            }
            ([one], Some(role)) => {
                report.error(
                    &one.key,
                    format!("`{ident}` has the role `{}` by its name, and cannot be `{}`", role.name(), one.key),
                    format!("rename the field, or remove `{}`", one.key),
                );
                self.add_role(role, field, ident, attrs, report);
            }
            ([first, second, ..], _) => {
                let role = first.value;
                report.error(
                    &second.key,
                    if first.value == second.value {
                        format!("`{}` is given twice", second.key)
                    } else {
                        format!("a field has one role: `{ident}` is `{}` already", first.key)
                    },
                    format!("remove `{}`", second.key),
                );
                self.add_role(role, field, ident, attrs, report);
            }
        }
    }

    fn add_role(&mut self, role: Role, field: &Field, ident: &Ident, attrs: FieldAttrs, report: &Report) {
        let name = role.name();
        for key in attrs.custom_only() {
            report.error(
                key,
                format!("the role `{name}` takes no `{key}`"),
                format!("remove `{key}`: {}", fixed_access(role)),
            );
        }
        role_type(role, ident, &field.ty, report);
        if let Some(first) = &self.roles[role as usize] {
            report.error(
                ident,
                format!("two fields have the role `{name}`: `{}` and `{ident}`", first.ident),
                if *ident == name {
                    format!("rename `{ident}`: a field of this name has the role without a mark")
                } else {
                    format!("remove `{name}` from the attribute")
                },
            );
            return;
        }
        let (column, place) = column(attrs.column, name, ident, report);
        self.columns.push((column.clone(), place));
        let words = words(&field.attrs);
        self.roles[role as usize] = Some(RoleField { role, ident: ident.clone(), ty: field.ty.clone(), column, words });
    }

    fn add_custom(&mut self, field: &Field, ident: &Ident, attrs: FieldAttrs, report: &Report) {
        let name = ident.unraw().to_string();
        if let Some((word, meaning)) = RESERVED.iter().find(|(word, _)| *word == name) {
            report.error(
                ident,
                format!("a field cannot be named `{word}`: that is the JSON key of {meaning}"),
                if *word == "password" {
                    "store the hash instead: `hashed_password: PasswordHash`"
                } else {
                    "give the field another name"
                },
            );
        }
        let access = access(ident, &attrs, report);
        if access.is_none() && !attrs.broken {
            self.unmarked.push(ident.clone());
        }
        let access = access.unwrap_or_default();
        if !access.writable() && !attrs.broken && (access.on_the_wire() || attrs.private.is_some()) {
            for rule in attrs.rules() {
                report.error(
                    rule,
                    format!("`{rule}` has nothing to check: no request can set `{ident}`"),
                    format!("remove `{rule}`, or add `create`, `update` or `admin`"),
                );
            }
        }
        if let (Some(json), Some(text)) = (&attrs.json, &attrs.text) {
            report.error(
                &text.key,
                "a field is stored as `json` or as `text`, not as both",
                format!("remove `{}` or `{}`", json.key, text.key),
            );
        }
        let rules = rules(&attrs, report);
        let storage = match (&attrs.json, &attrs.text) {
            (Some(_), _) => Storage::Json,
            (None, Some(_)) => Storage::Text,
            (None, None) => Storage::Native,
        };
        let (column, place) = column(attrs.column, &name, ident, report);
        self.columns.push((column.clone(), place));
        let key = self.key(ident, &name, access, attrs.private.is_some(), attrs.rename, report);
        self.customs.push(Custom {
            ident: ident.clone(),
            ty: field.ty.clone(),
            key,
            column,
            access,
            default: match attrs.default {
                None => Initial::Unsaid,
                Some(Given { value: None, .. }) => Initial::TypeDefault,
                Some(Given { value: Some(value), .. }) => Initial::Value(value),
            },
            storage,
            rules,
            words: words(&field.attrs),
        });
    }

    /// The JSON key of a field of the application's own.
    fn key(
        &mut self,
        ident: &Ident,
        name: &str,
        access: Access,
        private: bool,
        rename: Slot<LitStr>,
        report: &Report,
    ) -> String {
        let (key, place) = match &rename {
            None => (name.to_owned(), ident.to_token_stream()),
            Some(given) => {
                if private {
                    report.error(
                        &given.key,
                        format!("`{ident}` is private and has no JSON key to rename"),
                        "remove `rename`; `column = \"…\"` names the column",
                    );
                }
                if given.value.value().is_empty() {
                    report.error(&given.value, "a JSON key cannot be empty", "write `rename = \"fullName\"`");
                }
                (given.value.value(), given.value.to_token_stream())
            }
        };
        let taken = RESERVED
            .iter()
            .map(|(word, meaning)| (*word, *meaning))
            .chain(Role::ALL.map(|role| (role.name(), "a role")))
            .find(|(word, _)| *word == key);
        if let (Some((word, meaning)), Some(_)) = (taken, &rename) {
            report.error(
                &place,
                format!("`{word}` cannot be the JSON key of `{ident}`: it is that of {meaning}"),
                "choose another key",
            );
        } else if access.on_the_wire() {
            self.keys.push((key.clone(), place));
        }
        key
    }

    fn count(&self, user: &Ident, report: &Report) {
        if self.customs.len() > MOST_CUSTOM_FIELDS {
            report.error(
                user,
                format!("`{user}` has {} fields of its own, the most is {MOST_CUSTOM_FIELDS}", self.customs.len()),
                "gather some of them in a struct of their own, stored in one column: `#[auth(read, json)]`",
            );
        }
    }

    fn collisions(&self, report: &Report) {
        // SQLite and MySQL compare the names of columns without regard to case.
        let columns = self.columns.iter().map(|(name, place)| (name.to_lowercase(), name, place));
        twice(columns, report, "two fields have the column", "give one of them another: `#[auth(column = \"…\")]`");
        let keys = self.keys.iter().map(|(name, place)| (name.clone(), name, place));
        twice(keys, report, "two fields have the JSON key", "give one of them another: `#[auth(rename = \"…\")]`");
    }
}

fn twice<'a>(
    names: impl Iterator<Item = (String, &'a String, &'a TokenStream)>,
    report: &Report,
    message: &str,
    help: &str,
) {
    let mut seen = HashSet::new();
    for (compared, name, place) in names {
        if !seen.insert(compared) {
            report.error(place, format!("{message} `{name}`"), help);
        }
    }
}

/// The column of a field, and the place to complain about.
fn column(given: Slot<LitStr>, usual: &str, ident: &Ident, report: &Report) -> (String, TokenStream) {
    let (column, place) = match given {
        Some(given) => (sql_name("column", &given.value, LONGEST_COLUMN, report), given.value.to_token_stream()),
        None => {
            if let Some(problem) = sql_name_problem(usual, LONGEST_COLUMN) {
                report.error(
                    ident,
                    format!("`{usual}` cannot be the name of a column: {problem}"),
                    format!("name the column: `#[auth(column = \"{}\")]`", plain_word(usual, "column")),
                );
            }
            (usual.to_owned(), ident.to_token_stream())
        }
    };
    if let Some((ours, meaning)) = OUR_COLUMNS.iter().find(|(ours, _)| column.eq_ignore_ascii_case(ours)) {
        report.error(
            &place,
            format!("the column `{ours}` is taken: axum-users keeps there {meaning}"),
            "name another column: `#[auth(column = \"…\")]`",
        );
    }
    (column, place)
}

/// Who may touch a field of the application's own; `None` if its author did not say.
fn access(ident: &Ident, attrs: &FieldAttrs, report: &Report) -> Option<Access> {
    let access = Access {
        read: attrs.read.is_some(),
        create: attrs.create.is_some(),
        update: attrs.update.is_some(),
        admin: attrs.admin.is_some(),
    };
    if let (true, Some(admin)) = (access.update, &attrs.admin) {
        report.error(
            &admin.key,
            format!("`admin` says nothing beside `update`: a superuser may change `{ident}` already"),
            "remove `admin`; or remove `update`, so that only a superuser may",
        );
    }
    if let (true, Some(private)) = (access.on_the_wire(), &attrs.private) {
        report.error(
            &private.key,
            format!("`{ident}` cannot be private and on the wire"),
            "remove `private`, or the other marks",
        );
    }
    (access.on_the_wire() || attrs.private.is_some()).then_some(access)
}

fn rules(attrs: &FieldAttrs, report: &Report) -> Vec<Rule> {
    fn both<T: Copy + PartialOrd>(given: &Given<Bounds<T>>, report: &Report) -> (Option<T>, Option<T>) {
        let Given { key, value: Bounds { min, max } } = given;
        let (min, max) = (min.as_ref().map(|min| min.value), max.as_ref().map(|max| max.value));
        if min.zip(max).is_some_and(|(min, max)| min > max) {
            report.error(key, format!("`{key}` allows nothing: `min` is above `max`"), "exchange the two");
        }
        (min, max)
    }
    let mut rules = Vec::new();
    if let Some(length) = &attrs.length {
        let (min, max) = both(length, report);
        rules.push(Rule::Length { min, max });
    }
    if let Some(range) = &attrs.range {
        let (min, max) = both(range, report);
        rules.push(Rule::Range { min, max });
    }
    rules.extend(attrs.pattern.iter().map(|pattern| Rule::Pattern(pattern.value.value())));
    rules.extend(attrs.check.iter().map(|check| Rule::Check(check.value.clone())));
    rules
}

/// Refuses the types that are a frequent mistake. Of any other type the type checker knows more than we do.
fn role_type(role: Role, ident: &Ident, ty: &Type, report: &Report) {
    const FREQUENT: [&str; 24] = [
        "String",
        "str",
        "Option",
        "Vec",
        "Box",
        "Cow",
        "Arc",
        "bool",
        "char",
        "i8",
        "i16",
        "i32",
        "i64",
        "i128",
        "u8",
        "u16",
        "u32",
        "u64",
        "u128",
        "usize",
        "Uuid",
        "PasswordHash",
        "Password",
        "SecretString",
    ];
    let is_wrong = match bare(ty) {
        Type::Path(path) => path.path.segments.last().is_some_and(|last| {
            let found = last.ident.to_string();
            FREQUENT.contains(&found.as_str()) && !role.usual_types().contains(&found.as_str())
        }),
        Type::Reference(_) | Type::Tuple(_) | Type::Array(_) => true,
        _ => false,
    };
    if !is_wrong {
        return;
    }
    let wanted = match role {
        Role::Id => "a `Uuid`, an `i64` or an `i32`".to_owned(),
        _ => format!("a `{}`", role.type_name()),
    };
    let message = if *ident == role.name() {
        format!("`{ident}` must be {wanted}")
    } else {
        format!("`{ident}` has the role `{}` and must be {wanted}", role.name())
    };
    let help = match role {
        Role::Id => {
            "write `Uuid`, from `use uuid::Uuid;`, for ids made here; or `i64` or `i32` for ids made by the database"
        }
        Role::Email => "write `String`",
        Role::HashedPassword => {
            "write `PasswordHash`, from `use axum_users::PasswordHash;`: it cannot be printed, serialized or sent by mistake"
        }
        Role::IsActive | Role::IsSuperuser | Role::IsVerified if option_of(ty).is_some() => {
            "write `bool`: the column is NOT NULL"
        }
        Role::IsActive | Role::IsSuperuser | Role::IsVerified => "write `bool`",
    };
    report.error(ty, message, help);
}

/// Why a role takes no marks.
const fn fixed_access(role: Role) -> &'static str {
    match role {
        Role::Id => "clients see the id, and nobody can set it",
        Role::Email => "clients see the address, and send it to register and to change it",
        Role::HashedPassword => "nobody sees the hash, and requests set it through `password`",
        Role::IsActive | Role::IsSuperuser | Role::IsVerified => {
            "clients see the flag, and only a superuser can set it"
        }
    }
}

/// All six roles, or `None` after noting those that are missing.
fn complete(roles: [Option<RoleField>; 6], unmarked: &[Ident], input: &DeriveInput, report: &Report) -> Option<Roles> {
    let mut meant = Vec::new();
    for (role, field) in Role::ALL.iter().zip(&roles) {
        if field.is_none() {
            let name = role.name();
            let similar = unmarked.iter().find(|ident| is_similar(&ident.unraw().to_string(), *role));
            meant.extend(similar);
            report.error(
                similar.unwrap_or(&input.ident),
                format!("no field has the role `{name}`"),
                match similar {
                    Some(ident) => {
                        format!("is it `{ident}`? Rename the field to `{name}`, or mark it: `#[auth({name})]`")
                    }
                    None => format!("add `{name}: {}`, or mark a field: `#[auth({name})]`", role.type_name()),
                },
            );
        }
    }
    for ident in unmarked.iter().filter(|ident| !meant.contains(ident)) {
        report.error(
            ident,
            format!("`{ident}` does not say who may touch it"),
            "add `#[auth(read, create, update)]` with any of these marks, `admin` for superusers only, or `#[auth(private)]` for nobody",
        );
    }
    match roles {
        [Some(id), Some(email), Some(hashed_password), Some(is_active), Some(is_superuser), Some(is_verified)] => {
            Some(Roles { id, email, hashed_password, is_active, is_superuser, is_verified })
        }
        _ => None,
    }
}

/// Whether a field of this name was probably meant to have the role.
fn is_similar(name: &str, role: Role) -> bool {
    let usual: &[&str] = match role {
        Role::Id => &["uuid", "uid", "user_id", "pk"],
        Role::Email => &["mail", "e_mail", "email_address"],
        Role::HashedPassword => &["password_hash", "passwordhash", "pwhash", "hash", "password_digest"],
        Role::IsActive => &["active", "enabled", "is_enabled"],
        Role::IsSuperuser => &["superuser", "admin", "is_admin"],
        Role::IsVerified => &["verified", "email_verified", "is_confirmed"],
    };
    usual.contains(&name) || closest(name, &[role.name()]).is_some()
}

fn words(attrs: &[Attribute]) -> Words {
    let mut words = Words::default();
    for attr in attrs {
        match &attr.meta {
            Meta::NameValue(doc) if doc.path.is_ident("doc") => words.docs.push(doc.value.clone()),
            meta if meta.path().is_ident("deprecated") => words.deprecated = Some(meta.clone()),
            _ => {}
        }
    }
    words
}
