//! Users with values that cannot be read, for their repair.

use super::{ById, Dialect, Row, SqlResult, SqlUser, lookups::lookup, store::Store};
use crate::{port::Damaged, user::Columns};

impl<U: SqlUser<DB>, DB: Dialect> Store<U, DB> {
    /// Reads a user and takes the values that cannot be read from the user `substitute`.
    pub(super) async fn read_damaged(&self, id: U::Id, substitute: U::Id) -> SqlResult<Option<Damaged<U>>> {
        let Some(row) = self.row_of(id).await? else { return Ok(None) };
        let Some(substitute) = self.row_of(substitute).await? else { return Ok(None) };
        let mut row = Row::damaged(&row, &substitute);
        let user = U::from_row(&mut row)?;
        let columns = row.into_replaced().into_iter().fold(Columns::NONE, Columns::with);
        Ok(Some(Damaged::new(user, columns)))
    }

    async fn row_of(&self, id: U::Id) -> SqlResult<Option<DB::Row>> {
        let table = self.adapted().await?;
        let wanted = lookup::<DB, U>(&ById { id, token: None }, table.forms.id)?;
        let arguments = self.tenant_condition(wanted, &table.forms)?;
        Ok(self.read(table.texts.find.clone(), arguments).await?.into_iter().next())
    }
}
