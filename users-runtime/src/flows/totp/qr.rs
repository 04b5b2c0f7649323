//! A text as a QR code.

use std::fmt::Write as _;

use qrcode::{Color, EcLevel, QrCode};
use zeroize::Zeroizing;

/// The empty border that readers need (ISO/IEC 18004), in modules.
const BORDER: usize = 4;

/// Returns an SVG image: one path of dark squares on white. `None` if the text is too long. It has no script and no style, so it can be
/// part of a page with a strict Content-Security-Policy.
pub(super) fn svg(text: &str) -> Option<Zeroizing<String>> {
    let code = QrCode::with_error_correction_level(text, EcLevel::M).ok()?;
    let (width, colors) = (code.width(), code.to_colors());
    let size = width + 2 * BORDER;
    let mut path = Zeroizing::new(String::with_capacity(colors.len() * 16));
    for (index, color) in colors.iter().enumerate() {
        if *color == Color::Dark {
            let (x, y) = (index % width + BORDER, index / width + BORDER);
            // Writing to a string does not fail.
            let _written = write!(path, "M{x} {y}h1v1h-1z");
        }
    }
    Some(Zeroizing::new(format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {size} {size}\" width=\"240\" height=\"240\" \
         shape-rendering=\"crispEdges\"><path fill=\"#fff\" d=\"M0 0h{size}v{size}H0z\"/>\
         <path fill=\"#000\" d=\"{}\"/></svg>",
        *path
    )))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_has_its_three_corners_and_a_border() {
        let svg = svg("otpauth://totp/Camelot:arthur?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ").unwrap();
        assert!(svg.starts_with("<svg xmlns=") && svg.ends_with("</svg>"), "{}", *svg);
        assert!(!svg.contains("<script") && !svg.contains("style"));
        // The first dark module of a corner is behind the border.
        assert!(svg.contains("M4 4h1v1h-1z") && !svg.contains("M3 "), "{}", *svg);
    }

    #[test]
    fn a_text_that_does_not_fit_has_no_code() {
        assert!(svg(&"a".repeat(4000)).is_none());
    }
}
