//! Turns text into lines of glyphs: direction, typefaces, scripts, and measuring.

use std::cell::RefCell;
use std::collections::HashMap;
use std::ops::Range;

use harfrust::{Direction, GlyphBuffer, Language, Script, ShapeOptions, ShapePlan, UnicodeBuffer};
use krilla::text::{Font, GlyphId, KrillaGlyph};
use unicode_bidi::{BidiInfo, Level};

use super::PdfError;
use super::breaks::Breaks;
use super::faces::{Face, FaceId, Faces};
use crate::fonts::{self, Fonts, HanForm, Look};

/// The size, the weight and the grey of a text.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Style {
    /// In points.
    pub(super) size: f32,
    pub(super) bold: bool,
    /// From 0 (black) to 255 (white).
    pub(super) grey: u8,
}

impl Style {
    pub(super) const TITLE: Self = Self { size: 19.0, bold: true, grey: 20 };
    pub(super) const NAME: Self = Self { size: 11.5, bold: true, grey: 20 };
    pub(super) const STRONG: Self = Self { size: 9.0, bold: true, grey: 20 };
    pub(super) const BODY: Self = Self { size: 9.0, bold: false, grey: 20 };
    pub(super) const SMALL: Self = Self { size: 7.5, bold: false, grey: 95 };
    pub(super) const LABEL: Self = Self { size: 7.5, bold: true, grey: 95 };
    pub(super) const TOTAL: Self = Self { size: 11.5, bold: true, grey: 20 };

    /// Returns the distance between two baselines, in points.
    pub(super) fn leading(self) -> f32 {
        self.size * 1.36
    }
}

/// A line of text, ready to be drawn.
#[derive(Clone)]
pub(super) struct Line {
    /// The runs, from left to right.
    pub(super) runs: Vec<Run>,
    /// In points.
    pub(super) width: f32,
    pub(super) style: Style,
}

/// A part of a line in one typeface and direction.
#[derive(Clone)]
pub(super) struct Run {
    pub(super) font: Font,
    pub(super) text: String,
    pub(super) glyphs: Vec<KrillaGlyph>,
    /// In points.
    pub(super) width: f32,
}

/// Turns texts into lines.
pub(super) struct Typesetter {
    faces: Faces,
    breaks: Breaks,
    /// The form of Chinese characters in texts that do not show it.
    han: HanForm,
    /// The shaping plans. They are expensive to compute.
    plans: RefCell<HashMap<PlanKey, ShapePlan>>,
    /// The widths of words at size 1.
    widths: RefCell<HashMap<(bool, HanForm, String), f32>>,
}

#[derive(PartialEq, Eq, Hash)]
struct PlanKey {
    face: FaceId,
    bold: bool,
    rtl: bool,
    script: Script,
    han: HanForm,
}

/// What holds for all lines of a paragraph.
#[derive(Clone, Copy)]
struct Paragraph {
    level: Level,
    han: HanForm,
}

/// A part of a text in one typeface and one script.
struct Part {
    range: Range<usize>,
    face: FaceId,
    /// `None` if there is only punctuation so far.
    script: Option<fonts::Script>,
}

impl Typesetter {
    pub(super) fn new(fonts: Fonts, han: HanForm) -> Result<Self, PdfError> {
        let (plans, widths) = Default::default();
        Ok(Self { faces: Faces::new(fonts)?, breaks: Breaks::new(), han, plans, widths })
    }

    /// Whether a text so far has a character that no typeface has.
    pub(super) fn misses_characters(&self) -> bool {
        self.faces.misses_characters()
    }

    /// Returns the text as one line, of any length.
    pub(super) fn line(&self, text: &str, style: Style) -> Line {
        let (text, paragraph) = self.paragraph(text);
        self.shaped(&text, style, paragraph)
    }

