//! Unique keys of the table of users: which of them are on the address, and which take different addresses for equal.

use std::sync::{Arc, PoisonError, RwLock};

use super::{
    Catalog, FoundIndex, FoundTable, KeyPart, WantedSchema, WantedTable,
    compare::{Difference, Missing},
};
use crate::{adapter::sql::SqlResult, domain::CanonicalEmail, port::SchemaDrift};

/// No address is longer (RFC 5321 section 4.5.3.1.3, erratum 1690 of RFC 3696).
const LONGEST_ADDRESS: usize = 254;
/// No part before the at sign is longer (RFC 5321 section 4.5.3.1.1).
const LONGEST_LOCAL_PART: usize = 64;

/// Addresses of different accounts that a collation or an expression may take for equal: accents, ß, letters that lose
/// their dot or become ASCII in lower case, compatible letters, and what providers of mailboxes ignore.
const DIFFERENT: [&str; 18] = [
    "a@strasse.example",
    "a@straße.example",
    "e@camelot.example",
    "é@camelot.example",
    "É@camelot.example",
    "a@bucher.example",
    "a@bücher.example",
    "i@camelot.example",
    "I@camelot.example",
    "ı@camelot.example",
    "İ@camelot.example",
    "k@camelot.example",
    "\u{212a}@camelot.example",
    "\u{ff4b}@camelot.example",
    "ab@camelot.example",
    "a.b@camelot.example",
    "a+b@camelot.example",
    "ab@cornwall.example",
];

/// Returns pairs of the longest addresses, which differ only in the last letter before the at sign and only in the last one
/// of the domain: a key on a part of the address takes them for equal.
fn longest_addresses() -> [String; 4] {
    let local = |last: &str| format!("{}{last}", "a".repeat(LONGEST_LOCAL_PART - 1));
    let domain = |last: &str| {
        let label = "b".repeat(49);
        let rest = LONGEST_ADDRESS - LONGEST_LOCAL_PART - 1 - 3 * (label.len() + 1) - 1;
        format!("{label}.{label}.{label}.{}{last}", "c".repeat(rest))
    };
    [("a", "c"), ("b", "c"), ("c", "d"), ("c", "e")].map(|(at, end)| format!("{}@{}", local(at), domain(end)))
}

/// The unique keys of the table of users, as last read from the catalog.
#[derive(Default)]
pub(in crate::adapter::sql) struct UniqueKeys(RwLock<Option<Arc<[FoundIndex]>>>);

impl UniqueKeys {
    /// Returns the keys; `None` if they were not read yet.
    pub(in crate::adapter::sql) fn known(&self) -> Option<Arc<[FoundIndex]>> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Replaces the keys by those of a table.
    pub(in crate::adapter::sql) fn learn(&self, table: &FoundTable) {
        let keys = table.indexes.iter().filter(|index| index.unique).cloned().collect();
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Some(keys);
    }
}

/// Returns `true` if a column is among these.
pub(in crate::adapter::sql) fn is_on<S: AsRef<str>>(columns: &[S], column: &str) -> bool {
    columns.iter().any(|there| there.as_ref().eq_ignore_ascii_case(column))
}

impl FoundIndex {
    /// Returns the columns that the index compares.
    pub(in crate::adapter::sql) fn columns(&self) -> Vec<String> {
        self.parts.iter().flat_map(|part| part.columns.iter().cloned()).collect()
    }
}

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

/// Returns which different addresses a key takes for equal, if there are any.
async fn confusion<DB: Catalog>(
    connection: &mut DB::Connection,
    email: &str,
    table: &WantedTable,
    found: &FoundTable,
    key: &FoundIndex,
) -> SqlResult<Option<String>> {
    let parts: Vec<&KeyPart> = key.parts.iter().filter(|part| is_on(&part.columns, email)).collect();
    if let [KeyPart { prefix: Some(prefix), .. }] = parts[..]
        && usize::try_from(*prefix).is_ok_and(|prefix| prefix < LONGEST_ADDRESS)
    {
        return Ok(Some(format!("compares only the first {prefix} characters of an address")));
    }
    let longest = longest_addresses();
    let probes: Vec<&str> = DIFFERENT.into_iter().chain(longest.iter().map(String::as_str)).collect();
    let equal = DB::equal_addresses(connection, table, found, email, &parts, &probes).await?;
    let different = equal.into_iter().filter(|(one, other)| CanonicalEmail::of(one) != CanonicalEmail::of(other));
    // A short example says more.
    let different = different.min_by_key(|(one, _)| one.len() == LONGEST_ADDRESS);
    Ok(different.map(|(one, other)| {
        if one.len() == LONGEST_ADDRESS {
            return "compares only a part of an address; another index keeps addresses unique".to_owned();
        }
        format!("takes different addresses for equal, such as {one} and {other}; another index keeps addresses unique")
    }))
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;
    use crate::domain::{EmailAddress, EmailRules};

    #[test]
    fn the_longest_probes_are_different_addresses_of_the_greatest_length() {
        let addresses = longest_addresses();
        for address in &addresses {
            assert_eq!(address.len(), LONGEST_ADDRESS, "{address}");
            assert!(EmailAddress::parse(address, EmailRules::Ascii).is_ok(), "{address}");
        }
        assert_eq!(addresses.iter().collect::<HashSet<_>>().len(), addresses.len());
    }
}
