//! Statements restricted to one tenant, for structs with `#[auth(tenant)]`.

use std::sync::Arc;

use super::{
    Dialect, SqlResult, SqlUser, Values,
    base::{Base, TenantCondition},
    error::missing_tenant,
    forms::Forms,
    uuid_form::Form,
};
use crate::user::Tenant;

/// Returns the condition for a tenant. Statements about users with tenants do not run without one.
pub(super) fn condition<U: SqlUser<DB>, DB: Dialect>(tenant: Option<Tenant<U>>) -> Option<TenantCondition<DB>> {
    if !U::HAS_TENANTS {
        return None;
    }
    Some(Arc::new(move |arguments, forms| {
        let mut values = Values::after(arguments, forms);
        U::bind_tenant(tenant.as_ref().ok_or_else(missing_tenant)?, &mut values)?;
        Ok(values.into_arguments())
    }))
}

impl<DB: Dialect> Base<DB> {
    /// Returns the same, restricted to a tenant.
    pub(super) fn restricted(&self, tenant: Option<TenantCondition<DB>>) -> Self {
        Self { tenant, ..self.again() }
    }

    /// Returns the same for an operation that does not share its transaction.
    pub(super) fn alone(&self) -> Self {
        Self { pools: self.pools.clone().alone(), ..self.again() }
    }

    /// Returns the same: everything is shared.
    pub(super) fn again(&self) -> Self {
        Self {
            pools: self.pools.clone(),
            statements: self.statements,
            session_sql: Arc::clone(&self.session_sql),
            token_sql: Arc::clone(&self.token_sql),
            counter_sql: Arc::clone(&self.counter_sql),
            counts: Arc::clone(&self.counts),
            refresh_sql: Arc::clone(&self.refresh_sql),
            refreshes: Arc::clone(&self.refreshes),
            factor_sql: Arc::clone(&self.factor_sql),
            factors: Arc::clone(&self.factors),
            passkey_sql: Arc::clone(&self.passkey_sql),
            keeps_passkeys: Arc::clone(&self.keeps_passkeys),
            #[cfg(feature = "audit")]
            audit: self.audit.clone(),
            oauth_sql: self.oauth_sql.clone(),
            sql: self.sql,
            id: self.id,
            parse_id: self.parse_id,
            print_id: self.print_id,
            custom: Arc::clone(&self.custom),
            custom_fields: self.custom_fields,
            columns: Arc::clone(&self.columns),
            adapted: Arc::clone(&self.adapted),
            keys: Arc::clone(&self.keys),
            preparing_anew: Arc::clone(&self.preparing_anew),
            tenant: self.tenant.clone(),
        }
    }

    /// Appends the tenant as the last argument of a statement about users. Every such statement gets it here.
    pub(super) fn tenant_condition(&self, arguments: DB::Arguments, forms: &Forms) -> SqlResult<DB::Arguments> {
        match &self.tenant {
            Some(append) => append(arguments, forms),
            None => Ok(arguments),
        }
    }

    /// Runs a statement about users like [`Base::execute`].
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
