//! Different addresses that a collation or an expression treats as equal.

use super::{Catalog, FoundIndex, FoundTable, KeyPart, WantedTable, keys::is_on};
use crate::{adapter::sql::SqlResult, domain::CanonicalEmail};

/// No address is longer (RFC 5321 section 4.5.3.1.3, erratum 1690 of RFC 3696).
const LONGEST_ADDRESS: usize = 254;
/// No part before the at sign is longer (RFC 5321 section 4.5.3.1.1).
const LONGEST_LOCAL_PART: usize = 64;

/// Addresses of different accounts that a collation or an expression may treat as equal: accents, ß, letters that lose
/// their dot or become ASCII in lower case, compatibility characters, and parts that mailbox providers ignore.
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

/// Returns pairs of the longest addresses, which differ only in the last letter before the at sign and only in the last
/// one of the domain: a key on a part of the address treats them as equal.
fn longest_addresses() -> [String; 4] {
    let local = |last: &str| format!("{}{last}", "a".repeat(LONGEST_LOCAL_PART - 1));
    let domain = |last: &str| {
        let label = "b".repeat(49);
        let rest = LONGEST_ADDRESS - LONGEST_LOCAL_PART - 1 - 3 * (label.len() + 1) - 1;
        format!("{label}.{label}.{label}.{}{last}", "c".repeat(rest))
    };
    [("a", "c"), ("b", "c"), ("c", "d"), ("c", "e")].map(|(at, end)| format!("{}@{}", local(at), domain(end)))
}

/// Returns which different addresses a key treats as equal, if there are any.
pub(super) async fn confusion<DB: Catalog>(
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
    // A short example is clearer.
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
