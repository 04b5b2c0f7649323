//! The causes of errors as they are logged: redacted, cut and escaped.

use std::error::Error;

use super::untrusted::write_cut;
use crate::domain::redact;

/// The maximum number of characters of a chain of errors that are logged.
const MOST: usize = 1_000;

/// Returns the messages of an error and its sources, with every word that contains an at-sign replaced, cut after 1,000
/// characters, and with control characters escaped.
///
/// Databases quote values in their messages ("Duplicate entry 'king@camelot.bt' for key 'email'"), and email addresses
/// must not be logged. Other systems choose their messages freely.
pub(crate) fn cause(error: &(dyn Error + 'static)) -> String {
    let text = redact::chain(error);
    let mut cut = String::new();
    // Writing into a String cannot fail.
    let _ = write_cut(&mut cut, &text, MOST);
    cut
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("outer")]
    struct Outer(#[source] std::io::Error);

    #[test]
    fn the_whole_chain_is_logged_without_addresses() {
        let inner = std::io::Error::other("Duplicate entry 'king@camelot.bt' for key 'email'");
        assert_eq!(cause(&Outer(inner)), "outer: Duplicate entry *** for key 'email'");
    }

    #[test]
    fn a_long_message_is_cut_and_cannot_forge_a_line() {
        let long = cause(&std::io::Error::other("x".repeat(100_000)));
        assert_eq!(long, format!("{}…", "x".repeat(MOST)));
        assert_eq!(cause(&std::io::Error::other("a\nERROR b")), "a\\nERROR b");
    }
}
