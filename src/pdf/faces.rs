//! The typefaces that are embedded, and which of them has a character.

use harfrust::{FontRef, Shaper, ShaperData};
use krilla::text::Font;
use skrifa::MetadataProvider;
use skrifa::charmap::Charmap;

use super::PdfError;

/// Regular and bold of each, in the order in which they are asked for a character.
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
/// Stands for a character that no typeface has.
const SUBSTITUTE: char = '\u{fffd}';

/// Our typefaces do not have it.
const MINUS: char = '\u{2212}';
/// Takes its place.
const DASH: char = '\u{2013}';

/// One typeface in one weight.
pub(super) struct Face {
    /// To draw with.
    pub(super) font: Font,
    /// To measure with.
    tables: FontRef<'static>,
    shaping: ShaperData,
    signs: Charmap<'static>,
}

impl Face {
    /// What turns characters into glyphs. It takes nearly nothing to make.
    pub(super) fn shaper(&self) -> Shaper<'_> {
        self.shaping.shaper(&self.tables).build()
    }
}

/// All of them, by script and weight.
pub(super) struct Faces([[Face; 2]; 3]);

impl Faces {
    pub(super) fn new() -> Result<Self, PdfError> {
        let [latin, arabic, hebrew] = FILES;
        Ok(Self([weights(latin)?, weights(arabic)?, weights(hebrew)?]))
    }

    pub(super) fn get(&self, script: usize, bold: bool) -> &Face {
        &self.0[script][usize::from(bold)]
    }

    /// The first typeface that has the character; `current` if it does, so that runs stay long.
    pub(super) fn script_of(&self, sign: char, current: Option<usize>) -> Option<usize> {
        let has = |script: &usize| self.0[*script][0].signs.map(sign).is_some();
        if let Some(current) = current
            && (is_mark(sign) || sign == ' ' || (current > 0 && has(&current)))
        {
            return Some(current);
        }
        (0..self.0.len()).find(has)
    }

    /// The text as it can be set: white space is one space, what controls is gone, and what no
    /// typeface has shows as a substitute. A space that holds two words together still does.
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

/// Joiners, direction marks and isolates: they have no shape, and belong to what is around them.
fn is_mark(sign: char) -> bool {
    matches!(sign, '\u{200c}'..='\u{200f}' | '\u{61c}' | '\u{2066}'..='\u{2069}')
}

/// What would turn around the text after it, or is not to be seen.
fn is_unwanted(sign: char) -> bool {
    matches!(
        sign,
        '\u{ad}' | '\u{200b}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2064}' | '\u{206a}'..='\u{206f}' | '\u{feff}'
            | '\u{fe00}'..='\u{fe0f}' | '\u{e0000}'..='\u{e0fff}'
    )
}
