//! The part after the at-sign: a name that is publicly known, in Unicode and in ASCII.

use idna::uts46::{AsciiDenyList, DnsLength, Hyphens, Uts46};
use unicode_normalization::UnicodeNormalization;

use super::{
    syntax::{Checked, check_periods, check_unsafe, refuse, refuse_any, too_many},
    unicode,
};

/// A name in octets: RFC 1035 section 2.3.4, without the root's label.
const MAX_NAME: usize = 253;
/// A label in octets: RFC 1035 section 2.3.1.
const MAX_LABEL: usize = 63;

/// Names that no mail can reach (IANA's special-use domain names, as far as email-validator refuses them).
const SPECIAL_USE: [&str; 6] = ["arpa", "invalid", "local", "localhost", "onion", "test"];

/// A domain name.
pub(super) struct DomainName {
    /// Lower case, decoded.
    pub(super) unicode: String,
    /// As it travels in DNS.
    pub(super) ascii: String,
}

pub(super) fn parse(text: &str) -> Checked<DomainName> {
    let invalid = |text: &str, reason| refuse_any(text.chars().filter(|c| !is_host(*c)), reason);
    invalid(text, "The part after the @-sign contains invalid characters: ")?;
    check_unsafe(text, false)?;
    refuse_any(text.chars().filter(|c| hides_a_period(*c)), "The part after the @-sign contains invalid characters: ")?;

    let (mapped, verdict) = map(text);
    invalid(&mapped, "The part after the @-sign contains invalid characters after Unicode normalization: ")?;
    // Punycode stays as it is here: what it decodes to is a label of its own.
    let lowered = if text.is_ascii() { text.to_ascii_lowercase() } else { mapped.clone() };
    check_hyphens(&lowered)?;
    let (ascii, unicode) = if is_plain(text) { (lowered, mapped) } else { encode(text, mapped, verdict)? };

    check_lengths(text, &ascii)?;
    if !ascii.contains('.') {
        return refuse("The part after the @-sign is not valid. It should have a period.");
    }
    if !ascii.ends_with(|c: char| c.is_ascii_alphabetic()) {
        return refuse("The part after the @-sign is not valid. It is not within a valid top-level domain.");
    }
    if is_special_use(&ascii) {
        return refuse("The part after the @-sign is a special-use or reserved name that cannot be used with email.");
    }
    Ok(DomainName { unicode, ascii })
}

fn is_host(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '-' || c == '.' || !c.is_ascii()
}

/// Characters that become a period and something else, such as `⒈`. The full-width period is a period and may pass.
fn hides_a_period(c: char) -> bool {
    c != '.' && c != '\u{ff0e}' && c.nfkd().any(|c| c == '.')
}

/// Nothing for IDNA to do.
fn is_plain(text: &str) -> bool {
    text.is_ascii() && !text.split('.').any(|label| label.get(..4).is_some_and(|p| p.eq_ignore_ascii_case("xn--")))
}

/// Lower case, NFC, one kind of period, decoded; and whether UTS #46 finds it valid.
fn map(text: &str) -> (String, Result<(), idna::Errors>) {
    let (mapped, verdict) = Uts46::new().to_unicode(text.as_bytes(), AsciiDenyList::EMPTY, Hyphens::Allow);
    (mapped.into_owned(), verdict)
}

/// The ASCII and the Unicode form of a name that is not plain.
fn encode(text: &str, mapped: String, verdict: Result<(), idna::Errors>) -> Checked<(String, String)> {
    let ascii = Uts46::new().to_ascii(text.as_bytes(), AsciiDenyList::EMPTY, Hyphens::Allow, DnsLength::Ignore);
    let claims_punycode = text.is_ascii();
    match (verdict, ascii) {
        (Ok(()), Ok(ascii)) => {
            for label in mapped.split('.').filter(|label| !label.is_ascii()) {
                check_label(label, claims_punycode)?;
            }
            Ok((ascii.into_owned(), mapped))
        }
        _ if claims_punycode => refuse("The part after the @-sign is not valid IDNA."),
        _ => refuse("The part after the @-sign is invalid."),
    }
}

/// UTS #46 lets symbols and emoji pass; IDNA 2008 does not (RFC 5892).
fn check_label(label: &str, claims_punycode: bool) -> Checked<()> {
    let Some((at, c)) = label.chars().enumerate().find(|(_, c)| !unicode::is_valid_in_label(*c, label)) else {
        return Ok(());
    };
    let place = format!("Codepoint U+{:04X} at position {} of '{label}' not allowed", u32::from(c), at + 1);
    refuse(if claims_punycode {
        format!("The part after the @-sign is not valid IDNA ({place}).")
    } else {
        format!("The part after the @-sign is invalid ({place}).")
    })
}

/// RFC 952 and RFC 1123 section 2.1; two hyphens after two letters are kept for encodings (RFC 5890 section 2.3.1).
fn check_hyphens(name: &str) -> Checked<()> {
    check_periods(
        name,
        "An email address cannot have a period immediately after the @-sign.",
        "An email address cannot end with a period.",
    )?;
    if name.ends_with('-') {
        return refuse("An email address cannot end with a hyphen.");
    }
    if name.starts_with('-') {
        return refuse("An email address cannot have a hyphen immediately after the @-sign.");
    }
    if name.contains(".-") || name.contains("-.") {
        return refuse("An email address cannot have a period and a hyphen next to each other.");
    }
    let reserved = |label: &str| {
        let mut chars = label.chars();
        let start: String = chars.by_ref().take(2).collect();
        chars.as_str().starts_with("--") && !start.eq_ignore_ascii_case("xn")
    };
    if name.split('.').any(reserved) {
        return refuse(
            "An email address cannot have two letters followed by two dashes immediately after the @-sign or after a period, except Punycode.",
        );
    }
    Ok(())
}

fn check_lengths(original: &str, ascii: &str) -> Checked<()> {
    if let Some(excess) = ascii.len().checked_sub(MAX_NAME).filter(|excess| *excess > 0) {
        return refuse(if ascii == original {
            format!("The email address is too long after the @-sign {}.", too_many(excess))
        } else {
            let plural = if excess == 1 { "" } else { "s" };
            format!(
                "The email address is too long after the @-sign ({excess} byte{plural} too many after IDNA encoding)."
            )
        });
    }
    let longest = ascii.split('.').map(str::len).find(|length| *length > MAX_LABEL);
    match longest {
        Some(_) if !original.is_ascii() => refuse("The part after the @-sign is invalid (Label too long)."),
        Some(length) => {
            let many = too_many(length - MAX_LABEL);
            refuse(format!("After the @-sign, periods cannot be separated by so many characters {many}."))
        }
        None => Ok(()),
    }
}

fn is_special_use(ascii: &str) -> bool {
    SPECIAL_USE.iter().any(|name| ascii.strip_suffix(name).is_some_and(|rest| rest.is_empty() || rest.ends_with('.')))
}
