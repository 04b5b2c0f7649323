//! The syntax of addresses, with the rules and the words of Python's email-validator 2.3.0 as Pydantic calls it.
//!
//! The order of the checks decides which reason a person sees, so it is the original's.

use unicode_normalization::UnicodeNormalization;

use super::{EmailRefused, EmailRules, domain_name, unicode};

/// The whole address in octets: RFC 5321 section 4.5.3.1.3 with errata 1690 of RFC 3696.
const MAX_ADDRESS: usize = 254;
/// The local part in octets: RFC 5321 section 4.5.3.1.1.
const MAX_LOCAL_PART: usize = 64;
/// What Pydantic looks at at all, in characters.
const MAX_INPUT: usize = 2048;
/// What we look at by default, in characters: 254 and some space around it (docs/contributing/security.md, "Default numbers").
const MAX_ASCII_INPUT: usize = 320;

/// Mailboxes whose case means nothing: RFC 2142 sections 3 to 5.
const ROLES: [&str; 15] = [
    "info",
    "marketing",
    "sales",
    "support",
    "abuse",
    "noc",
    "security",
    "postmaster",
    "hostmaster",
    "usenet",
    "news",
    "webmaster",
    "www",
    "uucp",
    "ftp",
];

pub(super) type Checked<T> = Result<T, EmailRefused>;

pub(super) fn refuse<T>(reason: impl Into<String>) -> Checked<T> {
    Err(EmailRefused { reason: reason.into() })
}

/// Parses an address and answers its normal form.
pub(super) fn parse(text: &str, rules: EmailRules) -> Checked<String> {
    let limit = match rules {
        EmailRules::Ascii => MAX_ASCII_INPUT,
        EmailRules::Internationalized => MAX_INPUT,
    };
    if text.chars().count() > limit {
        return refuse(format!("Length must not exceed {limit} characters"));
    }
    if text.contains(['\r', '\n']) {
        return refuse("Carriage return and line feed characters are not allowed");
    }
    let address = match rules {
        EmailRules::Ascii => text,
        EmailRules::Internationalized => inside_brackets(text).unwrap_or(text),
    };
    address_of(address.trim(), rules)
}

/// The address in `Name <address>`, `"Any name" <address>` or `<address>`.
fn inside_brackets(text: &str) -> Option<&str> {
    let text = text.trim().strip_suffix('>')?;
    let address = if let Some(quoted) = text.strip_prefix('"') {
        quoted.rmatch_indices('"').find_map(|(end, _)| {
            let address = quoted[end + 1..].trim_start().strip_prefix('<')?;
            (end > 0).then_some(address)
        })?
    } else {
        let (name, address) = text.split_once('<')?;
        name.chars().all(|c| c.is_whitespace() || is_name(c)).then_some(address)?
    };
    (!address.is_empty()).then_some(address)
}

/// Pydantic's characters of an unquoted name.
fn is_name(c: char) -> bool {
    c == '.' || is_ascii_atom(c) || (!c.is_ascii() && c.is_alphanumeric())
}

fn address_of(text: &str, rules: EmailRules) -> Checked<String> {
    let Split { bracketed, local, domain } = split(text)?;
    let (local, quoted) = unquote(local)?;

    let mut normal = local_part(&local, quoted, rules)?;
    let composed: String = normal.nfc().collect();
    if composed != normal {
        if let Err(EmailRefused { reason }) = local_part(&composed, quoted, rules) {
            return refuse(format!("After Unicode normalization: {reason}"));
        }
        normal = composed;
    }
    if quoted {
        return refuse("Quoting the part before the @-sign is not allowed here.");
    }
    if ROLES.iter().any(|role| role.eq_ignore_ascii_case(&normal)) {
        normal.make_ascii_lowercase();
    }

    let name = match domain {
        "" => return refuse("There must be something after the @-sign."),
        _ if domain.starts_with('[') && domain.ends_with(']') => {
            return refuse("A bracketed IP address after the @-sign is not allowed here.");
        }
        _ => domain_name::parse(domain)?,
    };
    let address = format!("{normal}@{}", name.unicode);
    check_length(&format!("{local}@{domain}"), None)?;
    check_length(&address, Some("after normalization"))?;
    check_length(
        &format!("{normal}@{}", name.ascii),
        Some("when the part after the @-sign is converted to IDNA ASCII"),
    )?;
    if bracketed {
        return refuse("A display name and angle brackets around the email address are not permitted here.");
    }
    Ok(address)
}

