//! What Unicode knows about one character, as far as addresses need it.

use std::sync::LazyLock;

use regex::Regex;
use unicode_normalization::char::is_combining_mark;

/// What a character does to the text around it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Class {
    /// A letter, number, punctuation or symbol.
    Visible,
    /// Combines with what stands before.
    Mark,
    /// A space (Zs).
    Space,
    /// Line and paragraph separators, control and format characters, private and unassigned ones.
    Invisible,
}

pub(super) fn class(c: char) -> Class {
    if c.is_ascii_graphic() || is_one_of(&VISIBLE, c) {
        Class::Visible
    } else if is_combining_mark(c) {
        Class::Mark
    } else if c.is_whitespace() && !c.is_control() && !matches!(c, '\u{2028}' | '\u{2029}') {
        Class::Space
    } else {
        Class::Invisible
    }
}

/// A class of characters. One that failed to compile would match nothing and so refuse every character.
type CharClass = LazyLock<Option<Regex>>;

static VISIBLE: CharClass = LazyLock::new(|| Regex::new(r"\A[\p{L}\p{N}\p{P}\p{S}]\z").ok());

/// LetterDigits of RFC 5892 section 2.1, as they are after mapping to lower case.
static LETTER_OR_DIGIT: CharClass = LazyLock::new(|| Regex::new(r"\A[\p{Ll}\p{Lo}\p{Lm}\p{Mn}\p{Mc}\p{Nd}]\z").ok());

fn is_one_of(class: &CharClass, c: char) -> bool {
    class.as_ref().is_some_and(|class| class.is_match(c.encode_utf8(&mut [0; 4])))
}

/// Whether IDNA 2008 allows `c` in `label` (RFC 5892 sections 2 and 3, and the context rules of its appendix A).
/// Lower case and normalisation are seen to before.
pub(super) fn is_valid_in_label(c: char, label: &str) -> bool {
    let any_in = |allowed: fn(char) -> bool| label.chars().any(allowed);
    match c {
        '-' => true,
        // Exceptions that are letters and yet disallowed: section 2.6, F.
        '\u{640}' | '\u{7fa}' | '\u{302e}' | '\u{302f}' | '\u{3031}'..='\u{3035}' | '\u{303b}' => false,
        // Old Hangul Jamo: section 2.9, I.
        '\u{1100}'..='\u{11ff}' | '\u{a960}'..='\u{a97c}' | '\u{d7b0}'..='\u{d7fb}' => false,
        // Exceptions that are no letters and yet allowed: section 2.6, F.
        '\u{6fd}' | '\u{6fe}' | '\u{f0b}' | '\u{3007}' => true,
        // Appendix A.3: a Catalan middle dot stands between two l.
        '\u{b7}' => label.matches('\u{b7}').count() == label.matches("l\u{b7}l").count(),
        // Appendix A.7: a katakana middle dot needs Japanese company.
        '\u{30fb}' => any_in(
            |c| matches!(c, '\u{3041}'..='\u{30fa}' | '\u{30fc}'..='\u{30ff}' | '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}'),
        ),
        // Appendices A.8 and A.9: the two kinds of Arabic digits do not mix.
        '\u{660}'..='\u{669}' => !any_in(|c| matches!(c, '\u{6f0}'..='\u{6f9}')),
        '\u{6f0}'..='\u{6f9}' => !any_in(|c| matches!(c, '\u{660}'..='\u{669}')),
        _ => is_one_of(&LETTER_OR_DIGIT, c),
    }
}

/// A character as a reason shows it: quoted if it can be seen, else by name or number.
pub(super) fn display(c: char) -> String {
    match class(c) {
        Class::Visible if c == '\\' => "\"\\\"".to_owned(),
        Class::Visible if c == '\'' => "\"'\"".to_owned(),
        Class::Visible => format!("'{c}'"),
        Class::Mark | Class::Space | Class::Invisible => match name(c) {
            Some(name) => name.to_owned(),
            None if u32::from(c) < 0xffff => format!("U+{:04X}", u32::from(c)),
            None => format!("U+{:08X}", u32::from(c)),
        },
    }
}

/// The names of spaces and of the invisible characters that get into addresses by copying. Others, combining marks
/// among them, are shown by number: a table of all names would be larger than the rest of this crate.
fn name(c: char) -> Option<&'static str> {
    Some(match c {
        '\u{20}' => "SPACE",
        '\u{a0}' => "NO-BREAK SPACE",
        '\u{ad}' => "SOFT HYPHEN",
        '\u{61c}' => "ARABIC LETTER MARK",
        '\u{1680}' => "OGHAM SPACE MARK",
        '\u{180e}' => "MONGOLIAN VOWEL SEPARATOR",
        '\u{2000}' => "EN QUAD",
        '\u{2001}' => "EM QUAD",
        '\u{2002}' => "EN SPACE",
        '\u{2003}' => "EM SPACE",
        '\u{2004}' => "THREE-PER-EM SPACE",
        '\u{2005}' => "FOUR-PER-EM SPACE",
        '\u{2006}' => "SIX-PER-EM SPACE",
        '\u{2007}' => "FIGURE SPACE",
        '\u{2008}' => "PUNCTUATION SPACE",
        '\u{2009}' => "THIN SPACE",
        '\u{200a}' => "HAIR SPACE",
        '\u{200b}' => "ZERO WIDTH SPACE",
        '\u{200c}' => "ZERO WIDTH NON-JOINER",
        '\u{200d}' => "ZERO WIDTH JOINER",
        '\u{200e}' => "LEFT-TO-RIGHT MARK",
        '\u{200f}' => "RIGHT-TO-LEFT MARK",
        '\u{2028}' => "LINE SEPARATOR",
        '\u{2029}' => "PARAGRAPH SEPARATOR",
        '\u{202a}' => "LEFT-TO-RIGHT EMBEDDING",
        '\u{202b}' => "RIGHT-TO-LEFT EMBEDDING",
        '\u{202c}' => "POP DIRECTIONAL FORMATTING",
        '\u{202d}' => "LEFT-TO-RIGHT OVERRIDE",
        '\u{202e}' => "RIGHT-TO-LEFT OVERRIDE",
        '\u{202f}' => "NARROW NO-BREAK SPACE",
        '\u{205f}' => "MEDIUM MATHEMATICAL SPACE",
        '\u{2060}' => "WORD JOINER",
        '\u{2066}' => "LEFT-TO-RIGHT ISOLATE",
        '\u{2067}' => "RIGHT-TO-LEFT ISOLATE",
        '\u{2068}' => "FIRST STRONG ISOLATE",
        '\u{2069}' => "POP DIRECTIONAL ISOLATE",
        '\u{3000}' => "IDEOGRAPHIC SPACE",
        '\u{feff}' => "ZERO WIDTH NO-BREAK SPACE",
        _ => return None,
    })
}
