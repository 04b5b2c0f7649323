//! Column values: the Rust types that can be stored in a column, and the description of a column for the schema.

use std::any::{Any, TypeId};

use serde::Serialize;
use serde_json::Value;
use sqlx::{
    Decode, Encode, Type, TypeInfo as _, ValueRef as _,
    error::{BoxDynError, UnexpectedNullError},
};

use uuid::Uuid;

use super::{Driver, SqlResult, Written, error::WrongType, row::uuid_at};

/// A Rust type that can be stored in a column of the database `DB`: every type that sqlx can encode and decode.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be stored in a column",
    label = "no column type is known for `{Self}`",
    note = "store it as JSON: `#[auth(…, json)]`",
    note = "or, if serde turns it into a string, as text: `#[auth(…, text)]`",
    note = "or implement sqlx's `Type`, `Encode` and `Decode` for it"
)]
pub trait Column<DB: Driver>: Sized {
    /// Returns the database's name of the type, such as `TEXT`.
    fn type_name() -> String;

    /// Appends the value to a statement's arguments.
    ///
    /// # Errors
    /// The error of the type's `Encode` implementation.
    fn add(&self, arguments: &mut DB::Arguments) -> Result<(), BoxDynError>;

    /// Returns whether the value is stored as NULL.
    fn is_null(&self) -> bool;

    /// Reads the column at `index`.
    ///
    /// # Errors
    /// [`sqlx::Error::ColumnDecode`] if the column is missing or its value has another type.
    fn read(row: &DB::Row, index: usize) -> SqlResult<Self>;
}

#[diagnostic::do_not_recommend]
impl<DB, T> Column<DB> for T
where
    DB: Driver,
    T: Type<DB> + for<'q> Encode<'q, DB> + for<'r> Decode<'r, DB> + 'static,
{
    fn type_name() -> String {
        T::type_info().name().to_owned()
    }

    fn add(&self, arguments: &mut DB::Arguments) -> Result<(), BoxDynError> {
        DB::add_value(self, arguments)
    }

    fn is_null(&self) -> bool {
        DB::is_stored_as_null(self)
    }

    fn read(row: &DB::Row, index: usize) -> SqlResult<Self> {
        let value = DB::value_at(row, index)?;
        if let Some(id) = uuid::<DB, T>(row, index, value.is_null()) {
            return id;
        }
        let found = value.type_info();
        if !value.is_null() && !found.is_null() && !T::compatible(&found) {
            if let Some(converted) = DB::convert(&value) {
                return converted.map_err(|source| sqlx::Error::ColumnDecode { index: index.to_string(), source });
            }
            let reason = format!("has the type {found}, the field wants {}", T::type_info());
            return Err(sqlx::Error::ColumnDecode { index: index.to_string(), source: WrongType(reason).into() });
        }
        let is_null = value.is_null();
        let decoded = T::decode(value).and_then(|decoded| {
            if is_null && !DB::is_null(&decoded) { Err(UnexpectedNullError.into()) } else { Ok(decoded) }
        });
        decoded.map_err(|source| sqlx::Error::ColumnDecode { index: index.to_string(), source })
    }
}

/// Reads a `Uuid` or an `Option<Uuid>`, in whichever form it is stored. Returns `None` for other types.
fn uuid<DB: Driver, T: 'static>(row: &DB::Row, index: usize, is_null: bool) -> Option<SqlResult<T>> {
    fn into<T: 'static, V: 'static>(value: V) -> Option<T> {
        let mut value = Some(value);
        (&mut value as &mut dyn Any).downcast_mut::<Option<T>>()?.take()
    }
    match () {
        () if !is_uuid::<T>() => None,
        () if TypeId::of::<T>() == TypeId::of::<Uuid>() => uuid_at::<DB>(row, index).map(into).transpose(),
        () if is_null => into(None::<Uuid>).map(Ok),
        () => uuid_at::<DB>(row, index).map(|id| into(Some(id))).transpose(),
    }
}

