//! The typefaces of one document: those in the program, and those of the machine that it needs beside
//! them; and which of them has a character.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;

use harfrust::{FontRef, Shaper, ShaperData, ShaperInstance};
use krilla::text::{Font, Tag};
use skrifa::MetadataProvider;
use skrifa::charmap::Charmap;

use super::PdfError;
use crate::fonts::{
    FamilyId, Fonts, HanForm, Look, Script, Typeface, is_emoji, is_emoji_if_asked, script_of,
};

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
/// The variation selector after which a character is a picture.
const AS_PICTURE: char = '\u{fe0f}';
/// What makes a key of the character before it, which is then a picture.
const KEYCAP: char = '\u{20e3}';

/// The minus sign, which our typefaces do not have.
const MINUS: char = '\u{2212}';
/// The dash that is drawn for the minus sign.
const DASH: char = '\u{2013}';

/// The axis of weight in a typeface that has many.
const WEIGHT: &[u8; 4] = b"wght";

/// One typeface in one weight.
pub(super) struct Face {
    /// The font for drawing.
    pub(super) font: Font,
    bytes: Bytes,
    index: u32,
    shaping: ShaperData,
    instance: Option<ShaperInstance>,
}

/// The bytes of a typeface.
enum Bytes {
    Embedded(&'static [u8]),
    Read(Arc<Vec<u8>>),
}

impl Bytes {
    fn get(&self) -> &[u8] {
        match self {
            Self::Embedded(bytes) => bytes,
            Self::Read(bytes) => bytes,
        }
    }
}

impl Face {
    fn embedded(bytes: &'static [u8]) -> Result<Self, PdfError> {
        let font = Font::new(bytes.into(), 0);
        Self::of(Bytes::Embedded(bytes), 0, None, font).ok_or(PdfError::Typeface)
    }

    fn read(typeface: Typeface) -> Option<Self> {
        let Typeface { bytes, index, weight } = typeface;
        let at = weight.map(|weight| (Tag::new(WEIGHT), weight));
        let font = Font::new_variable(Arc::clone(&bytes).into(), index, at.as_slice());
        Self::of(Bytes::Read(bytes), index, weight, font)
    }

    fn of(bytes: Bytes, index: u32, weight: Option<f32>, font: Option<Font>) -> Option<Self> {
        let tables = FontRef::from_index(bytes.get(), index).ok()?;
        let shaping = ShaperData::new(&tables);
        let axis = |weight| ShaperInstance::from_variations(&tables, [("wght", weight)]);
        let instance = weight.map(axis);
        Some(Self { font: font?, bytes, index, shaping, instance })
    }

    /// Returns the shaper, which turns characters into glyphs. To build it costs nearly nothing. `None`
    /// never happens, because the same bytes were read before.
    pub(super) fn shaper(&self) -> Option<Shaper<'_>> {
        let tables = FontRef::from_index(self.bytes.get(), self.index).ok()?;
        Some(self.shaping.shaper(&tables).instance(self.instance.as_ref()).build())
    }
}

/// The name of a typeface within a document.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum FaceId {
    /// One in the program.
    Embedded(usize),
    /// One of the machine.
    Installed(FamilyId),
}

impl FaceId {
    /// The typeface for Latin letters.
    pub(super) const LATIN: Self = Self::Embedded(0);
}

type Weights = [Rc<Face>; 2];
/// By family, and whether it is bold.
type Read = HashMap<(FamilyId, bool), Option<Rc<Face>>>;

/// All typefaces of a document.
pub(super) struct Faces {
    embedded: [Weights; 3],
    signs: [Charmap<'static>; 3],
    fonts: Fonts,
    /// Those of the machine that were needed so far; `None` for what cannot be read.
    read: RefCell<Read>,
    /// Where each character was found so far.
    found: RefCell<HashMap<(char, Look), Option<FaceId>>>,
    /// Whether a character was asked for that no typeface has.
    misses: Cell<bool>,
}

impl Faces {
    pub(super) fn new(fonts: Fonts) -> Result<Self, PdfError> {
        let [latin, arabic, hebrew] = FILES;
        let embedded = [weights(latin)?, weights(arabic)?, weights(hebrew)?];
        let signs = [charmap(latin)?, charmap(arabic)?, charmap(hebrew)?];
        let (read, found, misses) = Default::default();
        Ok(Self { embedded, signs, fonts, read, found, misses })
    }

    /// Whether a character was asked for that no typeface has.
    pub(super) fn misses_characters(&self) -> bool {
        self.misses.get()
    }

    pub(super) fn get(&self, id: FaceId, bold: bool) -> Rc<Face> {
        let face = match id {
            FaceId::Installed(family) => {
                self.read(family, bold).or_else(|| self.read(family, false))
            }
            FaceId::Embedded(place) => self.embedded.get(place).map(|it| weight(it, bold)),
        };
        face.unwrap_or_else(|| weight(&self.embedded[0], bold))
    }

