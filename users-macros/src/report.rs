//! The error sink: it collects every mistake of one struct, so that all are reported at once.

use std::cell::RefCell;

use proc_macro2::Span;
use quote::ToTokens;

/// Collects errors until [`Report::finish`] returns them.
#[derive(Default)]
pub(crate) struct Report {
    errors: RefCell<Vec<syn::Error>>,
}

impl Report {
    /// Adds an error at `tokens`: one sentence, then the fix, which can be pasted where that is possible.
    pub(crate) fn error(&self, tokens: impl ToTokens, message: impl AsRef<str>, help: impl AsRef<str>) {
        self.push(syn::Error::new_spanned(tokens, text(message, help)));
    }

    /// Adds a complete error.
    pub(crate) fn push(&self, error: syn::Error) {
        self.errors.borrow_mut().push(error);
    }

    /// Returns all errors as one, in the order in which they were found.
    pub(crate) fn finish(self) -> Result<(), syn::Error> {
        match self.errors.into_inner().into_iter().reduce(|mut all, next| {
            all.combine(next);
            all
        }) {
            None => Ok(()),
            Some(all) => Err(all),
        }
    }
}

/// Makes an error with its help line.
pub(crate) fn error(span: Span, message: impl AsRef<str>, help: impl AsRef<str>) -> syn::Error {
    syn::Error::new(span, text(message, help))
}

fn text(message: impl AsRef<str>, help: impl AsRef<str>) -> String {
    format!("{}\nhelp: {}", message.as_ref(), help.as_ref())
}

/// Returns the known word that `word` was probably meant to be.
pub(crate) fn closest<'a>(word: &str, known: &[&'a str]) -> Option<&'a str> {
    let shortened = |known: &str| known.len() >= 3 && (word.starts_with(known) || word.ends_with(known));
    known
        .iter()
        .map(|known| (distance(word, known), *known))
        .filter(|(distance, known)| *distance <= 1.max(known.chars().count() / 3) || shortened(known))
        .min()
        .map(|(_, known)| known)
}

/// Joins words as prose: `a`, `b` and `c`.
pub(crate) fn list(words: &[&str]) -> String {
    let quoted: Vec<String> = words.iter().map(|word| format!("`{word}`")).collect();
    match quoted.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} and {last}", rest.join(", ")),
        _ => quoted.concat(),
    }
}

/// Counts the edits between two words, where swapping two neighbours is one edit (optimal string alignment distance).
fn distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let mut rows = vec![vec![0; b.len() + 1]; a.len() + 1];
    for i in 0..=a.len() {
        for j in 0..=b.len() {
            rows[i][j] = if i == 0 || j == 0 {
                i + j
            } else {
                let replaced = rows[i - 1][j - 1] + usize::from(a[i - 1] != b[j - 1]);
                let mut least = replaced.min(rows[i - 1][j] + 1).min(rows[i][j - 1] + 1);
                if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                    least = least.min(rows[i - 2][j - 2] + 1);
                }
                least
            };
        }
    }
    rows[a.len()][b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_typo_finds_the_intended_word() {
        let known = ["email", "read", "create", "update", "admin", "rename"];
        for (word, meant) in [("emial", "email"), ("raed", "read"), ("updates", "update"), ("admin_update", "update")] {
            assert_eq!(closest(word, &known), Some(meant), "{word}");
        }
        assert_eq!(closest("zebra", &known), None);
    }

    #[test]
    fn errors_keep_the_order_in_which_they_were_found() {
        let report = Report::default();
        report.error(quote::quote!(a), "first", "do this");
        report.error(quote::quote!(b), "second", "do that");
        let messages: Vec<String> = report.finish().unwrap_err().into_iter().map(|error| error.to_string()).collect();
        assert_eq!(messages, ["first\nhelp: do this", "second\nhelp: do that"]);
    }

    #[test]
    fn words_are_joined_as_prose() {
        assert_eq!(list(&["a"]), "`a`");
        assert_eq!(list(&["a", "b", "c"]), "`a`, `b` and `c`");
    }
}