/// Returns `true` for `Uuid` and `Option<Uuid>`.
fn is_uuid<T: 'static>() -> bool {
    [TypeId::of::<Uuid>(), TypeId::of::<Option<Uuid>>()].contains(&TypeId::of::<T>())
}

/// Returns `true` for a type that is stored as bytes and is neither a UUID nor bytes itself.
fn is_bytes_of_a_type<DB: Driver, T: Column<DB> + 'static>() -> bool {
    let bytes = [
        TypeId::of::<Vec<u8>>(),
        TypeId::of::<Option<Vec<u8>>>(),
        TypeId::of::<Box<[u8]>>(),
        TypeId::of::<Option<Box<[u8]>>>(),
    ];
    T::type_name() == "BLOB" && !is_uuid::<T>() && !bytes.contains(&TypeId::of::<T>())
}

/// Returns the value of a `Uuid` or an `Option<Uuid>`. `None` for other types.
pub(super) fn as_uuid<T: 'static>(value: &T) -> Option<Option<Uuid>> {
    let value: &dyn Any = value;
    value.downcast_ref::<Uuid>().map(|id| Some(*id)).or_else(|| value.downcast_ref::<Option<Uuid>>().copied())
}

/// [`Column`] from the database's side: `DB: Codec<T>` is equivalent to `T: Column<DB>`, but as a supertrait of
/// [`Dialect`](super::Dialect) it is implied, so generated code needs no bounds for the types of the six roles.
pub trait Codec<T>: Driver {
    /// Returns the database's name of the type.
    fn type_name() -> String;

    /// Appends a value to a statement's arguments.
    ///
    /// # Errors
    /// As for [`Column::add`].
    fn add(value: &T, arguments: &mut Self::Arguments) -> Result<(), BoxDynError>;

    /// Reads the column at `index`.
    ///
    /// # Errors
    /// As for [`Column::read`].
    fn read(row: &Self::Row, index: usize) -> SqlResult<T>;
}

impl<DB: Driver, T: Column<DB>> Codec<T> for DB {
    fn type_name() -> String {
        T::type_name()
    }

    fn add(value: &T, arguments: &mut Self::Arguments) -> Result<(), BoxDynError> {
        value.add(arguments)
    }

    fn read(row: &Self::Row, index: usize) -> SqlResult<T> {
        T::read(row, index)
    }
}

/// The description of a custom column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SqlColumn {
    /// The name, unquoted.
    pub name: &'static str,
    /// The type, in the database's notation.
    pub sql_type: String,
    /// `true` if the column may be NULL.
    pub nullable: bool,
    /// The value for existing rows when the column is added: an SQL literal.
    pub fill: Option<String>,
    /// `true` if the column contains the tenant (`#[auth(tenant)]`), which makes addresses unique per tenant.
    pub is_tenant: bool,
    /// `true` if the column contains the login name (`#[auth(login)]`), which is unique.
    pub is_login: bool,
    /// Whether the database fills the column (`#[auth(from_database)]`), and the SQL that does so in a new column.
    pub from_database: Option<FromDatabase>,
    /// `json` or `text`, if the field has such a mark.
    pub stored_as: Option<StoredAs>,
    /// `true` if the field has an explicit default.
    pub has_default: bool,
    /// The values that requests write into the column.
    pub written: Written,
    /// `true` if the field is a `Uuid` or an `Option<Uuid>`, whose form is found in the table.
    pub is_uuid: bool,
    /// `true` if the field is stored as bytes and is neither a UUID nor bytes itself, such as a newtype around a UUID.
    pub is_shaped_bytes: bool,
}

/// The form of a field in its column, if it is not that of its own type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StoredAs {
    /// JSON (`#[auth(json)]`).
    Json,
    /// Its serde representation as a string (`#[auth(text)]`).
    Text,
}

/// How the database fills a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FromDatabase {
    /// By the column's default, which is this SQL in a new column.
    Default(&'static str),
    /// In a way that is not known here: a default, a generated column or a trigger.
    Unknown,
}

