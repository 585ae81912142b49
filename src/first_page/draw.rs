//! Draws the first page of a PDF. This file does no I/O, and may take any time and any memory.

use hayro::hayro_interpret::InterpreterSettings;
use hayro::hayro_syntax::Pdf;
use hayro::vello_cpu::color::palette::css::WHITE;
use hayro::{PixmapSettings, RenderCache, RenderSettings, render};

use super::FirstPage;

/// The greatest size of a PDF whose first page is drawn, in bytes. It is whole in memory then.
pub const MAX_PDF_BYTES: u64 = 32_000_000;
/// The greatest width and height at which the page shows the picture, in pixels of the page.
const MAX_SHOWN: (u16, u16) = (480, 320);
/// How many pixels the picture has for one of the page, in each direction: most screens have as many or more.
const SHARPNESS: u16 = 2;
/// The greatest width and height of the picture, in pixels.
pub(super) const MAX_PIXELS: (u16, u16) = (MAX_SHOWN.0 * SHARPNESS, MAX_SHOWN.1 * SHARPNESS);
/// The greatest size of a picture, in bytes. A page of text takes a tenth of it. A photo may need more, and is
/// drawn with half the width and height then, where pixels of any colours fit.
pub(super) const MAX_PNG_BYTES: usize = 512 * 1024;

/// Draws the first page of a PDF, on white. None if it cannot be read, has no page or needs a password.
///
/// # Panics
/// A PDF may make the library panic.
pub fn draw(pdf: Vec<u8>) -> Option<FirstPage> {
    let pdf = Pdf::new(pdf).ok()?;
    let page = pdf.pages().first()?;
    let (page_width, page_height) = page.render_dimensions();
    let (shown_width, shown_height) = fitting(page_width, page_height)?;
    let (cache, settings) = (RenderCache::new(), InterpreterSettings::default());
    [SHARPNESS, 1].into_iter().find_map(|sharpness| {
        // Multiples, so that the picture has exactly the form of the place that is kept for it.
        let (width, height) = (shown_width * sharpness, shown_height * sharpness);
        let scales = PixmapSettings {
            // The library rounds down.
            x_scale: (f32::from(width) + 0.5) / page_width,
            y_scale: (f32::from(height) + 0.5) / page_height,
            bg_color: WHITE,
        };
        let pixmap = render(page, &cache, &settings, &RenderSettings::default(), &scales);
        let (width, height) = (pixmap.width(), pixmap.height());
        let png = pixmap.into_png().ok().filter(|png| png.len() <= MAX_PNG_BYTES)?;
        Some(FirstPage { width, height, png })
    })
}

/// Returns the width and height at which a page of this size fits into [`MAX_SHOWN`], with its form. None if it has no size.
fn fitting(width: f32, height: f32) -> Option<(u16, u16)> {
    let is_size = |it: f32| it.is_finite() && it > 0.0;
    if !is_size(width) || !is_size(height) {
        return None;
    }
    let (max_width, max_height) = MAX_SHOWN;
    let scale = (f32::from(max_width) / width).min(f32::from(max_height) / height);
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "within the bounds"
    )]
    let pixels = |length: f32, max: u16| (length * scale).round().clamp(1.0, f32::from(max)) as u16;
    Some((pixels(width, max_width), pixels(height, max_height)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_keeps_its_form_and_fits() {
        for ((width, height), expected) in [
            ((595.0, 842.0), Some((226, 320))),
            ((842.0, 595.0), Some((453, 320))),
            ((10.0, 5.0), Some((480, 240))),
            ((14_400.0, 1.0), Some((480, 1))),
            ((1.0, f32::MAX), Some((1, 320))),
            ((0.0, 5.0), None),
            ((f32::NAN, 5.0), None),
            ((5.0, f32::INFINITY), None),
        ] {
            assert_eq!(fitting(width, height), expected, "{width} × {height}");
        }
    }
}
