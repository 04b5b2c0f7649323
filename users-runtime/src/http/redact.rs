//! Removes personal data from error messages before they are logged.

use std::error::Error;

/// Returns the messages of an error and its sources, with every word that contains an at-sign replaced.
///
/// Databases quote values in their messages ("Duplicate entry 'king@camelot.bt' for key 'email'"), and email addresses
/// must not be logged.
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
    fn the_whole_chain_is_logged_without_addresses() {
        let inner = std::io::Error::other("Duplicate entry 'king@camelot.bt' for key 'email'");
        assert_eq!(cause(&Outer(inner)), "outer: Duplicate entry *** for key 'email'");
    }
}
