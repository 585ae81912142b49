//! A QR code for the page, as SVG. Pure.

use qrcode::render::svg::Color;
use qrcode::{EcLevel, QrCode, Version};

/// The largest version that the EPC allows (69 × 69 modules).
const MAX_VERSION: i16 = 13;
/// The side of a module, in pixels, before the page scales it.
const MODULE: u32 = 4;

/// Returns the QR code at level M, or `None` if the payload is too long.
pub(crate) fn code(payload: &str) -> Option<QrCode> {
    let code = QrCode::with_error_correction_level(payload, EcLevel::M).ok()?;
    matches!(code.version(), Version::Normal(version) if version <= MAX_VERSION).then_some(code)
}

/// Returns the QR code as an `<svg>` with a quiet zone. Screen readers skip it, since the view labels the
/// element around it. It is always black on white, because many cameras cannot read an inverted code.
pub fn svg(payload: &str) -> Option<String> {
    let code = code(payload)?;
    let document = code
        .render::<Color<'_>>()
        .dark_color(Color("#000"))
        .light_color(Color("#fff"))
        .module_dimensions(MODULE, MODULE)
        .quiet_zone(true)
        .build();
    let element = document.get(document.find("<svg ")?..)?;
    Some(element.replacen("<svg ", "<svg aria-hidden=\"true\" ", 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAYLOAD: &str =
        "BCD\n002\n1\nSCT\n\nÄcme & Söhne\nDE89370400440532013000\nEUR120.00\n\n\nINV <42>";

    /// The modules that the path of the SVG draws, quiet zone included.
    fn drawn(svg: &str) -> (usize, Vec<bool>) {
        let number = |text: &str| text.parse::<usize>().unwrap() / MODULE as usize;
        let width = number(svg.split_once("width=\"").unwrap().1.split('"').next().unwrap());
        let path = svg.split_once(" d=\"").unwrap().1.split('"').next().unwrap();
        let mut modules = vec![false; width * width];
        for square in path.split('M').skip(1) {
            let (left, rest) = square.split_once(' ').unwrap();
            let (top, rest) = rest.split_once('h').unwrap();
            let (across, rest) = rest.split_once('v').unwrap();
            let down = rest.split_once('H').unwrap().0;
            for row in number(top)..number(top) + number(down) {
                for column in number(left)..number(left) + number(across) {
                    modules[row * width + column] = true;
                }
            }
        }
        (width, modules)
    }

    #[test]
    fn what_is_drawn_can_be_read_again() {
        let (width, modules) = drawn(&svg(PAYLOAD).unwrap());
        let mut image =
            rqrr::PreparedImage::prepare_from_greyscale(width * 4, width * 4, |x, y| {
                if modules[y / 4 * width + x / 4] { 0 } else { 255 }
            });
        let grids = image.detect_grids();
        assert_eq!(grids.len(), 1);
        assert_eq!(grids[0].decode().unwrap().1, PAYLOAD);
    }

    #[test]
    fn the_svg_needs_no_style_and_says_nothing_of_its_own() {
        let svg = svg(PAYLOAD).unwrap();
        assert!(svg.starts_with("<svg aria-hidden=\"true\" ") && svg.ends_with("</svg>"), "{svg}");
        assert!(svg.contains("fill=\"#fff\"") && svg.contains("fill=\"#000\""));
        for unwanted in ["style", "<title", "<?xml", "INV"] {
            assert!(!svg.contains(unwanted), "{unwanted}");
        }
    }

    #[test]
    fn what_is_too_long_has_no_code() {
        assert!(svg(&"a".repeat(331)).is_some());
        assert!(svg(&"a".repeat(332)).is_none());
        assert!(svg(&"a".repeat(100_000)).is_none());
    }
}
