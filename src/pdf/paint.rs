//! Writes the pages as a PDF.

use krilla::color::rgb;
use krilla::geom::{PathBuilder, Point, Rect};
use krilla::metadata::{Metadata, TextDirection};
use krilla::num::NormalizedF32;
use krilla::page::PageSettings;
use krilla::paint::{Fill, FillRule};
use krilla::surface::Surface;

use super::sheet::{Mark, PAGE, Sheet};
use super::text::Line;
use super::{Document, PdfError, blocks};

/// All pages, with title and language.
pub(super) fn write(document: &Document<'_>, sheet: &Sheet) -> Result<Vec<u8>, PdfError> {
    let mut pdf = krilla::Document::new();
    for marks in &sheet.pages {
        let settings = PageSettings::from_wh(PAGE.0, PAGE.1).ok_or(PdfError::Page)?;
        let mut page = pdf.start_page_with(settings);
        let mut surface = page.surface();
        for mark in marks {
            draw(&mut surface, mark);
        }
        squares(&mut surface, marks);
        surface.finish();
        page.finish();
    }
    pdf.set_metadata(metadata(document));
    pdf.finish().map_err(PdfError::Writing)
}

fn metadata(document: &Document<'_>) -> Metadata {
    let direction = if document.locale.is_rtl() {
        TextDirection::RightToLeft
    } else {
        TextDirection::LeftToRight
    };
    Metadata::new()
        .title(blocks::title(document))
        .language(document.locale.tag())
        .authors(vec![document.terms.seller.name.clone()])
        .creator("Tallyroom".to_owned())
        .text_direction(direction)
}

fn draw(surface: &mut Surface<'_>, mark: &Mark) {
    match mark {
        Mark::Text { x, baseline, line } => text(surface, *x, *baseline, line),
        Mark::Rule { x, y, width, thickness, grey } => {
            surface.set_fill(Some(fill(*grey)));
            let mut path = PathBuilder::new();
            if let Some(rect) = Rect::from_xywh(*x, *y, *width, *thickness) {
                path.push_rect(rect);
            }
            if let Some(path) = path.finish() {
                surface.draw_path(&path);
            }
        }
        Mark::Square { .. } => {}
    }
}

fn text(surface: &mut Surface<'_>, x: f32, baseline: f32, line: &Line) {
    surface.set_fill(Some(fill(line.style.grey)));
    let mut x = x;
    for run in &line.runs {
        let at = Point::from_xy(x, baseline);
        surface.draw_glyphs(at, &run.glyphs, run.font.clone(), &run.text, line.style.size, false);
        x += run.width;
    }
}

/// In one path: squares drawn one by one show hairlines between them.
fn squares(surface: &mut Surface<'_>, marks: &[Mark]) {
    let mut path = PathBuilder::new();
    for mark in marks {
        if let Mark::Square { x, y, side } = mark
            && let Some(rect) = Rect::from_xywh(*x, *y, *side, *side)
        {
            path.push_rect(rect);
        }
    }
    if let Some(path) = path.finish() {
        surface.set_fill(Some(fill(0)));
        surface.draw_path(&path);
    }
}

fn fill(grey: u8) -> Fill {
    Fill {
        paint: rgb::Color::new(grey, grey, grey).into(),
        opacity: NormalizedF32::ONE,
        rule: FillRule::NonZero,
    }
}
