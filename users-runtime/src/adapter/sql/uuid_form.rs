//! How UUIDs are written in a column. Programs differ: with hyphens, as 32 digits (SQLAlchemy's `Uuid` on SQLite and
//! MySQL), or as 16 bytes. The form that a table has is found in `forms` and used for every value that is bound; a value
//! that is read may have any form.

use uuid::Uuid;

/// The form of the UUIDs in a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UuidForm {
    /// In a column of the type `UUID` of PostgreSQL.
    Native,
    /// As text of 36 characters: `bdfc2b97-4876-4210-9dba-158745062fcd`.
    Hyphenated,
    /// As text of 32 hexadecimal digits.
    Simple,
    /// As text of 36 characters, in upper case.
    UpperHyphenated,
    /// As text of 32 hexadecimal digits, in upper case.
    UpperSimple,
    /// As 16 bytes.
    Bytes,
}

/// How values are bound for one column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Form {
    /// The form of UUIDs.
    pub(super) uuid: UuidForm,
    /// `true` for a column of the type `CHAR(n)` of PostgreSQL, whose index is used only for values of that type.
    pub(super) is_char: bool,
}

/// What the type of a column implies about the form of its UUIDs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Declared {
    /// All of them have this form.
    Always(UuidForm),
    /// The type can hold several forms; this one is the most likely.
    Likely(UuidForm),
    /// The column holds no UUIDs.
    Never,
}

impl Declared {
    /// Returns what a type of text implies, such as `varchar(36)`.
    pub(super) fn text(declared: &str) -> Self {
        let length = declared.split_once('(').and_then(|(_, rest)| rest.split_once(')'));
        match length.and_then(|(length, _)| length.trim().parse::<u32>().ok()) {
            Some(0..32) => Self::Never,
            Some(32..36) => Self::Likely(UuidForm::Simple),
            Some(36..) | None => Self::Likely(UuidForm::Hyphenated),
        }
    }
}

impl Form {
    pub(super) const fn of(uuid: UuidForm) -> Self {
        Self { uuid, is_char: false }
    }
}

impl UuidForm {
    /// Returns the form of a stored value, or `None` if it is not a UUID in one of these forms.
    pub(super) fn of_value(value: &[u8]) -> Option<Self> {
        if value.len() == 16 {
            return Some(Self::Bytes);
        }
        let text = value.trim_ascii_end(); // PostgreSQL pads CHAR(n)
        Uuid::try_parse_ascii(text).ok()?;
        // A UUID without letters is treated as lower case.
        match (text.len(), text.iter().any(u8::is_ascii_uppercase), text.iter().any(u8::is_ascii_lowercase)) {
            (36, false, _) => Some(Self::Hyphenated),
            (32, false, _) => Some(Self::Simple),
            (36, true, false) => Some(Self::UpperHyphenated),
            (32, true, false) => Some(Self::UpperSimple),
            _ => None,
        }
    }

    /// Returns the length as text and whether letters are in upper case. `None` for the forms that are not text.
    pub(super) const fn as_text(self) -> Option<(u8, bool)> {
        match self {
            Self::Hyphenated => Some((36, false)),
            Self::Simple => Some((32, false)),
            Self::UpperHyphenated => Some((36, true)),
            Self::UpperSimple => Some((32, true)),
            Self::Native | Self::Bytes => None,
        }
    }

    /// Writes a UUID as text. The forms that are not text become 32 digits.
    pub(super) fn text(self, id: Uuid) -> String {
        match self {
            Self::Hyphenated => id.hyphenated().to_string(),
            Self::UpperHyphenated => format!("{:X}", id.hyphenated()),
            Self::UpperSimple => format!("{:X}", id.simple()),
            Self::Simple | Self::Native | Self::Bytes => id.simple().to_string(),
        }
    }

    /// Describes the form, for reports.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Native => "values of the type UUID",
            Self::Hyphenated => "36 characters with hyphens",
            Self::Simple => "32 hexadecimal digits",
            Self::UpperHyphenated => "36 characters with hyphens, in upper case",
            Self::UpperSimple => "32 hexadecimal digits, in upper case",
            Self::Bytes => "16 bytes",
        }
    }
}

/// Reads a UUID in any of the forms.
pub(super) fn read_uuid(value: &[u8]) -> Option<Uuid> {
    if value.len() == 16 { Uuid::from_slice(value).ok() } else { Uuid::try_parse_ascii(value.trim_ascii_end()).ok() }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: Uuid = Uuid::from_u128(0xbdfc_2b97_4876_4210_9dba_1587_4506_2fcd);

    #[test]
    fn every_form_is_recognized_and_read() {
        let forms = [UuidForm::Hyphenated, UuidForm::Simple, UuidForm::UpperHyphenated, UuidForm::UpperSimple];
        for form in forms {
            let text = form.text(ID);
            assert_eq!(UuidForm::of_value(text.as_bytes()), Some(form), "{text}");
            assert_eq!(form.as_text(), Some((u8::try_from(text.len()).unwrap(), text == text.to_uppercase())));
            for stored in [text.clone(), format!("{text}    ")] {
                assert_eq!(read_uuid(stored.as_bytes()), Some(ID), "{stored}");
            }
        }
        assert_eq!(UuidForm::of_value(ID.as_bytes()), Some(UuidForm::Bytes));
        assert_eq!(read_uuid(ID.as_bytes()), Some(ID));
    }

    #[test]
    fn other_values_have_no_form() {
        for value in
            [&b""[..], b"7", b"bdfc2b97-4876-4210-9DBA-158745062FCD", b"{bdfc2b97-4876-4210-9dba-158745062fcd}"]
        {
            assert_eq!(UuidForm::of_value(value), None, "{value:?}");
        }
        assert_eq!(read_uuid(b"bdfc2b97"), None);
    }

    #[test]
    fn the_length_of_a_text_column_tells_its_likely_form() {
        for (declared, form) in [
            ("CHAR(32)", Declared::Likely(UuidForm::Simple)),
            ("character varying( 32 )", Declared::Likely(UuidForm::Simple)),
            ("CHAR(36)", Declared::Likely(UuidForm::Hyphenated)),
            ("VARCHAR(255)", Declared::Likely(UuidForm::Hyphenated)),
            ("text", Declared::Likely(UuidForm::Hyphenated)),
            ("VARCHAR(20)", Declared::Never),
        ] {
            assert_eq!(Declared::text(declared), form, "{declared}");
        }
    }
}
