//! What keyboards, input methods and clipboards change in an address: invisible characters around it, another at sign,
//! a period at the end.

use std::borrow::Cow;

/// The at signs of East Asian keyboards.
const AT_SIGNS: [char; 2] = ['\u{ff20}', '\u{fe6b}'];

/// The periods that end a label of a domain (UTS #46 section 4.5).
const PERIODS: [char; 4] = ['.', '\u{3002}', '\u{ff0e}', '\u{ff61}'];

/// Returns the address that a text means, where it is unambiguous. A text with a line end is left as it is, since no
/// account can be registered with it.
pub(super) fn meant(text: &str) -> Cow<'_, str> {
    if text.contains(['\r', '\n']) {
        return Cow::Borrowed(text);
    }
    let bare = text.trim_matches(is_blank);
    let folded = if bare.contains(AT_SIGNS) { Cow::Owned(bare.replace(AT_SIGNS, "@")) } else { Cow::Borrowed(bare) };
    let Some(without_period) = folded.strip_suffix(PERIODS) else { return folded };
    // A domain may end in the period of the root. Two periods, or a period after a blank or after nothing, are mistakes.
    let is_domain = without_period.contains('@')
        && !without_period.ends_with(PERIODS)
        && !without_period.ends_with('@')
        && !without_period.ends_with(is_blank);
    if is_domain { Cow::Owned(without_period.to_owned()) } else { folded }
}

fn is_blank(c: char) -> bool {
    c.is_whitespace() || is_invisible(c)
}

/// Returns whether a character has no width: joiners, marks of the direction of a text (UAX #9), which clipboards copy with an
/// address, and the byte order mark.
fn is_invisible(c: char) -> bool {
    matches!(
        c,
        '\u{ad}' | '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}'
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_added_around_an_address_is_removed() {
        for text in [
            "a@b.co",
            " \u{200b}a@b.co\u{feff} ",
            "\u{202a}a@b.co\u{202c}",
            "\u{2068}a@b.co\u{2069}",
            "\u{200e}a@b.co\u{200f}",
            "a\u{ff20}b.co",
            "a\u{fe6b}b.co",
            "a@b.co.",
            "\u{3000}a\u{ff20}b.co\u{3002}\u{200b}",
        ] {
            assert_eq!(meant(text), "a@b.co", "{text:?}");
        }
    }

    #[test]
    fn what_may_mean_something_else_stays() {
        for text in [
            "a@b.co .",
            "a\u{200b}@b.co",
            "a@b\u{200d}.co",
            "a@b.co..",
            "a@.",
            "a.",
            ".",
            "a@b.co\n",
            "a@b\u{ff20}c.co.",
        ] {
            let expected = text.replace('\u{ff20}', "@");
            let expected = if text.ends_with("c.co.") { expected.trim_end_matches('.') } else { &*expected };
            assert_eq!(meant(text), expected, "{text:?}");
        }
    }
}
