impl rt::HasTenant for User {
    type Tenant = String;
    fn tenant(&self) -> &String {
        &self.tenant
    }
    fn tenant_mut(&mut self) -> &mut String {
        &mut self.tenant
    }
}
impl<DB: rt::Dialect> rt::SqlUser<DB> for User
where
    String: rt::Column<DB>,
{
    const SQL: &'static rt::UserSql = &USER_SQL;
    fn columns() -> rt::Vec<rt::SqlColumn> {
        rt::vec![
            rt::column:: < DB, String > ("tenant", rt::nullable!(DB, String)).as_tenant()
        ]
    }
    fn from_row(row: &mut rt::Row<'_, DB>) -> rt::SqlResult<Self> {
        rt::Ok(Self {
            id: row.id()?,
            email: row.get()?,
            hashed_password: row.hash()?,
            is_active: row.get()?,
            is_superuser: row.get()?,
            is_verified: row.get()?,
            tenant: row.get()?,
        })
    }
    fn bind_custom(&self, values: &mut rt::Values<'_, DB>) -> rt::SqlResult<()> {
        values.add(&self.tenant)
    }
    fn bind_tenant(
        tenant: &rt::Tenant<Self>,
        values: &mut rt::Values<'_, DB>,
    ) -> rt::SqlResult<()> {
        values.tenant(tenant)
    }
}
