//! Writes the pages as a PDF.

use std::collections::BTreeSet;
use std::num::NonZeroU16;

use krilla::SerializeSettings;
use krilla::color::rgb;
use krilla::configure::{
    Archival, Configuration, ConfigurationBuilder, PdfVersion, ValidationError,
};
use krilla::error::KrillaError;
use krilla::geom::{PathBuilder, Point, Rect};
use krilla::metadata::{DateTime, Metadata, TextDirection};
use krilla::num::NormalizedF32;
use krilla::page::PageSettings;
use krilla::paint::{Fill, FillRule};
use krilla::surface::Surface;
use krilla::tagging::{
    Artifact, ArtifactType, ContentTag, SpanTag, Tag, TagGroup, TagKind, TagTree,
};

use super::sheet::{Mark, PAGE, Sheet};
use super::text::{Line, Style};
use super::{Document, PdfError, Standard, blocks, xmp};

/// Writes all pages, with the title, the language, the order in which a screen reader reads them, and the
/// invoice for programs.
pub(super) fn write(
    document: &Document<'_>,
    sheet: &Sheet,
    standard: Standard,
) -> Result<Vec<u8>, PdfError> {
    let configuration = configuration(standard)?;
    let settings = SerializeSettings { configuration, ..SerializeSettings::default() };
    let mut pdf = krilla::Document::new_with(settings);
    let mut tags = TagTree::new();
    for marks in &sheet.pages {
        let settings = PageSettings::from_wh(PAGE.0, PAGE.1).ok_or(PdfError::Page)?;
        let mut page = pdf.start_page_with(settings);
        let mut surface = page.surface();
        for mark in marks {
            draw(&mut surface, mark, &mut tags);
        }
        squares(&mut surface, marks, document, &mut tags);
        surface.finish();
        page.finish();
    }
    let at = date(document.written_at);
    pdf.set_metadata(metadata(document, at));
    pdf.set_tag_tree(tags);
    if let Some(carried) = document.carried {
        pdf.embed_file(carried.file(at)).ok_or(PdfError::Metadata)?;
    }
    let bytes = pdf.finish().map_err(|error| match error {
        KrillaError::Validation(errors) => {
            let kinds: BTreeSet<_> = errors.iter().map(|(error, _)| kind(error)).collect();
            PdfError::Forbidden(kinds.into_iter().collect())
        }
        other => PdfError::Writing(other),
    })?;
    match (document.carried, standard) {
        (Some(carried), Standard::Archival) => {
            xmp::with_facturx(&bytes, carried).ok_or(PdfError::Metadata)
        }
        _ => Ok(bytes),
    }
}

fn configuration(standard: Standard) -> Result<Configuration, PdfError> {
    let builder = ConfigurationBuilder::new().with_version(PdfVersion::Pdf17);
    let builder = match standard {
        Standard::Archival => builder.with_archival_validator(Archival::A3_B),
        Standard::Plain => builder,
    };
    builder.finish().map_err(|_| PdfError::Metadata)
}

/// Names the kind of a problem. The problem itself may repeat texts of the invoice, which are not for the log.
fn kind(error: &ValidationError) -> &'static str {
    match error {
        ValidationError::ContainsNotDefGlyph(..) => "a character without a glyph",
        ValidationError::RestrictedLicense(_) => "a typeface that must not be embedded",
        ValidationError::TooLongString => "a text that is too long",
        ValidationError::TooManyIndirectObjects => "too many parts",
        _ => "something else",
    }
}

/// Returns a time in milliseconds since 1970 as the date of the PDF, in UTC.
fn date(at: i64) -> DateTime {
    let at = jiff::Timestamp::from_millisecond(at).unwrap_or_default();
    let at = at.to_zoned_datetime(jiff::tz::TimeZone::UTC);
    let small = |number: i8| u8::try_from(number).unwrap_or_default();
    DateTime::new(u16::try_from(at.year()).unwrap_or_default())
        .month(small(at.month()))
        .day(small(at.day()))
        .hour(small(at.hour()))
        .minute(small(at.minute()))
        .second(small(at.second()))
        .utc_offset_hour(0)
        .utc_offset_minute(0)
}

fn metadata(document: &Document<'_>, at: DateTime) -> Metadata {
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
        .producer("Tallyroom".to_owned())
        .creation_date(at)
        .text_direction(direction)
}

fn draw(surface: &mut Surface<'_>, mark: &Mark, tags: &mut TagTree) {
    match mark {
        Mark::Text { x, baseline, line, running: true } => {
            surface.start_tagged(decoration());
            text(surface, *x, *baseline, line);
            surface.end_tagged();
        }
        Mark::Text { x, baseline, line, running: false } => {
            let content = surface.start_tagged(ContentTag::Span(SpanTag::empty()));
            text(surface, *x, *baseline, line);
            surface.end_tagged();
            let heading = line.style == Style::TITLE;
            let tag: TagKind =
                if heading { Tag::Hn(NonZeroU16::MIN, None).into() } else { Tag::P.into() };
            tags.push(TagGroup::with_children(tag, vec![content.into()]));
        }
        Mark::Rule { x, y, width, thickness, grey } => {
            surface.start_tagged(decoration());
            surface.set_fill(Some(fill(*grey)));
            let rect = Rect::from_xywh(*x, *y, *width, *thickness);
            fill_all(surface, rect.into_iter());
            surface.end_tagged();
        }
        Mark::Square { .. } => {}
    }
}

/// Returns the tag of what a screen reader skips.
fn decoration() -> ContentTag<'static> {
    ContentTag::Artifact(Artifact::new(ArtifactType::PaginationOther, None))
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

/// Draws the QR code as one picture.
fn squares(surface: &mut Surface<'_>, marks: &[Mark], document: &Document<'_>, tags: &mut TagTree) {
    let squares = marks.iter().filter_map(|mark| match mark {
        Mark::Square { x, y, side } => Rect::from_xywh(*x, *y, *side, *side),
        _ => None,
    });
    let mut squares = squares.peekable();
    if squares.peek().is_none() {
        return;
    }
    let content = surface.start_tagged(ContentTag::Other);
    surface.set_fill(Some(fill(0)));
    fill_all(surface, squares);
    surface.end_tagged();
    let label = document.locale.text("qr-label");
    tags.push(TagGroup::with_children(Tag::Figure(Some(label)), vec![content.into()]));
}

/// Fills all rectangles as one path. If each is drawn alone, viewers show thin lines between them.
fn fill_all(surface: &mut Surface<'_>, rectangles: impl Iterator<Item = Rect>) {
    let mut path = PathBuilder::new();
    for rectangle in rectangles {
        path.push_rect(rectangle);
    }
    if let Some(path) = path.finish() {
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
