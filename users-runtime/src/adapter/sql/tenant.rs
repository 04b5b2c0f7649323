//! Statements restricted to one tenant, for structs with `#[auth(tenant)]`.

use std::sync::Arc;

use super::{Dialect, SqlResult, SqlUser, Values, error::missing_tenant, forms::Forms, store::Store, uuid_form::Form};
use crate::user::Tenant;

impl<U: SqlUser<DB>, DB: Dialect> Store<U, DB> {
    /// Returns the same store restricted to a tenant.
    pub(super) fn for_one_tenant(&self, tenant: &Tenant<U>) -> Self {
        Self {
            pools: self.pools.clone(),
            statements: self.statements,
            session_sql: Arc::clone(&self.session_sql),
            token_sql: Arc::clone(&self.token_sql),
            counter_sql: Arc::clone(&self.counter_sql),
            counts: Arc::clone(&self.counts),
            oauth_sql: self.oauth_sql.clone(),
            sql: self.sql,
            custom: Arc::clone(&self.custom),
            columns: Arc::clone(&self.columns),
            adapted: Arc::clone(&self.adapted),
            keys: Arc::clone(&self.keys),
            tenant: Some(tenant.clone()),
        }
    }

    /// Appends the tenant as the last argument of a statement about users. All of them get it here, and without a
    /// tenant they do not run.
    pub(super) fn tenant_condition(&self, arguments: DB::Arguments, forms: &Forms) -> SqlResult<DB::Arguments> {
        if !U::HAS_TENANTS {
            return Ok(arguments);
        }
        let mut values = Values::after(arguments, forms);
        U::bind_tenant(self.tenant.as_ref().ok_or_else(missing_tenant)?, &mut values)?;
        Ok(values.into_arguments())
    }

    /// Sets the tenant of a user that is about to be written, replacing any other.
    pub(super) fn stamp(&self, user: &mut U) -> SqlResult<()> {
        match &self.tenant {
            Some(tenant) => tenant.stamp(user),
            None if U::HAS_TENANTS => return Err(missing_tenant()),
            None => {}
        }
        Ok(())
    }

    /// Runs a statement about users like [`Store::execute`].
    pub(super) async fn execute_on_users(
        &self,
        sql: &'static str,
        bind: impl Fn(&mut DB::Arguments, Form) -> SqlResult<()>,
    ) -> SqlResult<u64> {
        let mut arguments = DB::Arguments::default();
        let table = self.adapted().await?;
        bind(&mut arguments, table.forms.id)?;
        let arguments = self.tenant_condition(arguments, &table.forms)?;
        self.write(sql, arguments).await
    }
}
