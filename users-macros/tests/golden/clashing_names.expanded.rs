/// The route of registration, usually under `/auth`: `POST /register`.
pub fn s_register_routes<S_: ::axum_users::HasUsers<S>>(
    users: &::axum_users::Users<S>,
) -> ::axum_users::__private0_1_0::Router<S_> {
    use ::axum_users::__private0_1_0 as rt_;
    rt_::Routes::new(users).post("/register", rt_::register::<S>).into_router()
}
impl<DB_: rt_::Dialect> rt_::SqlUser<DB_> for S
where
    DB: rt_::Column<DB_>,
    Option<rt::Words>: rt_::Column<DB_>,
    Option<String>: rt_::Column<DB_>,
    Option<String>: rt_::Column<DB_>,
    Option<String>: rt_::Column<DB_>,
    Option<String>: rt_::Column<DB_>,
{
    const SQL: &'static rt_::UserSql = &S_SQL;
    fn columns() -> rt_::Vec<rt_::SqlColumn> {
        rt_::vec![
            rt_::column:: < DB_, DB > ("type", rt_::nullable!(DB_, DB))
            .filled_with_value(rt_::json_of!(DB, SCreate::default_type())), rt_::column::
            < DB_, Option < rt::Words > > ("user", rt_::nullable!(DB_, Option < rt::Words
            >)), rt_::column:: < DB_, Option < String > > ("account", rt_::nullable!(DB_,
            Option < String >)), rt_::column:: < DB_, Option < String > > ("values",
            rt_::nullable!(DB_, Option < String >)), rt_::column:: < DB_, Option < String
            > > ("row", rt_::nullable!(DB_, Option < String >)), rt_::column:: < DB_,
            Option < String > > ("users", rt_::nullable!(DB_, Option < String >))
        ]
    }
    fn from_row(row: &mut rt_::Row<'_, DB_>) -> rt_::SqlResult<Self> {
        rt_::Ok(Self {
            id: row.id()?,
            email: row.get()?,
            hashed_password: row.hash()?,
            is_active: row.get()?,
            is_superuser: row.get()?,
            is_verified: row.get()?,
            r#type: row.get()?,
            user: row.get()?,
            account: row.get()?,
            values: row.get()?,
            row: row.get()?,
            users: row.get()?,
        })
    }
    fn bind_custom(&self, values: &mut rt_::Values<'_, DB_>) -> rt_::SqlResult<()> {
        values.add(&self.r#type)?;
        values.add(&self.user)?;
        values.add(&self.account)?;
        values.add(&self.values)?;
        values.add(&self.row)?;
        values.add(&self.users)
    }
}
