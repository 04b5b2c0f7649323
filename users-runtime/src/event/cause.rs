//! The causes of errors as they are logged: redacted, cut and escaped.

use std::error::Error;

use super::untrusted::write_cut;
use crate::domain::redact;

/// The maximum number of characters of a chain of errors that are logged.
const MOST: usize = 1_000;

/// Returns the [redacted messages](redact::chain) of an error and its sources, cut after 1,000 characters, and with control
/// characters escaped: other systems choose their messages freely.
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

    #[test]
    fn a_long_message_is_cut_and_cannot_forge_a_line() {
        let long = cause(&std::io::Error::other("x".repeat(100_000)));
        assert_eq!(long, format!("{}…", "x".repeat(MOST)));
        assert_eq!(cause(&std::io::Error::other("a\nERROR b")), "a\\nERROR b");
        assert_eq!(cause(&std::io::Error::other("for king@camelot.bt")), "for ***");
    }
}
