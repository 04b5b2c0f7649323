//! The addresses that only `internationalized_email()` accepts, as fastapi-users does: Unicode before the at-sign, and a
//! display name before an address in angle brackets.

use unicode_normalization::UnicodeNormalization;

use crate::domain::email::{EmailRefused, check_dot_atom, is_atom_char, is_visible, refuse};

/// Returns the address in `Name <address>`, `"Any name" <address>` or `<address>`, or else the whole text.
pub(crate) fn without_display_name(text: &str) -> &str {
    in_angle_brackets(text.trim()).filter(|address| !address.is_empty()).unwrap_or(text)
}

fn in_angle_brackets(text: &str) -> Option<&str> {
    let text = text.strip_suffix('>')?;
    if let Some(quoted) = text.strip_prefix('"') {
        return quoted.rmatch_indices('"').find_map(|(end, _)| {
            let address = quoted[end + 1..].trim_start().strip_prefix('<')?;
            (end > 0).then_some(address)
        });
    }
    let (name, address) = text.split_once('<')?;
    let in_name = |c: char| c.is_whitespace() || c == '.' || is_atom_char(c) || (!c.is_ascii() && c.is_alphanumeric());
    name.chars().all(in_name).then_some(address)
}

/// Checks a local part that may have any visible Unicode character (RFC 6531 section 3.3) and returns it in NFC. Its
/// length is limited only by that of the whole address.
pub(crate) fn local_part(text: &str) -> Result<String, EmailRefused> {
    let normal: String = text.nfc().collect();
    for form in [text, &normal] {
        check_dot_atom(form, |c| is_atom_char(c) || !c.is_ascii())?;
        if !is_visible(form) {
            return refuse("The email address contains invalid characters before the @-sign.");
        }
    }
    Ok(normal)
}
