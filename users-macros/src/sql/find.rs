//! The statements that find users: by id, by session, by address, by login name.

use super::{List, Listed, Table};

impl Table<'_> {
    pub(super) fn find(&self) -> String {
        let mut parameters = self.parameters();
        format!(
            "SELECT {all}, {token} FROM {table} AS u LEFT JOIN {state} AS s ON s.{token_id} = {p1} WHERE u.{id} = {p2}\
             {tenant}",
            all = self.all_columns("u."),
            token = self.token_columns(),
            table = self.table(),
            state = self.token_state(),
            token_id = self.quoted("token_id"),
            p1 = parameters.next(),
            id = self.quoted(self.id),
            p2 = parameters.next(),
            tenant = self.within_tenant("AND", "u.", &mut parameters),
        )
    }

    pub(super) fn find_many(&self) -> String {
        let mut parameters = self.parameters();
        let wanted = [
            Listed { name: "id", json_type: self.json_type_of_id() },
            Listed { name: "token", json_type: "VARCHAR(22)" },
        ];
        let List { table: list, number, columns } = self.dialect.list(&wanted, &mut parameters);
        let id = if self.has_integer_id { columns[0].clone() } else { self.dialect.text(&columns[0]) };
        format!(
            "SELECT {all}, {token}, {number} FROM {list} {join} {table} AS u ON u.{column} = {id} \
             LEFT JOIN {state} AS s ON s.{token_id} = {wanted}{tenant}",
            all = self.all_columns("u."),
            token = self.token_columns(),
            join = self.dialect.join(),
            table = self.table(),
            column = self.quoted(self.id),
            state = self.token_state(),
            token_id = self.quoted("token_id"),
            wanted = columns[1],
            tenant = self.within_tenant("WHERE", "u.", &mut parameters),
        )
    }

    /// A type that holds every id. The runtime converts it where the column has another one.
    fn json_type_of_id(&self) -> &'static str {
        match () {
            () if self.has_integer_id => "BIGINT",
            () if self.has_own_id => "VARCHAR(255)",
            () => "CHAR(36)",
        }
    }

    pub(super) fn find_session(&self) -> String {
        let mut parameters = self.parameters();
        format!(
            "SELECT {columns} FROM {sessions} AS t {user} WHERE t.{token} = {p1} AND t.{hashed} = {p2}{tenant}",
            columns = self.session_columns(),
            sessions = self.dialect.qualified(self.schema, self.sessions),
            user = self.join_user_of_session("JOIN"),
            token = self.quoted("token"),
            p1 = parameters.next(),
            hashed = self.quoted("hashed"),
            p2 = parameters.next(),
            tenant = self.within_tenant("AND", "u.", &mut parameters),
        )
    }

    pub(super) fn find_sessions(&self) -> String {
        let mut parameters = self.parameters();
        let wanted = [Listed { name: "token", json_type: "VARCHAR(43)" }, Listed { name: "hashed", json_type: "INT" }];
        let List { table: list, number, columns } = self.dialect.list(&wanted, &mut parameters);
        let join = self.dialect.join();
        format!(
            "SELECT {all}, {number} FROM {list} \
             {join} {sessions} AS t ON t.{token} = {wanted_token} AND t.{hashed} = {wanted_hashed} {user}{tenant}",
            all = self.session_columns(),
            sessions = self.dialect.qualified(self.schema, self.sessions),
            token = self.quoted("token"),
            wanted_token = self.dialect.text(&columns[0]),
            hashed = self.quoted("hashed"),
            wanted_hashed = columns[1],
            user = self.join_user_of_session(join),
            tenant = self.within_tenant("WHERE", "u.", &mut parameters),
        )
    }

    pub(super) fn find_by_email(&self) -> String {
        let mut parameters = self.parameters();
        format!(
            "SELECT {all} FROM {table} AS u WHERE {email} = {parameter}{tenant}",
            all = self.all_columns("u."),
            table = self.table(),
            email = self.dialect.canonical_email(&self.quoted(self.email)),
            parameter = parameters.next(),
            tenant = self.within_tenant("AND", "u.", &mut parameters),
        )
    }

    pub(super) fn find_by_login_name(&self, column: &str) -> String {
        let mut parameters = self.parameters();
        format!(
            "SELECT {all} FROM {table} AS u WHERE u.{name} = {parameter}{tenant}",
            all = self.all_columns("u."),
            table = self.table(),
            name = self.quoted(column),
            parameter = parameters.next(),
            tenant = self.within_tenant("AND", "u.", &mut parameters),
        )
    }

    /// Returns the columns of a session: those of its user and of its token state, then its own. The token is among
    /// them, since a database may find it by a collation that treats different letters as equal.
    fn session_columns(&self) -> String {
        let own = ["session_id", "auth_epoch", "created_at", "last_seen_at", "token", "backend", "amr", "logged_in_at"];
        let own = own.map(|column| format!("t.{}", self.quoted(column))).join(", ");
        format!("{}, {}, {own}", self.all_columns("u."), self.token_columns())
    }

    /// Joins the user and the token state of the session `t`.
    fn join_user_of_session(&self, join: &str) -> String {
        format!(
            "{join} {table} AS u ON u.{id} = t.{user_id} LEFT JOIN {state} AS s ON s.{token_id} = t.{session_id}",
            table = self.table(),
            id = self.quoted(self.id),
            user_id = self.quoted("user_id"),
            state = self.token_state(),
            token_id = self.quoted("token_id"),
            session_id = self.quoted("session_id"),
        )
    }

    fn token_columns(&self) -> String {
        ["revoked", "kept_epoch", "reauthenticated_at", "amr"]
            .map(|column| format!("s.{}", self.quoted(column)))
            .join(", ")
    }

    fn token_state(&self) -> String {
        self.dialect.qualified(self.schema, &format!("{}_token_state", self.name))
    }
}