struct Split<'a> {
    bracketed: bool,
    local: &'a str,
    domain: &'a str,
}

/// Splits at the first at-sign outside quotes, after taking off a name and angle brackets.
fn split(text: &str) -> Checked<Split<'_>> {
    let (left, right) = split_at_special(text, &['@', '<'])?;
    if !right.starts_with('<') {
        return Ok(Split { bracketed: false, local: left, domain: right.strip_prefix('@').unwrap_or(right) });
    }
    let (name, quoted) = unquote(left.trim_end())?;
    if !quoted {
        let bad = |c: &char| *c == '.' || (!is_ascii_atom(*c) && *c != ' ');
        refuse_any(name.chars().filter(bad), "The display name contains invalid characters when not quoted: ")?;
    }
    check_unsafe(&name, true)?;
    let Some(last) = right.rfind('>') else {
        return refuse(
            "An open angle bracket at the start of the email address has to be followed by a close angle bracket at the end.",
        );
    };
    if !right[last + 1..].trim_end_matches(' ').is_empty() {
        return refuse("There can't be anything after the email address.");
    }
    let address = right[1..=last].trim_end_matches('>');
    let (local, domain) = split_at_special(address, &['@'])?;
    Ok(Split { bracketed: true, local, domain: domain.strip_prefix('@').unwrap_or(domain) })
}

/// Splits before the first special character that is not quoted and does not combine with what follows it
/// (`<` and U+0338 are one character, `≮`).
fn split_at_special<'a>(text: &'a str, specials: &[char]) -> Checked<(&'a str, &'a str)> {
    let (mut quoted, mut escaped) = (false, false);
    for (at, c) in text.char_indices() {
        if text[at..].nfc().next() != Some(c) {
            continue;
        }
        if quoted {
            let ends = c == '"' && !escaped;
            escaped = c == '\\' && !escaped;
            quoted = !ends;
        } else if c == '"' {
            quoted = true;
        } else if specials.contains(&c) {
            return Ok(text.split_at(at));
        }
    }
    refuse(if text.contains('＠') {
        "The email address has the \"full-width\" at-sign (@) character instead of a regular at-sign."
    } else if text.contains('﹫') {
        "The email address has the \"small commercial at\" character instead of a regular at-sign."
    } else {
        "An email address must have an @-sign."
    })
}

/// Takes off quotes and the backslashes inside them; tells whether there were any.
fn unquote(text: &str) -> Checked<(String, bool)> {
    let Some(inside) = text.strip_prefix('"') else {
        return Ok((text.to_owned(), false));
    };
    let mut value = String::new();
    let mut escaped = false;
    let mut rest = inside.chars();
    while let Some(c) = rest.next() {
        match c {
            _ if escaped => {
                value.push(c);
                escaped = false;
            }
            '\\' => escaped = true,
            '"' if rest.as_str().is_empty() => break,
            '"' => {
                let extra: Vec<String> = rest.map(unicode::display).collect();
                return refuse(format!("Extra character(s) found after close quote: {}", extra.join(", ")));
            }
            _ => value.push(c),
        }
    }
    Ok((value, true))
}

/// RFC 5322 section 3.2.3.
fn is_ascii_atom(c: char) -> bool {
    c.is_ascii_alphanumeric() || "_!#$%&'*+-/=?^`{|}~".contains(c)
}

/// RFC 6531 section 3.3.
fn is_atom(c: char) -> bool {
    is_ascii_atom(c) || !c.is_ascii()
}

fn is_dot_atom(text: &str, is_atom: fn(char) -> bool) -> bool {
    text.split('.').all(|atom| !atom.is_empty() && atom.chars().all(is_atom))
}