/// Returns the column of a field of type `T`.
#[must_use]
pub fn column<DB: Driver, T: Column<DB> + 'static>(name: &'static str, nullable: bool) -> SqlColumn {
    let sql_type = DB::declared(&T::type_name());
    let fill = (!nullable).then(|| DB::zero(&sql_type)).flatten().map(str::to_owned);
    let is_shaped_bytes = is_bytes_of_a_type::<DB, T>();
    SqlColumn { fill, is_uuid: is_uuid::<T>(), is_shaped_bytes, ..SqlColumn::new(name, sql_type, nullable) }
}

/// Returns the column of a field that is stored as JSON text.
#[must_use]
pub fn json_column<DB: Driver>(name: &'static str, nullable: bool) -> SqlColumn {
    SqlColumn { stored_as: Some(StoredAs::Json), ..SqlColumn::new(name, DB::TEXT.to_owned(), nullable) }
}

/// Returns the column of a field that is stored as its serde representation, a string.
#[must_use]
pub fn text_column<DB: Driver>(name: &'static str, nullable: bool) -> SqlColumn {
    SqlColumn { stored_as: Some(StoredAs::Text), ..SqlColumn::new(name, DB::TEXT.to_owned(), nullable) }
}

impl SqlColumn {
    const fn new(name: &'static str, sql_type: String, nullable: bool) -> Self {
        Self {
            name,
            sql_type,
            nullable,
            fill: None,
            is_tenant: false,
            is_login: false,
            from_database: None,
            stored_as: None,
            has_default: false,
            written: Written::Unknown,
            is_uuid: false,
            is_shaped_bytes: false,
        }
    }

    /// Marks the column as filled by the database: by `default`, which is the SQL of the default of a new column, or in
    /// a way that is not known.
    #[must_use]
    pub fn from_database(mut self, default: Option<&'static str>) -> Self {
        self.from_database = Some(default.map_or(FromDatabase::Unknown, FromDatabase::Default));
        self.fill = None;
        self
    }

    /// Marks the column as the tenant's.
    #[must_use]
    pub fn as_tenant(mut self) -> Self {
        self.is_tenant = true;
        self
    }

    /// Marks the column as that of the login name.
    #[must_use]
    pub fn as_login(mut self) -> Self {
        self.is_login = true;
        self
    }

    /// Sets the value for existing rows (the field's `default`) if it is a string, a number or a boolean.
    #[must_use]
    pub fn filled_with<T: Serialize>(self, value: &T) -> Self {
        self.filled_with_value(serde_json::to_value(value).ok())
    }

    /// Sets the value for existing rows from its JSON. `None` for a type without JSON, whose literal is not known.
    #[must_use]
    pub fn filled_with_value(mut self, value: Option<Value>) -> Self {
        self.has_default = true;
        self.fill = match value {
            // serde writes a UUID as text, but sqlx stores its bytes where the database has no UUID type. The text of
            // other bytes is not known.
            Some(Value::String(text)) if ["BLOB", "BINARY"].iter().any(|bytes| self.sql_type.contains(bytes)) => {
                Uuid::try_parse(&text).ok().map(|id| format!("x'{}'", id.simple()))
            }
            Some(Value::String(text)) => Some(literal(&text)),
            Some(Value::Number(number)) => Some(number.to_string()),
            Some(Value::Bool(flag)) => Some(if flag { "TRUE" } else { "FALSE" }.to_owned()),
            _ => self.fill,
        };
        self
    }

    /// Sets the value for existing rows, for a column of JSON text.
    #[must_use]
    pub fn filled_with_json<T: Serialize>(mut self, value: &T) -> Self {
        self.has_default = true;
        self.fill = serde_json::to_string(value).ok().map(|text| literal(&text)).or(self.fill);
        self
    }
}

/// Formats a string as an SQL literal. Called only with values from the application's source code, never with those of a request.
fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}
