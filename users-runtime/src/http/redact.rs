//! What a cause may say in the log.

use std::error::Error;

/// A cause with all that caused it, for the log, with every e-mail address left out.
///
/// Databases quote values in their messages ("Duplicate entry 'king@camelot.bt' for key 'email'"), and a log is no
/// place for personal data. Any word with an at-sign goes.
pub(super) fn cause(error: &(dyn Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(error) = next {
        text.push_str(": ");
        text.push_str(&error.to_string());
        next = error.source();
    }
    text.split_inclusive(char::is_whitespace)
        .map(|word| if word.contains(['@', '＠', '﹫']) { "*** " } else { word })
        .collect::<String>()
        .trim_end()
        .to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("outer")]
    struct Outer(#[source] std::io::Error);

    #[test]
    fn the_whole_chain_is_told_and_no_address_in_it() {
        let inner = std::io::Error::other("Duplicate entry 'king@camelot.bt' for key 'email'");
        assert_eq!(cause(&Outer(inner)), "outer: Duplicate entry *** for key 'email'");
    }
}
