//! Turns text into lines of glyphs: direction, typefaces, measuring, and line breaks.

use std::cell::RefCell;
use std::collections::HashMap;
use std::ops::Range;

use harfrust::{Direction, GlyphBuffer, Script, ShapeOptions, ShapePlan, UnicodeBuffer};
use krilla::text::{Font, GlyphId, KrillaGlyph};
use unicode_bidi::{BidiInfo, Level};

use super::PdfError;
use super::faces::{Face, Faces};

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
    /// The shaping plans by typeface, weight, direction and script. They are expensive to compute.
    plans: RefCell<HashMap<PlanKey, ShapePlan>>,
    /// The widths of words at size 1, by weight.
    widths: RefCell<HashMap<(bool, String), f32>>,
}

type PlanKey = (usize, bool, bool, Script);

impl Typesetter {
    pub(super) fn new() -> Result<Self, PdfError> {
        let (plans, widths) = Default::default();
        Ok(Self { faces: Faces::new()?, plans, widths })
    }

    /// Returns the text as one line, of any length.
    pub(super) fn line(&self, text: &str, style: Style) -> Line {
        let text = self.faces.settable(text);
        self.shaped(&text, style, base(&text))
    }

    /// Returns the text as as many lines as it needs. A word that is too long is broken.
    pub(super) fn lines(&self, text: &str, style: Style, width: f32) -> Vec<Line> {
        let text = self.faces.settable(text);
        if text.is_empty() {
            return Vec::new();
        }
        let space = self.width("n n", style) - self.width("nn", style);
        let mut filled: Vec<(String, f32)> = Vec::new();
        for word in text.split(' ') {
            for (part, part_width) in self.parts(word, style, width) {
                match filled.last_mut() {
                    Some((line, taken)) if *taken + space + part_width <= width => {
                        line.push(' ');
                        line.push_str(&part);
                        *taken += space + part_width;
                    }
                    _ => filled.push((part, part_width)),
                }
            }
        }
        let base = base(&text);
        filled.iter().map(|(line, _)| self.shaped(line, style, base)).collect()
    }

    /// Returns the word, or its parts if it does not fit into a line.
    fn parts(&self, word: &str, style: Style, width: f32) -> Vec<(String, f32)> {
        let whole = self.width(word, style);
        if whole <= width {
            return vec![(word.to_owned(), whole)];
        }
        let mut parts = vec![(String::new(), 0.0)];
        for sign in word.chars() {
            let sign_width = self.width(sign.encode_utf8(&mut [0; 4]), style);
            match parts.last_mut() {
                Some((part, taken)) if part.is_empty() || *taken + sign_width <= width => {
                    part.push(sign);
                    *taken += sign_width;
                }
                _ => parts.push((sign.to_string(), sign_width)),
            }
        }
        parts
    }

    /// Returns the runs of a text that contains only characters of our typefaces.
    fn width(&self, text: &str, style: Style) -> f32 {
        let key = (style.bold, text.to_owned());
        let known = self.widths.borrow().get(&key).copied();
        let width = known.unwrap_or_else(|| {
            let width = self.shaped(text, Style { size: 1.0, ..style }, base(text)).width;
            self.widths.borrow_mut().insert(key, width);
            width
        });
        width * style.size
    }

    fn shaped(&self, text: &str, style: Style, base: Level) -> Line {
        let mut runs = Vec::new();
        for (range, rtl) in Self::directions(text, base) {
            let mut parts = self.typefaces(text, range);
            if rtl {
                parts.reverse();
            }
            for (part, script) in parts {
                runs.push(self.run(&text[part], (script, rtl), style));
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

    /// Parts of one typeface, in the order of the text.
    fn typefaces(&self, text: &str, range: Range<usize>) -> Vec<(Range<usize>, usize)> {
        let mut parts: Vec<(Range<usize>, usize)> = Vec::new();
        for (offset, sign) in text[range.clone()].char_indices() {
            let start = range.start + offset;
            let end = start + sign.len_utf8();
            let current = parts.last().map(|(_, script)| *script);
            let script = self.faces.script_of(sign, current).unwrap_or_default();
            match parts.last_mut() {
                Some((part, same)) if *same == script => part.end = end,
                _ => parts.push((start..end, script)),
            }
        }
        parts
    }

    fn run(&self, text: &str, (script, rtl): (usize, bool), style: Style) -> Run {
        let face = self.faces.get(script, style.bold);
        let mut buffer = UnicodeBuffer::new();
        buffer.push_str(text);
        buffer.guess_segment_properties();
        let direction = if rtl { Direction::RightToLeft } else { Direction::LeftToRight };
        buffer.set_direction(direction);
        let shaper = face.shaper();
        let mut plans = self.plans.borrow_mut();
        let written = buffer.script();
        let plan = plans
            .entry((script, style.bold, rtl, written))
            .or_insert_with(|| ShapePlan::new(&shaper, direction, Some(written), None, &[]));
        let shaped = shaper.shape(buffer, ShapeOptions::new().plan(Some(plan)));
        glyph_run(text, face, style.size, &shaped)
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
