//! Unique keys that refuse rows which the service has to store.

use super::{
    Catalog, FoundIndex, FoundTable, WantedSchema, WantedTable,
    compare::{Difference, Missing},
    confusable::confusion,
    keys::is_on,
};
use crate::{adapter::sql::SqlResult, port::SchemaDrift};

/// Returns the unique keys on the address that are stricter than ours: they refuse an address although no account has it,
/// ignoring the case of ASCII letters.
pub(super) async fn stricter<DB: Catalog>(
    connection: &mut DB::Connection,
    wanted: &WantedSchema,
    table: &WantedTable,
    found: &FoundTable,
) -> SqlResult<Vec<Difference>> {
    let mut differences = Vec::new();
    for key in found.indexes.iter().filter(|index| index.unique && is_on(&index.columns(), wanted.email)) {
        let problem = match wanted.tenant {
            Some(tenant) if !is_on(&key.columns(), tenant) => {
                Some(format!("lacks the column {tenant:?}, so an address can have an account in one tenant only"))
            }
            _ => confusion::<DB>(connection, wanted.email, table, found, key).await?,
        };
        if let Some(problem) = problem {
            let drift = SchemaDrift {
                column: Some(wanted.email.to_owned()),
                repair: key.removal.clone(),
                ..SchemaDrift::new(&table.name, format!("the unique key {} {problem}", key.name))
            };
            differences.push(Difference { drift, missing: Missing::Nothing });
        }
    }
    Ok(differences)
}

/// Returns the unique keys of a table of sessions or token states that limit the rows of a user.
pub(super) fn limiting(table: &WantedTable, found: &FoundTable) -> Vec<Difference> {
    let is_limiting = |key: &&FoundIndex| {
        let columns = key.columns();
        key.unique
            && is_on(&columns, "user_id")
            && ![table.primary_key, "session_id"].iter().any(|key| is_on(&columns, key))
    };
    let difference = |key: &FoundIndex| {
        let columns: Vec<&str> = key.parts.iter().map(|part| part.expression.as_str()).collect();
        let problem = format!("the unique key {} allows one row per {}", key.name, columns.join(", "));
        let drift = SchemaDrift { repair: key.removal.clone(), ..SchemaDrift::new(&table.name, problem) };
        Difference { drift, missing: Missing::Nothing }
    };
    found.indexes.iter().filter(is_limiting).map(difference).collect()
}
