//! The embedded typefaces, and which of them has a character.

use harfrust::{FontRef, Shaper, ShaperData};
use krilla::text::Font;
use skrifa::MetadataProvider;
use skrifa::charmap::Charmap;

use super::PdfError;

/// The files of each typeface, regular and bold. The first typeface that has a character is used.
const FILES: [[&[u8]; 2]; 3] = [
    [
        include_bytes!("../../assets/fonts/NotoSans-Regular.ttf"),
        include_bytes!("../../assets/fonts/NotoSans-Bold.ttf"),
    ],
    [
        include_bytes!("../../assets/fonts/NotoSansArabic-Regular.ttf"),
        include_bytes!("../../assets/fonts/NotoSansArabic-Bold.ttf"),
    ],
    [
        include_bytes!("../../assets/fonts/NotoSansHebrew-Regular.ttf"),
        include_bytes!("../../assets/fonts/NotoSansHebrew-Bold.ttf"),
    ],
];
/// The character that is drawn for one that no typeface has.
const SUBSTITUTE: char = '\u{fffd}';

/// The minus sign, which our typefaces do not have.
const MINUS: char = '\u{2212}';
/// The dash that is drawn for the minus sign.
const DASH: char = '\u{2013}';

/// One typeface in one weight.
pub(super) struct Face {
    /// The font for drawing.
    pub(super) font: Font,
    /// The tables of the font for measuring.
    tables: FontRef<'static>,
    shaping: ShaperData,
    signs: Charmap<'static>,
}

impl Face {
    /// Returns the shaper, which turns characters into glyphs. To build it costs nearly nothing.
    pub(super) fn shaper(&self) -> Shaper<'_> {
        self.shaping.shaper(&self.tables).build()
    }
}

/// All typefaces, by script and weight.
pub(super) struct Faces([[Face; 2]; 3]);

impl Faces {
    pub(super) fn new() -> Result<Self, PdfError> {
        let [latin, arabic, hebrew] = FILES;
        Ok(Self([weights(latin)?, weights(arabic)?, weights(hebrew)?]))
    }

    pub(super) fn get(&self, script: usize, bold: bool) -> &Face {
        &self.0[script][usize::from(bold)]
    }

    /// Returns the first typeface that has the character. `current` is preferred, so that runs of one
    /// typeface stay long.
    pub(super) fn script_of(&self, sign: char, current: Option<usize>) -> Option<usize> {
        let has = |script: &usize| self.0[*script][0].signs.map(sign).is_some();
        if let Some(current) = current
            && (is_mark(sign) || sign == ' ' || (current > 0 && has(&current)))
        {
            return Some(current);
        }
        (0..self.0.len()).find(has)
    }

    /// Returns the text as it can be drawn: white space becomes one space, control characters are
    /// removed, and characters that no typeface has are replaced. A no-break space stays.
    pub(super) fn settable(&self, text: &str) -> String {
        let signs = text.chars().filter(|sign| !is_unwanted(*sign));
        let text: String = signs.map(|sign| self.nearest(sign)).collect();
        text.split(' ').filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
    }

    fn nearest(&self, sign: char) -> char {
        match sign {
            '\u{a0}' | '\u{2007}' | '\u{202f}' => '\u{a0}',
            _ if sign.is_whitespace() || sign.is_control() => ' ',
            _ if is_mark(sign) || self.script_of(sign, None).is_some() => sign,
            MINUS => DASH,
            _ => SUBSTITUTE,
        }
    }
}

fn weights([regular, bold]: [&'static [u8]; 2]) -> Result<[Face; 2], PdfError> {
    Ok([face(regular)?, face(bold)?])
}

fn face(bytes: &'static [u8]) -> Result<Face, PdfError> {
    let font = Font::new(bytes.to_vec().into(), 0).ok_or(PdfError::Typeface)?;
    let tables = FontRef::new(bytes).map_err(|_| PdfError::Typeface)?;
    let (shaping, signs) = (ShaperData::new(&tables), tables.charmap());
    Ok(Face { font, tables, shaping, signs })
}

/// Whether this is a joiner, a direction mark or an isolate. These have no glyph and belong to the
/// characters around them.
fn is_mark(sign: char) -> bool {
    matches!(sign, '\u{200c}'..='\u{200f}' | '\u{61c}' | '\u{2066}'..='\u{2069}')
}

/// Whether this character is invisible or changes the direction of the text after it.
fn is_unwanted(sign: char) -> bool {
    matches!(
        sign,
        '\u{ad}' | '\u{200b}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2064}' | '\u{206a}'..='\u{206f}' | '\u{feff}'
            | '\u{fe00}'..='\u{fe0f}' | '\u{e0000}'..='\u{e0fff}'
    )
}
