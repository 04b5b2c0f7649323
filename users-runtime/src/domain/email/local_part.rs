//! The part before the at-sign, in ASCII.

use super::{EmailRefused, refuse};

/// The longest local part in octets: RFC 5321 section 4.5.3.1.1.
const MAX_OCTETS: usize = 64;

/// Checks a local part by the default rules: a dot-atom of at most 64 ASCII characters.
pub(super) fn check(text: &str) -> Result<(), EmailRefused> {
    if text.len() > MAX_OCTETS {
        return refuse("The email address is too long before the @-sign.");
    }
    check_dot_atom(text, is_atom_char)
}

/// Checks that `text` consists of atoms with single periods between them (RFC 5322 section 3.2.3).
pub(crate) fn check_dot_atom(text: &str, is_atom_char: fn(char) -> bool) -> Result<(), EmailRefused> {
    if text.split('.').any(str::is_empty) {
        return refuse("The part before the @-sign cannot start or end with a period or have two periods in a row.");
    }
    if !text.chars().all(|c| c == '.' || is_atom_char(c)) {
        return refuse("The email address contains invalid characters before the @-sign.");
    }
    Ok(())
}

/// Returns whether an unquoted local part may contain `c` (`atext` in RFC 5322 section 3.2.3).
pub(crate) fn is_atom_char(c: char) -> bool {
    c.is_ascii_alphanumeric() || "_!#$%&'*+-/=?^`{|}~".contains(c)
}
