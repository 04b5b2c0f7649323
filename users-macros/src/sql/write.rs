//! The statements that write users.

use super::{STANDING, Table};

impl Table<'_> {
    pub(super) fn insert(&self) -> String {
        let mut parameters = self.parameters();
        let written = if self.id_made_by_database { &self.written[1..] } else { &self.written[..] };
        let mut columns: Vec<String> = written.iter().map(|column| self.quoted(column)).collect();
        let mut values: Vec<String> = written.iter().map(|_| parameters.next()).collect();
        if let (true, Some(epoch)) = (self.id_made_by_database, self.dialect.first_epoch()) {
            columns.push(self.quoted("auth_epoch"));
            values.push(epoch.to_owned());
        }
        format!(
            "INSERT INTO {} ({}) VALUES ({}){}",
            self.table(),
            columns.join(", "),
            values.join(", "),
            self.returning(),
        )
    }

    pub(super) fn update(&self) -> String {
        let mut parameters = self.parameters();
        let mut assigned = |columns: &[&str]| -> String {
            let assignments = columns.iter().map(|column| {
                let column = self.quoted(column);
                let (write, value) = (parameters.next(), parameters.next());
                format!("{column} = CASE WHEN {write} THEN {value} ELSE {column} END")
            });
            assignments.collect::<Vec<_>>().join(", ")
        };
        let (assignments, standing) = (assigned(&self.written[1..]), assigned(&STANDING));
        format!(
            "UPDATE {table} SET {assignments}, {standing}, {epoch} = {epoch} + {step} WHERE {id} = {this} \
             AND {bytewise}COALESCE({hash}, '') = COALESCE({old_hash}, {hash}, '') \
             AND {bytewise}COALESCE({email}, '') = COALESCE({old_email}, {email}, '')\
             {tenant}{returning}",
            table = self.table(),
            epoch = self.quoted("auth_epoch"),
            step = parameters.next(),
            id = self.quoted(self.id),
            this = parameters.next(),
            bytewise = self.dialect.bytewise(),
            hash = self.quoted(self.hashed_password),
            old_hash = parameters.next(),
            email = self.quoted(self.email),
            old_email = parameters.next(),
            tenant = self.within_tenant("AND", "", &mut parameters),
            returning = self.returning(),
        )
    }

    pub(super) fn delete(&self) -> String {
        format!("DELETE FROM {}{}", self.table(), self.of_one_user())
    }

    pub(super) fn end_sessions(&self) -> String {
        self.raise_epoch() + &self.of_one_user()
    }

    pub(super) fn end_all_sessions(&self) -> String {
        self.raise_epoch() + &self.within_tenant("WHERE", "", &mut self.parameters())
    }

    fn raise_epoch(&self) -> String {
        let epoch = self.quoted("auth_epoch");
        format!("UPDATE {} SET {epoch} = {epoch} + 1", self.table())
    }

    /// Returns the condition on one id, for a statement without other parameters.
    fn of_one_user(&self) -> String {
        let mut parameters = self.parameters();
        let (id, this) = (self.quoted(self.id), parameters.next());
        format!(" WHERE {id} = {this}{}", self.within_tenant("AND", "", &mut parameters))
    }

    fn returning(&self) -> String {
        self.dialect.returning(&self.all_columns(""))
    }
}
