//! Removes personal data from error messages before they are logged.

use std::error::Error;

/// Returns the messages of an error and its sources, each once, with every word that contains an at-sign replaced.
///
/// An error whose text already ends with that of its source, as in sqlx, is not followed by the source again.
///
/// Databases quote values in their messages ("Duplicate entry 'king@camelot.bt' for key 'email'"), and email addresses
/// must not be logged.
pub(crate) fn chain(error: &(dyn Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(error) = next {
        let message = error.to_string();
        if !text.ends_with(&message) {
            text.push_str(": ");
            text.push_str(&message);
        }
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
        assert_eq!(chain(&Outer(inner)), "outer: Duplicate entry *** for key 'email'");
    }

    #[test]
    fn a_source_that_the_text_already_contains_is_not_repeated() {
        #[derive(Debug, thiserror::Error)]
        #[error("reading failed: {0}")]
        struct Reading(#[source] std::io::Error);
        assert_eq!(chain(&Reading(std::io::Error::other("no such host"))), "reading failed: no such host");
    }
}
