//! Users with values that cannot be read, for their repair.

use super::{Dialect, Row, SqlUser, store::Store};
use crate::{
    domain::{StoreError, UserId as _},
    port::Damaged,
    user::Columns,
};

impl<U: SqlUser<DB>, DB: Dialect> Store<U, DB> {
    /// Reads a user and takes the values that cannot be read from the user `substitute`.
    pub(super) async fn read_damaged(&self, id: U::Id, substitute: U::Id) -> Result<Option<Damaged<U>>, StoreError> {
        let Some(row) = self.base.row_of(id.to_value()).await? else { return Ok(None) };
        let Some(substitute) = self.base.row_of(substitute.to_value()).await? else { return Ok(None) };
        let mut row = Row::damaged(&row, &substitute);
        let user = U::from_row(&mut row).map_err(|error| self.base.error(error))?;
        let columns = row.into_replaced().into_iter().fold(Columns::NONE, Columns::with);
        Ok(Some(Damaged::new(user, columns)))
    }
}
