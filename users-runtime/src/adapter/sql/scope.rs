//! Statements about users within one tenant, for structs with `#[auth(scope)]`.

use std::sync::Arc;

use super::{
    Dialect, SqlResult, SqlUser, Values,
    error::unscoped,
    store::{Pools, Store},
};
use crate::user::Scope;

impl<U: SqlUser<DB>, DB: Dialect> Store<U, DB> {
    /// The same store, held to one tenant.
    pub(super) fn held_to(&self, scope: &Scope<U>) -> Self {
        Self {
            pools: Pools { read: self.pools.read.clone(), write: self.pools.write.clone() },
            statements: self.statements,
            session_sql: Arc::clone(&self.session_sql),
            sql: self.sql,
            custom: Arc::clone(&self.custom),
            scope: Some(scope.clone()),
        }
    }

    /// The one place where statements about users get their tenant: as the last argument. Without one they do not run.
    pub(super) fn held_to_scope(&self, arguments: DB::Arguments) -> SqlResult<DB::Arguments> {
        if !U::IS_SCOPED {
            return Ok(arguments);
        }
        let mut values = Values::after(arguments);
        U::bind_scope(self.scope.as_ref().ok_or_else(unscoped)?, &mut values)?;
        Ok(values.into_arguments())
    }

    /// Users are written with the tenant of the store, whatever stands in them.
    pub(super) fn stamp(&self, user: &mut U) -> SqlResult<()> {
        match &self.scope {
            Some(scope) => scope.stamp(user),
            None if U::IS_SCOPED => return Err(unscoped()),
            None => {}
        }
        Ok(())
    }

    /// As [`Store::execute`], for a statement about users.
    pub(super) async fn execute_on_users(
        &self,
        sql: &'static str,
        bind: impl Fn(&mut DB::Arguments) -> SqlResult<()>,
    ) -> SqlResult<u64> {
        let mut arguments = DB::Arguments::default();
        bind(&mut arguments)?;
        let arguments = self.held_to_scope(arguments)?;
        Ok(DB::execute(&mut *self.writer().await?, sql, arguments).await?.rows)
    }
}
