//! One family of typefaces: how well it suits an invoice, and which characters it has.

use fontdb::{FaceInfo, ID};
use skrifa::raw::TableProvider;
use skrifa::raw::types::Tag;
use skrifa::{FontRef, MetadataProvider};

use super::script::HanForm;

/// The tables of which a typeface needs one, so that there is something to draw.
const DRAWINGS: [&[u8; 4]; 3] = [b"glyf", b"CFF ", b"CFF2"];
/// The tables with coloured pictures.
const PICTURES: [&[u8; 4]; 3] = [b"COLR", b"CBDT", b"sbix"];
/// The bits of `fsType` (OpenType, table OS/2) that say how a typeface may be embedded.
const EMBEDDING: u16 = 0xf;
/// The typeface must not be embedded.
const RESTRICTED: u16 = 0x2;
/// No family has more separate ranges of characters; a file that claims more is broken.
const MAX_RANGES: usize = 40_000;
/// A smiling face, which every family of emoji has.
const SMILE: u32 = 0x1f600;
/// A letter each of Chinese, Japanese and Korean.
const EAST_ASIAN: [u32; 3] = [0x4e00, 0x3042, 0xac00];

/// A family, as it was found.
#[derive(Debug)]
pub(super) struct Family {
    /// Its regular typeface.
    pub(super) regular: ID,
    /// Its bold typeface, if it is one of its own.
    pub(super) bold: Option<ID>,
    /// The characters: first and last of each range, in order.
    signs: Vec<(u32, u32)>,
    /// Whether it has pictures.
    pub(super) emoji: bool,
    /// Whether it has letters of Chinese, Japanese or Korean, and not only their punctuation.
    pub(super) is_east_asian: bool,
    /// The form of Chinese characters for which it was made, if it is one.
    pub(super) form: Option<HanForm>,
    /// Whether it has all weights in one file.
    pub(super) is_variable: bool,
}

impl Family {
    /// Reads the regular typeface of a family. `None` if nothing of it can be drawn, or if it must not be
    /// embedded.
    pub(super) fn read(
        name: &str,
        regular: ID,
        bold: Option<ID>,
        font: &FontRef<'_>,
    ) -> Option<Self> {
        let has = |tag: &&[u8; 4]| font.table_data(Tag::new(tag)).is_some();
        let coloured = PICTURES.iter().any(has);
        if !coloured && !DRAWINGS.iter().any(has) {
            return None;
        }
        let traits = font.os2().ok();
        if traits.as_ref().is_some_and(|it| it.fs_type() & EMBEDDING == RESTRICTED) {
            return None;
        }
        let signs = signs(font)?;
        let emoji = has_sign(&signs, SMILE) && (coloured || name.contains("Emoji"));
        let pages = traits.and_then(|it| it.ul_code_page_range_1()).unwrap_or_default();
        let is_variable = font.axes().iter().any(|axis| axis.tag() == Tag::new(b"wght"));
        let form = form_of_name(name).or_else(|| form_of_pages(pages));
        let is_east_asian = EAST_ASIAN.iter().any(|sign| has_sign(&signs, *sign));
        Some(Self { regular, bold, signs, emoji, is_east_asian, form, is_variable })
    }

    /// Whether it has the character.
    pub(super) fn has(&self, sign: char) -> bool {
        has_sign(&self.signs, u32::from(sign))
    }
}

fn has_sign(signs: &[(u32, u32)], sign: u32) -> bool {
    let later = signs.partition_point(|(first, _)| *first <= sign);
    later.checked_sub(1).and_then(|at| signs.get(at)).is_some_and(|(_, last)| sign <= *last)
}

fn signs(font: &FontRef<'_>) -> Option<Vec<(u32, u32)>> {
    let mut ranges: Vec<(u32, u32)> = Vec::new();
    let mut mapped: Vec<u32> = font
        .charmap()
        .mappings()
        .filter(|(_, glyph)| glyph.to_u32() != 0)
        .map(|(sign, _)| sign)
        .take(usize::try_from(u32::from(char::MAX)).unwrap_or(usize::MAX))
        .collect();
    mapped.sort_unstable();
    for sign in mapped {
        match ranges.last_mut() {
            Some((_, last)) if sign <= last.saturating_add(1) => *last = sign,
            _ => ranges.push((sign, sign)),
        }
    }
    (!ranges.is_empty() && ranges.len() <= MAX_RANGES).then_some(ranges)
}

/// Returns how far a family is from what an invoice should look like: 0 is best. The order is: Noto Sans,
/// other upright letters without serifs, others, those with serifs, and those made for something else.
pub(super) fn distance(name: &str, face: &FaceInfo) -> u8 {
    let says = |words: &[&str]| words.iter().any(|word| name.contains(word));
    let special =
        ["Mono", "Fallback", "LastResort", "Unifont", "Symbol", "Math", "Display", "Looped"];
    if face.monospaced || says(&special) {
        return 4;
    }
    if says(&["Serif", "Mincho", "Song", "Ming", "Batang", "Nastaliq", "Rashi"]) {
        return 3;
    }
    match name {
        _ if name.starts_with("Noto Sans") && !name.contains(" UI") => 0,
        _ if says(&["Sans", "Gothic", "Hei", "Dotum", "Kaku"]) => 1,
        _ => 2,
    }
}

/// The form that stands in the name, as in Noto Sans CJK JP.
fn form_of_name(name: &str) -> Option<HanForm> {
    name.split_whitespace().rev().find_map(|word| match word {
        "SC" | "CN" => Some(HanForm::Simplified),
        "TC" | "TW" => Some(HanForm::Traditional),
        "HK" => Some(HanForm::HongKong),
        "JP" => Some(HanForm::Japanese),
        "KR" => Some(HanForm::Korean),
        _ => None,
    })
}

/// The form by the code pages that the typeface says it was made for (OpenType, `ulCodePageRange1`), if
/// there is just one.
fn form_of_pages(pages: u32) -> Option<HanForm> {
    let bit = |bit: u32| pages & (1 << bit) != 0;
    match (bit(17), bit(18), bit(19) || bit(21), bit(20)) {
        (true, false, false, false) => Some(HanForm::Japanese),
        (false, true, false, false) => Some(HanForm::Simplified),
        (false, false, true, false) => Some(HanForm::Korean),
        (false, false, false, true) => Some(HanForm::Traditional),
        _ => None,
    }
}
