//! Reads and writes the columns of an account's standing.

use super::{
    Dialect, Row, SqlResult,
    base::{add, end_of_time, storable},
};
use crate::{
    domain::{Standing, Suspension},
    port::Change,
};

/// Reads the standing from its three columns, of which the first is at `first`.
pub(super) fn standing<DB: Dialect>(row: &DB::Row, first: usize) -> SqlResult<Standing> {
    let columns = Row::<DB>::new(row);
    let until = DB::upstream_time_at(row, first)?;
    let reason: Option<String> = columns.at(first + 1)?;
    let suspension = until.map(|until| Suspension::new(Some(until).filter(|until| *until < end_of_time()), reason));
    Ok(Standing { suspension, must_change_password: columns.at(first + 2)? })
}

/// Appends the values that a change writes into the columns of the standing.
pub(super) fn bind_standing<DB: Dialect>(change: &Change<()>, arguments: &mut DB::Arguments) -> SqlResult<()> {
    if let Some(suspension) = &change.suspension {
        let suspension = suspension.as_ref();
        // Without an end the suspension lasts as long as times can be stored.
        let until = suspension.map(|suspension| suspension.until.map_or_else(end_of_time, storable));
        DB::add_upstream_time(until, arguments)?;
        add::<DB, _>(&suspension.and_then(|suspension| suspension.reason.clone()), arguments)?;
    }
    match change.must_change_password {
        Some(must_change) => add::<DB, _>(&must_change, arguments),
        None => Ok(()),
    }
}
