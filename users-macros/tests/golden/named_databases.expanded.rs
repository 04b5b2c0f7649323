impl rt::SqlUser<rt::sqlx::Postgres> for User {
    const SQL: &'static rt::UserSql = &USER_SQL;
    fn columns() -> rt::Vec<rt::SqlColumn> {
        rt::vec![
            rt::column:: < rt::sqlx::Postgres, Vec < String > > ("tags",
            rt::nullable!(rt::sqlx::Postgres, Vec < String >))
        ]
    }
    fn from_row(row: &mut rt::Row<'_, rt::sqlx::Postgres>) -> rt::SqlResult<Self> {
        rt::Ok(Self {
            id: row.id()?,
            email: row.get()?,
            hashed_password: row.hash()?,
            is_active: row.get()?,
            is_superuser: row.get()?,
            is_verified: row.get()?,
            tags: row.get()?,
        })
    }
    fn bind_custom(
        &self,
        values: &mut rt::Values<'_, rt::sqlx::Postgres>,
    ) -> rt::SqlResult<()> {
        values.add(&self.tags)
    }
}
