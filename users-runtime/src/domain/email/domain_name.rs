//! The part after the at-sign: a public domain name, in ASCII or internationalized.

use std::sync::LazyLock;

use idna::uts46::{AsciiDenyList, DnsLength, Hyphens, Uts46};
use regex::Regex;
use unicode_normalization::UnicodeNormalization;

use super::{EmailRefused, refuse};

/// Special-use domain names that cannot receive mail
/// ([IANA](https://www.iana.org/assignments/special-use-domain-names/)), limited to those that fastapi-users refuses.
const SPECIAL_USE: [&str; 6] = ["arpa", "invalid", "local", "localhost", "onion", "test"];

/// A valid domain name.
pub(super) struct DomainName {
    /// In lower case and NFC, with Punycode decoded.
    pub(super) unicode: String,
    /// As it is sent in DNS and SMTP.
    pub(super) ascii: String,
}

const INVALID: &str = "The part after the @-sign is not valid.";

impl DomainName {
    /// Parses a name at which mail can be received: a public one, or one of `internal` and the names below it.
    pub(super) fn parse(text: &str, internal: &[String]) -> Result<Self, EmailRefused> {
        let name = Self::read(text)?;
        if !name.unicode.is_ascii() && !has_registrable_labels(&name.unicode) {
            return refuse(INVALID);
        }
        if internal.iter().any(|internal| is_at_or_below(&name.ascii, internal)) {
            return Ok(name);
        }
        if !name.ascii.contains('.') {
            return refuse("The part after the @-sign is not valid. It should have a period.");
        }
        // No top-level domain ends in a digit, but an IPv4 address does.
        if !name.ascii.ends_with(|c: char| c.is_ascii_alphabetic()) {
            return refuse(INVALID);
        }
        if SPECIAL_USE.iter().any(|special| is_at_or_below(&name.ascii, special)) {
            return refuse(
                "The part after the @-sign is a special-use or reserved name that cannot be used with email.",
            );
        }
        Ok(name)
    }

    /// Reads any name in the syntax of domain names, public or not.
    pub(super) fn read(text: &str) -> Result<Self, EmailRefused> {
        let uts46 = Uts46::new();
        let (unicode, verdict) = uts46.to_unicode(text.as_bytes(), AsciiDenyList::STD3, Hyphens::Check);
        let ascii = uts46.to_ascii(text.as_bytes(), AsciiDenyList::STD3, Hyphens::Check, DnsLength::Verify);
        let (Ok(()), Ok(ascii)) = (verdict, ascii) else {
            return refuse(INVALID);
        };
        if !text.is_ascii() && (!is_visible(text) || text.chars().any(hides_a_period)) {
            return refuse(INVALID);
        }
        Ok(Self { unicode: unicode.into_owned(), ascii: ascii.into_owned() })
    }
}

/// A pattern over Unicode's general categories. If it failed to compile, it would match nothing, so every name that
/// needs it would be refused.
type Pattern = LazyLock<Option<Regex>>;

fn matches(pattern: &Pattern, text: &str) -> bool {
    pattern.as_ref().is_some_and(|pattern| pattern.is_match(text))
}

/// Returns whether every character can be seen. Spaces, control and format characters, private-use and unassigned code
/// points cannot, and neither can a combining mark without a character to combine with.
pub(crate) fn is_visible(text: &str) -> bool {
    static VISIBLE: Pattern =
        LazyLock::new(|| Regex::new(r"\A[\p{L}\p{N}\p{P}\p{S}][\p{L}\p{M}\p{N}\p{P}\p{S}]*\z").ok());
    matches(&VISIBLE, text)
}

/// Returns whether IDNA 2008 allows the characters of every label. UTS #46 is more lenient: it accepts symbols and emoji,
/// which registries refuse and which can look like other characters.
///
/// The alternatives of the pattern are RFC 5892 section 2.1 without the exceptions of sections 2.6 and 2.9, then those of
/// section 2.6 that are allowed, then the middle dots of appendices A.3 (between two `l`) and A.7 (after a Japanese
/// character).
fn has_registrable_labels(unicode: &str) -> bool {
    static LABELS: Pattern = LazyLock::new(|| {
        let letters = r"[\p{Ll}\p{Lo}\p{Lm}\p{Mn}\p{Mc}\p{Nd}&&[^\u{640}\u{7fa}\u{302e}\u{302f}\u{3031}-\u{3035}\u{303b}\u{1100}-\u{11ff}\u{a960}-\u{a97c}\u{d7b0}-\u{d7fb}]]";
        let others = r"[-.\u{6fd}\u{6fe}\u{f0b}\u{3007}]";
        let dots = r"l\u{b7}l|[\u{3041}-\u{30fa}\u{30fc}-\u{30ff}\u{3400}-\u{4dbf}\u{4e00}-\u{9fff}]\u{30fb}";
        Regex::new(&format!(r"\A(?:{letters}|{others}|{dots})+\z")).ok()
    });
    matches(&LABELS, unicode)
}

/// Returns whether normalization turns `c` into a period and something else, as it does `⒈`. The full-width period is a
/// separator of labels like the ASCII one.
fn hides_a_period(c: char) -> bool {
    c != '.' && c != '\u{ff0e}' && c.nfkd().any(|c| c == '.')
}

/// Returns whether a name is `top` or below it.
fn is_at_or_below(name: &str, top: &str) -> bool {
    name.strip_suffix(top).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
}
