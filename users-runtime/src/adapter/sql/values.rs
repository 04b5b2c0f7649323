//! Binds the values of a user to a statement, for generated code.

use serde::Serialize;
use serde_json::Value;

use super::{
    Codec, Dialect, SqlColumn, SqlResult,
    column::as_uuid,
    error::{WrongType, missing_tenant, not_sent},
    forms::Forms,
    unchanged::Sent,
};
use crate::{
    domain::{PasswordHash, UserId},
    user::{Account, AuthUser, Columns, HasTenant, Tenant},
};

/// Takes the columns of a user in the order of the table and binds those that the statement needs.
pub struct Values<'c, DB: Dialect> {
    arguments: DB::Arguments,
    purpose: Purpose,
    custom: &'c [SqlColumn],
    forms: &'c Forms,
    next: usize,
    /// The values that are compared instead of bound, with their columns.
    sent: Vec<(usize, Sent)>,
}

/// The statement that the values are for.
#[derive(Debug, Clone, Copy)]
enum Purpose {
    /// All values; the id only if the database does not generate it.
    Insert {
        /// `true` to write the id.
        id: bool,
    },
    /// The values of some columns, of which the id is none.
    Update(Columns),
    /// The tenant of a statement, after its other parameters.
    Tenant,
    /// No statement: the values of the custom columns are compared.
    Compare,
}

impl<'c, DB: Dialect> Values<'c, DB> {
    /// Binds the arguments of [`Statements::insert`](super::Statements::insert).
    pub(super) fn insert<U: AuthUser>(custom: &'c [SqlColumn], forms: &'c Forms) -> Self {
        let purpose = Purpose::Insert { id: !U::ID_MADE_BY_DATABASE };
        Self { arguments: DB::Arguments::default(), purpose, custom, forms, next: 0, sent: Vec::new() }
    }

    /// Binds the values of these columns, for a form of [`Statements::update`](super::Statements::update).
    pub(super) fn update(custom: &'c [SqlColumn], forms: &'c Forms, columns: Columns) -> Self {
        let purpose = Purpose::Update(columns);
        Self { arguments: DB::Arguments::default(), purpose, custom, forms, next: 0, sent: Vec::new() }
    }

    /// Binds the tenant as the last argument of a statement.
    pub(super) fn after(arguments: DB::Arguments, forms: &'c Forms) -> Self {
        Self { arguments, purpose: Purpose::Tenant, custom: &[], forms, next: 0, sent: Vec::new() }
    }

    /// Takes the values of the custom columns to compare them.
    pub(super) fn compared(custom: &'c [SqlColumn], forms: &'c Forms) -> Self {
        let (arguments, next) = (DB::Arguments::default(), Columns::ROLES);
        Self { arguments, purpose: Purpose::Compare, custom, forms, next, sent: Vec::new() }
    }

    pub(super) fn into_sent(self) -> Vec<(usize, Sent)> {
        self.sent
    }

    pub(crate) fn into_arguments(self) -> DB::Arguments {
        self.arguments
    }

    /// Binds the id.
    ///
    /// # Errors
    /// [`sqlx::Error::Encode`] if the driver refuses the value.
    fn id<I: UserId>(&mut self, id: &I) -> SqlResult<()> {
        self.next += 1;
        match self.purpose {
            Purpose::Insert { id: true } => DB::add_id(&id.to_value(), self.forms.id, &mut self.arguments),
            Purpose::Insert { id: false } | Purpose::Update(_) | Purpose::Tenant | Purpose::Compare => Ok(()),
        }
    }

    /// Binds the six roles.
    ///
    /// # Errors
    /// [`sqlx::Error::Encode`] if the driver refuses a value.
    pub(super) fn account<I: UserId>(&mut self, account: &Account<'_, I>) -> SqlResult<()> {
        self.id(account.id)?;
        self.add(&account.email.to_owned())?;
        self.hash(account.hashed_password)?;
        self.add(&account.status.is_active)?;
        self.add(&account.status.is_superuser)?;
        self.add(&account.status.is_verified)
    }