fn local_part(local: &str, quoted: bool, rules: EmailRules) -> Checked<String> {
    const NOT_ASCII: &str = "Internationalized characters before the @-sign are not supported: ";
    let ascii_only = matches!(rules, EmailRules::Ascii);
    if local.is_empty() {
        return refuse("There must be something before the @-sign.");
    }
    if ascii_only && local.chars().count() > MAX_LOCAL_PART {
        let many = too_many(local.chars().count() - MAX_LOCAL_PART);
        return refuse(format!("The email address is too long before the @-sign {many}."));
    }
    if is_dot_atom(local, is_ascii_atom) {
        return Ok(local.to_owned());
    }
    if is_dot_atom(local, is_atom) {
        if ascii_only {
            refuse_any(local.chars().filter(|c| !is_ascii_atom(*c) && *c != '.'), NOT_ASCII)?;
        }
        check_unsafe(local, false)?;
        return Ok(local.to_owned());
    }
    if quoted {
        refuse_any(
            local.chars().filter(|c| c.is_ascii_control()),
            "The email address contains invalid characters in quotes before the @-sign: ",
        )?;
        if ascii_only {
            refuse_any(local.chars().filter(|c| !c.is_ascii()), NOT_ASCII)?;
        }
        check_unsafe(local, true)?;
        return Ok(local.to_owned());
    }
    refuse_any(
        local.chars().filter(|c| !is_atom(*c) && *c != '.'),
        "The email address contains invalid characters before the @-sign: ",
    )?;
    check_periods(
        local,
        "An email address cannot start with a period.",
        "An email address cannot have a period immediately before the @-sign.",
    )?;
    refuse("The email address contains invalid characters before the @-sign.")
}

/// Refuses if there is any character, and lists each once.
pub(super) fn refuse_any(bad: impl Iterator<Item = char>, reason: &str) -> Checked<()> {
    let mut shown: Vec<String> = bad.map(unicode::display).collect();
    shown.sort();
    shown.dedup();
    if shown.is_empty() { Ok(()) } else { refuse(format!("{reason}{}.", shown.join(", "))) }
}

/// Refuses spaces, control and invisible characters, and a combining mark that would combine with what stands before.
pub(super) fn check_unsafe(text: &str, spaces_allowed: bool) -> Checked<()> {
    let mut bad: Vec<char> = text
        .chars()
        .enumerate()
        .filter(|(at, c)| match unicode::class(*c) {
            unicode::Class::Visible => false,
            unicode::Class::Mark => *at == 0,
            unicode::Class::Space => !spaces_allowed,
            unicode::Class::Invisible => true,
        })
        .map(|(_, c)| c)
        .collect();
    bad.sort_unstable();
    bad.dedup();
    if bad.is_empty() {
        return Ok(());
    }
    let shown: Vec<String> = bad.into_iter().map(unicode::display).collect();
    refuse(format!("The email address contains unsafe characters: {}.", shown.join(", ")))
}

pub(super) fn check_periods(text: &str, at_start: &str, at_end: &str) -> Checked<()> {
    if text.ends_with('.') {
        return refuse(at_end);
    }
    if text.starts_with('.') {
        return refuse(at_start);
    }
    if text.contains("..") {
        return refuse("An email address cannot have two periods in a row.");
    }
    Ok(())
}

/// `(3 characters too many)`.
pub(super) fn too_many(excess: usize) -> String {
    format!("({excess} character{} too many)", if excess > 1 { "s" } else { "" })
}

fn check_length(address: &str, when: Option<&str>) -> Checked<()> {
    let Some(excess) = address.len().checked_sub(MAX_ADDRESS).filter(|excess| *excess > 0) else {
        return Ok(());
    };
    let plural = if excess > 1 { "s" } else { "" };
    let widest = address.chars().map(char::len_utf8).max().unwrap_or(1);
    let fewest = (excess / widest).max(1);
    let reason = match when {
        Some(when) => format!("{when} ({excess} byte{plural} too many)"),
        None if fewest == excess => too_many(excess),
        None => format!("({fewest}-{excess} character{plural} too many)"),
    };
    refuse(format!("The email address is too long {reason}."))
}
