//! The existing table of users: the statements and the forms of values for the types of its columns.

use std::sync::{Arc, PoisonError, RwLock};

use super::{
    Dialect, SqlResult,
    base::Base,
    casts::UserStatements,
    forms,
    forms::Forms,
    unchanged::{Changing, changing},
    updates::Updates,
};
use crate::{domain::IdKind, port::BoxFuture};

/// The statements and forms that depend on the columns of the table of users.
#[derive(Debug)]
pub(super) struct Adapted {
    pub(super) texts: UserStatements,
    pub(super) forms: Forms,
    pub(super) updates: Updates,
    /// The custom columns whose values are compared after a write.
    pub(super) changing: Vec<Changing>,
}

/// The properties of the table, once they have been read.
#[derive(Debug, Default)]
pub(super) struct Cached(RwLock<Option<Arc<Adapted>>>);

impl Cached {
    fn get(&self) -> Option<Arc<Adapted>> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn set(&self, adapted: Arc<Adapted>) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Some(adapted);
    }

    /// Discards the properties of the table, because the type of a column may have changed.
    pub(super) fn forget(&self) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = None;
    }
}

impl<DB: Dialect> Base<DB> {
    /// Returns the statements and forms for the existing table. It is read once, as soon as it exists, and only for types
    /// whose columns may have several forms. The caller must not hold a connection: an in-memory database has only one.
    pub(super) async fn adapted(&self) -> SqlResult<Arc<Adapted>> {
        match self.adapted.get() {
            Some(adapted) => Ok(adapted),
            None => self.adapt().await,
        }
    }

    fn adapt(&self) -> BoxFuture<'_, SqlResult<Arc<Adapted>>> {
        Box::pin(async move {
            let kind = self.id.kind;
            let is_needed = kind != IdKind::Integer || !self.custom.is_empty();
            let found = if is_needed {
                let mut connection = self.reader().await?;
                let found = forms::find::<DB>(&mut connection, self.sql, &self.custom, kind).await;
                self.settle(connection, found).await?
            } else {
                None
            };
            let exists = found.is_some();
            let (columns, forms) = match found {
                Some(found) => (found.columns, found.forms),
                None => (Vec::new(), Forms::usual::<DB>(&self.custom)),
            };
            let written = (self.statements, self.sql.login.as_ref());
            let texts = UserStatements::of::<DB>(written, &self.custom, &columns, (kind, forms.id));
            let updates = Updates::of(texts.update.as_str(), &self.columns, &self.custom, DB::quoted);
            let changing = changing::<DB>(&self.custom, &columns);
            let adapted = Arc::new(Adapted { texts, forms, updates, changing });
            if exists || !is_needed {
                self.adapted.set(Arc::clone(&adapted));
            }
            Ok(adapted)
        })
    }
}
