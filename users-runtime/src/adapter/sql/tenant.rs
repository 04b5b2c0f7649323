//! Statements about users within one tenant, for structs with `#[auth(tenant)]`.

use std::sync::Arc;

use super::{
    Dialect, SqlResult, SqlUser, Values,
    error::missing_tenant,
    store::{Pools, Store},
};
use crate::user::Tenant;

impl<U: SqlUser<DB>, DB: Dialect> Store<U, DB> {
    /// The same store, held to one tenant.
    pub(super) fn for_one_tenant(&self, tenant: &Tenant<U>) -> Self {
        Self {
            pools: Pools { read: self.pools.read.clone(), write: self.pools.write.clone() },
            statements: self.statements,
            session_sql: Arc::clone(&self.session_sql),
            token_sql: Arc::clone(&self.token_sql),
            sql: self.sql,
            custom: Arc::clone(&self.custom),
            tenant: Some(tenant.clone()),
        }
    }

    /// The one place where statements about users get their tenant: as the last argument. Without one they do not run.
    pub(super) fn tenant_condition(&self, arguments: DB::Arguments) -> SqlResult<DB::Arguments> {
        if !U::HAS_TENANTS {
            return Ok(arguments);
        }
        let mut values = Values::after(arguments);
        U::bind_tenant(self.tenant.as_ref().ok_or_else(missing_tenant)?, &mut values)?;
        Ok(values.into_arguments())
    }

    /// Users are written with the tenant of the store, whatever stands in them.
    pub(super) fn stamp(&self, user: &mut U) -> SqlResult<()> {
        match &self.tenant {
            Some(tenant) => tenant.stamp(user),
            None if U::HAS_TENANTS => return Err(missing_tenant()),
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
        let arguments = self.tenant_condition(arguments)?;
        Ok(DB::execute(&mut *self.writer().await?, sql, arguments).await?.rows)
    }
}