    /// Returns the text as as many lines as it needs. A word that is too long is broken.
    pub(super) fn lines(&self, text: &str, style: Style, width: f32) -> Vec<Line> {
        let (text, paragraph) = self.paragraph(text);
        if text.is_empty() {
            return Vec::new();
        }
        let han = paragraph.han;
        let space = self.width("n n", style, han) - self.width("nn", style, han);
        let mut filled: Vec<(String, f32)> = Vec::new();
        for word in text.split(' ') {
            let mut is_first = true;
            for piece in self.breaks.pieces(word) {
                for (part, part_width) in self.parts(piece, style, width, han) {
                    let gap = if is_first { space } else { 0.0 };
                    match filled.last_mut() {
                        Some((line, taken)) if *taken + gap + part_width <= width => {
                            line.push_str(if is_first { " " } else { "" });
                            line.push_str(&part);
                            *taken += gap + part_width;
                        }
                        _ => filled.push((part, part_width)),
                    }
                    is_first = false;
                }
            }
        }
        filled.iter().map(|(line, _)| self.shaped(line, style, paragraph)).collect()
    }

    /// Returns the piece of a word, or its parts if it does not fit into a line.
    fn parts(&self, piece: &str, style: Style, width: f32, han: HanForm) -> Vec<(String, f32)> {
        let whole = self.width(piece, style, han);
        if whole <= width {
            return vec![(piece.to_owned(), whole)];
        }
        let mut parts = vec![(String::new(), 0.0)];
        for cluster in self.breaks.clusters(piece) {
            let cluster_width = self.width(cluster, style, han);
            match parts.last_mut() {
                Some((part, taken)) if part.is_empty() || *taken + cluster_width <= width => {
                    part.push_str(cluster);
                    *taken += cluster_width;
                }
                _ => parts.push((cluster.to_owned(), cluster_width)),
            }
        }
        parts
    }

    /// Returns the text as it can be drawn, and what holds for all of it.
    fn paragraph(&self, text: &str) -> (String, Paragraph) {
        let han = HanForm::of_text(text).unwrap_or(self.han);
        let text = self.faces.settable(text, han);
        let level = base(&text);
        (text, Paragraph { level, han })
    }

    /// Returns the width of a text that contains only characters of our typefaces.
    fn width(&self, text: &str, style: Style, han: HanForm) -> f32 {
        let key = (style.bold, han, text.to_owned());
        let known = self.widths.borrow().get(&key).copied();
        let width = known.unwrap_or_else(|| {
            let paragraph = Paragraph { level: base(text), han };
            let width = self.shaped(text, Style { size: 1.0, ..style }, paragraph).width;
            self.widths.borrow_mut().insert(key, width);
            width
        });
        width * style.size
    }

    fn shaped(&self, text: &str, style: Style, paragraph: Paragraph) -> Line {
        let mut runs = Vec::new();
        for (range, rtl) in Self::directions(text, paragraph.level) {
            let mut parts = self.typefaces(text, range, paragraph.han);
            if rtl {
                parts.reverse();
            }
            for part in parts {
                runs.push(self.run(&text[part.range], part.face, rtl, style, paragraph.han));
            }
        }
        let width = runs.iter().map(|run| run.width).sum();
        Line { runs, width, style }
    }

    /// Parts of one direction, from left to right.
    fn directions(text: &str, base: Level) -> Vec<(Range<usize>, bool)> {
        let bidi = BidiInfo::new(text, Some(base));
        let Some(paragraph) = bidi.paragraphs.first() else { return Vec::new() };
        let (levels, runs) = bidi.visual_runs(paragraph, paragraph.range.clone());
        let is_rtl = |run: &Range<usize>| levels.get(run.start).is_some_and(Level::is_rtl);
        runs.into_iter().map(|run| (run.clone(), is_rtl(&run))).collect()
    }