    /// Moves to the next column that statements write.
    fn skip_filled(&mut self) {
        while self.own_column().is_some_and(|column| column.from_database.is_some()) {
            self.next += 1;
        }
    }

    /// Returns the next column, if it is a custom one.
    fn own_column(&self) -> Option<&SqlColumn> {
        self.custom.get(self.next.checked_sub(Columns::ROLES)?)
    }

    /// Binds a value of a type with a column type.
    ///
    /// # Errors
    /// [`sqlx::Error::Encode`] if the type's `Encode` implementation refuses the value.
    pub fn add<T: 'static>(&mut self, value: &T) -> SqlResult<()>
    where
        DB: Codec<T>,
    {
        self.skip_filled();
        let form = match self.purpose {
            Purpose::Tenant => self.forms.tenant,
            Purpose::Compare => None,
            Purpose::Insert { .. } | Purpose::Update(_) => {
                self.next.checked_sub(Columns::ROLES).and_then(|n| self.forms.custom.get(n).copied().flatten())
            }
        };
        let column = self.next;
        self.next += 1;
        if matches!(self.purpose, Purpose::Update(columns) if !columns.contains(column)) {
            return Ok(());
        }
        if let Purpose::Compare = self.purpose {
            let mut encoded = DB::Arguments::default();
            <DB as Codec<T>>::add(value, &mut encoded).map_err(|error| not_sent(column, error))?;
            self.sent.push((column, Sent::Encoded(DB::printed(&encoded))));
            return Ok(());
        }
        if let (Some(form), Some(id)) = (form, as_uuid(value)) {
            return DB::add_uuid(id, form, &mut self.arguments);
        }
        <DB as Codec<T>>::add(value, &mut self.arguments).map_err(|error| not_sent(column, error))
    }

    /// Binds the tenant.
    ///
    /// # Errors
    /// [`sqlx::Error::Encode`] if no tenant is given or its `Encode` implementation refuses the value.
    pub fn tenant<U>(&mut self, tenant: &Tenant<U>) -> SqlResult<()>
    where
        U: HasTenant,
        DB: Codec<U::Tenant>,
    {
        self.add(tenant.value().ok_or_else(missing_tenant)?)
    }

    /// Binds the password hash.
    ///
    /// # Errors
    /// [`sqlx::Error::Encode`] if the driver refuses the value.
    fn hash(&mut self, hash: &PasswordHash) -> SqlResult<()> {
        self.add(&hash.as_stored().to_owned())
    }

    /// Binds a value as JSON text. JSON's `null` becomes NULL if the column may be NULL.
    ///
    /// # Errors
    /// [`sqlx::Error::Encode`] if serde refuses the value.
    pub fn json<T: Serialize>(&mut self, value: &T) -> SqlResult<()> {
        let text =
            serde_json::to_string(value).map_err(|_| wrong_type("serde cannot serialize a field marked `json`"))?;
        self.skip_filled();
        let nullable = self.own_column().is_some_and(|column| column.nullable);
        self.add_text(if nullable && text == "null" { None } else { Some(text) })
    }

    fn add_text(&mut self, text: Option<String>) -> SqlResult<()> {
        if let Purpose::Compare = self.purpose {
            self.skip_filled();
            self.sent.push((self.next, Sent::Text(text)));
            self.next += 1;
            return Ok(());
        }
        self.add(&text)
    }

    /// Binds a value as its serde representation, a string. `None` becomes NULL.
    ///
    /// # Errors
    /// [`sqlx::Error::Encode`] if serde refuses the value or does not serialize it as a string.
    pub fn text<T: Serialize>(&mut self, value: &T) -> SqlResult<()> {
        match serde_json::to_value(value).map_err(|_| wrong_type("serde cannot serialize a field marked `text`"))? {
            Value::String(text) => self.add_text(Some(text)),
            Value::Null => self.add_text(None),
            _ => Err(wrong_type("a field marked `text` must serialize as a string; mark it `json` instead")),
        }
    }
}

/// Returns the error of a field whose type cannot be stored with its mark. serde's message may quote the value.
fn wrong_type(reason: &str) -> sqlx::Error {
    sqlx::Error::Encode(Box::new(WrongType(reason.to_owned())))
}