    /// Reads a typeface of the machine, the first time that it is needed: it may have 20 MB.
    fn read(&self, family: FamilyId, bold: bool) -> Option<Rc<Face>> {
        let read = || Face::read(self.fonts.load(family, bold)?).map(Rc::new);
        self.read.borrow_mut().entry((family, bold)).or_insert_with(read).clone()
    }

    fn has(&self, id: FaceId, sign: char) -> bool {
        match id {
            FaceId::Embedded(place) => {
                self.signs.get(place).is_some_and(|signs| signs.map(sign).is_some())
            }
            FaceId::Installed(family) => self.fonts.has(family, sign),
        }
    }

    /// Returns the typeface for a cluster: a letter with all that is drawn on it, or a picture.
    /// `current` is preferred, so that runs of one typeface stay long. `None` if no typeface has all of
    /// it.
    pub(super) fn face_of(
        &self,
        cluster: &str,
        current: Option<FaceId>,
        han: HanForm,
    ) -> Option<FaceId> {
        let first = cluster.chars().next()?;
        let look = Look { emoji: is_picture(cluster), han };
        let face = self.face_of_sign(first, current, look)?;
        let whole = cluster.chars().all(|it| is_mark(it) || it == AS_PICTURE || self.has(face, it));
        whole.then_some(face)
    }

    /// Returns the typeface for a character.
    pub(super) fn face_of_sign(
        &self,
        sign: char,
        current: Option<FaceId>,
        look: Look,
    ) -> Option<FaceId> {
        if let Some(current) = current {
            let keeps = match current {
                FaceId::LATIN => false,
                FaceId::Embedded(_) => self.has(current, sign),
                FaceId::Installed(family) => {
                    let is_drawn_on = script_of(sign) == Script::Inherited;
                    let is_letter =
                        !self.has(FaceId::LATIN, sign) && !self.fonts.has_pictures(family);
                    !look.emoji
                        && (is_drawn_on || is_letter)
                        && self.has(current, sign)
                        && self
                            .find(sign, look)
                            .is_some_and(|it| !matches!(it, FaceId::Embedded(_)))
                }
            };
            if sign == ' ' && matches!(current, FaceId::Installed(_)) {
                // Lines are filled with spaces of this width, and that of a picture is as wide as a picture.
                return Some(FaceId::LATIN);
            }
            if is_mark(sign) || sign == ' ' || keeps {
                return Some(current);
            }
        }
        self.find(sign, look)
    }

    fn find(&self, sign: char, look: Look) -> Option<FaceId> {
        if let Some(found) = self.found.borrow().get(&(sign, look)) {
            return *found;
        }
        let embedded = (0..FILES.len()).map(FaceId::Embedded).find(|it| self.has(*it, sign));
        let installed = || {
            let family = self.fonts.find(sign, look)?;
            self.read(family, false).map(|_| FaceId::Installed(family))
        };
        let found = if look.emoji { installed().or(embedded) } else { embedded.or_else(installed) };
        self.found.borrow_mut().insert((sign, look), found);
        found
    }

    /// Returns the text as it can be drawn: white space becomes one space, control characters are
    /// removed, and characters that no typeface has are replaced. A no-break space stays.
    pub(super) fn settable(&self, text: &str, han: HanForm) -> String {
        let mut settable = String::with_capacity(text.len());
        let mut signs = text.chars().peekable();
        let mut before = None;
        while let Some(sign) = signs.next() {
            let is_asked = sign == AS_PICTURE && before.is_some_and(is_emoji_if_asked);
            if is_unwanted(sign) && !is_asked {
                continue;
            }
            let emoji =
                is_emoji(sign) || (signs.peek() == Some(&AS_PICTURE) && is_emoji_if_asked(sign));
            settable.push(if is_asked { sign } else { self.nearest(sign, Look { emoji, han }) });
            before = Some(sign);
        }
        settable.split(' ').filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
    }

    fn nearest(&self, sign: char, look: Look) -> char {
        match sign {
            '\u{a0}' | '\u{2007}' | '\u{202f}' => '\u{a0}',
            _ if sign.is_whitespace() || sign.is_control() => ' ',
            _ if is_mark(sign) || self.find(sign, look).is_some() => sign,
            MINUS => DASH,
            _ => {
                self.misses.set(true);
                self.fonts.tell_missing(sign);
                SUBSTITUTE
            }
        }
    }
}

fn weight([regular, heavy]: &Weights, bold: bool) -> Rc<Face> {
    Rc::clone(if bold { heavy } else { regular })
}

fn weights([regular, bold]: [&'static [u8]; 2]) -> Result<Weights, PdfError> {
    Ok([Rc::new(Face::embedded(regular)?), Rc::new(Face::embedded(bold)?)])
}

fn charmap([regular, _]: [&'static [u8]; 2]) -> Result<Charmap<'static>, PdfError> {
    Ok(FontRef::new(regular).map_err(|_| PdfError::Typeface)?.charmap())
}

/// Whether the cluster is a picture.
fn is_picture(cluster: &str) -> bool {
    cluster.starts_with(is_emoji) || cluster.contains([AS_PICTURE, KEYCAP])
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