    /// Parts of one typeface and one script, in the order of the text.
    fn typefaces(&self, text: &str, range: Range<usize>, han: HanForm) -> Vec<Part> {
        if text[range.clone()].is_ascii() {
            // Most texts of an invoice are.
            return vec![Part { range, face: FaceId::LATIN, script: None }];
        }
        let mut parts: Vec<Part> = Vec::new();
        let mut start = range.start;
        // The typeface of what comes before, whatever the spaces between have.
        let mut current = None;
        for cluster in self.breaks.clusters(&text[range]) {
            if let Some(face) = self.faces.face_of(cluster, current, han) {
                add(&mut parts, start, cluster, face);
                current = if cluster == " " { current } else { Some(face) };
            } else {
                for (offset, sign) in cluster.char_indices() {
                    let look = Look { emoji: fonts::is_emoji(sign), han };
                    let face = self.faces.face_of_sign(sign, current, look);
                    let face = face.unwrap_or(FaceId::LATIN);
                    add(&mut parts, start + offset, sign.encode_utf8(&mut [0; 4]), face);
                    current = Some(face);
                }
            }
            start += cluster.len();
        }
        parts
    }

    fn run(&self, text: &str, id: FaceId, rtl: bool, style: Style, han: HanForm) -> Run {
        let face = self.faces.get(id, style.bold);
        let mut buffer = UnicodeBuffer::new();
        buffer.push_str(text);
        buffer.guess_segment_properties();
        let direction = if rtl { Direction::RightToLeft } else { Direction::LeftToRight };
        buffer.set_direction(direction);
        // A typeface for all forms of Chinese characters chooses by the language.
        let language =
            matches!(id, FaceId::Installed(_)).then(|| Language::new(han.tag())).flatten();
        if let Some(language) = &language {
            buffer.set_language(language.clone());
        }
        let Some(shaper) = face.shaper() else {
            return Run {
                font: face.font.clone(),
                text: text.to_owned(),
                glyphs: vec![],
                width: 0.0,
            };
        };
        let mut plans = self.plans.borrow_mut();
        let script = buffer.script();
        let key = PlanKey { face: id, bold: style.bold, rtl, script, han };
        let plan = plans.entry(key).or_insert_with(|| {
            ShapePlan::new(&shaper, direction, Some(script), language.as_ref(), &[])
        });
        let shaped = shaper.shape(buffer, ShapeOptions::new().plan(Some(plan)));
        glyph_run(text, &face, style.size, &shaped)
    }
}

/// Adds characters to the last part, or begins another one.
fn add(parts: &mut Vec<Part>, start: usize, signs: &str, face: FaceId) {
    let end = start + signs.len();
    let script = signs
        .chars()
        .next()
        .map(fonts::script_of)
        .filter(|script| !matches!(*script, fonts::Script::Common | fonts::Script::Inherited));
    match parts.last_mut() {
        Some(part)
            if part.face == face
                && (script.is_none() || part.script.is_none() || part.script == script) =>
        {
            part.range.end = end;
            part.script = part.script.or(script);
        }
        _ => parts.push(Part { range: start..end, face, script }),
    }
}

/// The direction of a paragraph is that of its first letter, whatever document it stands in: so
/// numbers and foreign words read as they were written.
fn base(text: &str) -> Level {
    let bidi = BidiInfo::new(text, None);
    bidi.paragraphs.first().map_or_else(Level::ltr, |paragraph| paragraph.level)
}

fn glyph_run(text: &str, face: &Face, size: f32, shaped: &GlyphBuffer) -> Run {
    let units = face.font.units_per_em();
    let mut starts: Vec<usize> =
        shaped.glyph_infos().iter().map(|info| info.cluster as usize).collect();
    starts.sort_unstable();
    let glyphs: Vec<KrillaGlyph> = shaped
        .glyph_infos()
        .iter()
        .zip(shaped.glyph_positions())
        .map(|(info, position)| {
            let start = info.cluster as usize;
            let later = starts.partition_point(|other| *other <= start);
            KrillaGlyph::new(
                GlyphId::new(info.glyph_id),
                position.x_advance as f32 / units,
                position.x_offset as f32 / units,
                position.y_offset as f32 / units,
                position.y_advance as f32 / units,
                start..starts.get(later).copied().unwrap_or(text.len()),
                None,
            )
        })
        .collect();
    let advance: f32 = shaped.glyph_positions().iter().map(|it| it.x_advance as f32).sum();
    Run { font: face.font.clone(), text: text.to_owned(), glyphs, width: advance / units * size }
}
