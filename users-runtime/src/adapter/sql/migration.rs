//! Migration and comparison of the schema of one user type.

use super::{
    Dialect, SqlResult, SqlUser, WantedSchema,
    ddl::{self, IdTypes},
    forms, schema,
    store::Store,
    tables::IdColumn,
    transaction::{begin, finish},
};
use crate::{
    domain::{IdKind, id_kind},
    port::SchemaDrift,
};

impl<U: SqlUser<DB>, DB: Dialect> Store<U, DB> {
    /// Returns the required schema, which may depend on the existing one.
    async fn wanted(&self, connection: &mut DB::Connection) -> SqlResult<WantedSchema> {
        let references = DB::id_type(connection, self.schema(), self.sql.table, self.sql.roles.id).await?;
        let mut id_types = IdTypes { key: None, references };
        let mut custom = self.custom.to_vec();
        if let Some(found) = forms::find::<DB>(connection, self.sql, &self.custom, id_kind::<U::Id>()).await? {
            id_types.references = id_types.references.or_else(|| found.id_type.clone());
            id_types.key = found.id_type;
            for (own, there) in custom.iter_mut().zip(found.custom_types) {
                own.sql_type = there.unwrap_or_else(|| std::mem::take(&mut own.sql_type));
            }
        }
        Ok(ddl::wanted::<DB>(self.sql, &custom, IdColumn::of::<U>(), &id_types, self.has_counters()))
    }

    /// Reports UUIDs that are not written in the form of their column.
    async fn uuid_drift(&self, connection: &mut DB::Connection) -> SqlResult<Vec<SchemaDrift>> {
        forms::drift::<DB>(connection, self.sql, &self.custom, id_kind::<U::Id>()).await
    }

    /// Refuses a migration after which users could not be added or found.
    async fn refuse_what_cannot_work(&self, connection: &mut DB::Connection) -> Result<(), schema::Refusal> {
        let id = IdColumn::of::<U>();
        if id == (IdColumn { kind: IdKind::Text, made_by_database: true })
            && DB::describe(connection, self.schema(), self.sql.table).await?.columns.is_empty()
        {
            return Err(schema::Refusal::Schema(format!(
                "the table {:?} is missing, and its ids are texts that the database makes: create the table in a migration \
                 of your own, with a default or a trigger for the column {:?}",
                self.sql.table, self.sql.roles.id,
            )));
        }
        match self.uuid_drift(connection).await?.into_iter().next() {
            Some(drift) => Err(schema::Refusal::Schema(drift.to_string())),
            None => Ok(()),
        }
    }

    /// Migrates alone: other migrations wait.
    pub(super) async fn migrate_alone(&self) -> Result<(), schema::Refusal> {
        let mut connection = self.writer().await?;
        if DB::OVER_A_NETWORK {
            connection.close_on_drop(); // closing releases the migration lock in every case
        }
        let mut transaction = begin::<DB>(&mut connection).await?;
        let done = self.migrate_in(&mut transaction).await;
        finish(transaction, done.map(Some)).await.map(drop)
    }

    async fn migrate_in(&self, connection: &mut DB::Connection) -> Result<(), schema::Refusal> {
        if !DB::lock(connection).await? {
            return Err(sqlx::Error::PoolTimedOut.into());
        }
        let wanted = self.wanted(connection).await?;
        self.refuse_what_cannot_work(connection).await?;
        schema::migrate::<DB>(connection, &wanted).await
    }

    /// Compares the database with the user type: its tables, the forms of its UUIDs, and the session.
    pub(super) async fn compare_on(&self, connection: &mut DB::Connection) -> SqlResult<Vec<SchemaDrift>> {
        let wanted = self.wanted(connection).await?;
        let differences = schema::compare::<DB>(connection, &wanted).await?;
        let mut drift: Vec<_> = differences.into_iter().map(|difference| difference.drift).collect();
        drift.extend(self.uuid_drift(connection).await?);
        let faults = DB::session_faults(connection).await?;
        drift.extend(faults.into_iter().map(|fault| SchemaDrift::new(self.sql.table, fault)));
        Ok(drift)
    }
}
