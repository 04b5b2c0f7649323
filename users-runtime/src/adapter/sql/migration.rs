//! Migration and comparison of the schema of one user type.

use super::{
    Dialect, SqlResult, WantedSchema, addresses,
    advice::{cause_of_time_out, explained},
    base::Base,
    ddl::{self, IdTypes},
    error::is_disconnected,
    forms::{self, Found},
    retry::repeated,
    schema,
    tables::{IdColumn, OptionalTables},
    transaction::{begin, finish},
};
use crate::{
    domain::{IdKind, StoreError},
    port::{BoxFuture, SchemaDrift},
};

impl<DB: Dialect> Base<DB> {
    /// Returns the required schema, which may depend on the existing one, and the existing table of users.
    async fn wanted(&self, connection: &mut DB::Connection) -> SqlResult<(WantedSchema, Option<Found>)> {
        let found = forms::find::<DB>(connection, self.sql, &self.custom, self.id.kind).await?;
        let mut id_types = IdTypes { key: None, references: None };
        let mut custom = self.custom.to_vec();
        if let Some(found) = &found {
            id_types.references = DB::id_type(&found.columns, self.sql.roles.id).or_else(|| found.id_type.clone());
            id_types.key.clone_from(&found.id_type);
            for (own, there) in custom.iter_mut().zip(&found.custom_types) {
                if let Some(there) = there {
                    own.sql_type.clone_from(there);
                }
            }
        }
        let optional = OptionalTables {
            counters: self.has_counters(),
            refresh: self.refreshes.load(std::sync::atomic::Ordering::Relaxed),
            second_factors: self.has_second_factors(),
            passkeys: self.has_passkeys(),
            audit: self.has_audit_log(),
        };
        Ok((ddl::wanted::<DB>(self.sql, &custom, self.id, &id_types, optional), found))
    }

    /// Refuses a migration after which users could not be added or found.
    async fn refuse_what_cannot_work(
        &self,
        connection: &mut DB::Connection,
        found: Option<&Found>,
    ) -> Result<(), schema::Refusal> {
        let Some(found) = found else {
            return match self.id {
                IdColumn { kind: IdKind::Text, made_by_database: true } => Err(schema::Refusal::Schema(format!(
                    "the table {:?} is missing, and its ids are texts that the database makes: create the table in a \
                     migration of your own, with a default or a trigger for the column {:?}",
                    self.sql.table, self.sql.roles.id,
                ))),
                _ => Ok(()),
            };
        };
        match forms::drift::<DB>(connection, self.sql, &self.custom, found).await?.into_iter().next() {
            Some(drift) => Err(schema::Refusal::Schema(drift.to_string())),
            None => Ok(()),
        }
    }

    pub(super) fn migrate<'a>(&'a self) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(async move {
            let done = self.migrate_alone().await;
            self.adapted.forget();
            match done {
                Err(schema::Refusal::Database(error)) => Err(self.explained(error).await),
                Err(schema::Refusal::Schema(text)) => Err(StoreError::Schema(text)),
                Ok(()) => Ok(()),
            }
        })
    }

    /// Classifies an error of a call at the start of an application and adds its cause and advice.
    async fn explained(&self, error: sqlx::Error) -> StoreError {
        let error = cause_of_time_out::<DB>(error, &self.pools.write).await;
        explained::<DB>(error, |error| self.error(error))
    }

    pub(super) fn check_schema<'a>(&'a self) -> BoxFuture<'a, Result<Vec<SchemaDrift>, StoreError>> {
        Box::pin(async move {
            match repeated!(self, is_disconnected::<DB>, |base| base.compare_schema()) {
                Ok(drift) => Ok(drift),
                Err(error) => Err(self.explained(error).await),
            }
        })
    }

    async fn compare_schema(&self) -> SqlResult<Vec<SchemaDrift>> {
        let mut connection = self.reader().await?;
        let drift = self.compare_on(&mut connection).await;
        self.adapted.forget();
        self.settle(connection, drift).await
    }

    /// Migrates exclusively: other migrations wait.
    async fn migrate_alone(&self) -> Result<(), schema::Refusal> {
        let mut connection = self.exclusive_writer().await?;
        connection.close_on_drop(); // closing releases the migration lock in every case
        let mut transaction = begin::<DB>(&mut connection).await?;
        let done = self.migrate_in(&mut transaction).await;
        finish(transaction, done.map(Some)).await.map(drop)
    }

    async fn migrate_in(&self, connection: &mut DB::Connection) -> Result<(), schema::Refusal> {
        if !DB::lock(connection).await? {
            return Err(sqlx::Error::PoolTimedOut.into());
        }
        let (wanted, found) = self.wanted(connection).await?;
        self.refuse_what_cannot_work(connection, found.as_ref()).await?;
        schema::migrate::<DB>(connection, &wanted).await
    }

    /// Compares the database with the user type: its tables, the forms of its UUIDs, its addresses, and the session.
    async fn compare_on(&self, connection: &mut DB::Connection) -> SqlResult<Vec<SchemaDrift>> {
        let (wanted, found) = self.wanted(connection).await?;
        let differences = schema::compare::<DB>(connection, &wanted).await?;
        let mut drift: Vec<_> = differences.into_iter().map(|difference| difference.drift).collect();
        if let Some(found) = &found {
            drift.extend(forms::drift::<DB>(connection, self.sql, &self.custom, found).await?);
            drift.extend(addresses::drift::<DB>(connection, self.sql, &found.columns).await?);
        }
        let faults = DB::session_faults(connection).await?;
        drift.extend(faults.into_iter().map(|fault| SchemaDrift::new(self.sql.table, fault)));
        Ok(drift)
    }
}
