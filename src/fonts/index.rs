//! Searches the folders with typefaces, once, and remembers which family has which characters.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use fontdb::{Database, FaceInfo, ID, Source, Stretch, Style};
use skrifa::FontRef;

use super::family::{Family, distance};
use super::script::has_han_form;
use super::{Look, Typeface};

/// More families than any machine has that is not used to design typefaces.
const MAX_FAMILIES: usize = 4_000;
/// Larger files are not read. The largest that are in use have 40 MB.
const MAX_FILE_BYTES: u64 = 100_000_000;
const REGULAR: u16 = 400;
const BOLD: u16 = 700;
/// What is lighter is not bold.
const LEAST_BOLD: u16 = 600;

/// All families, the best one first.
#[derive(Debug)]
pub(super) struct Index {
    faces: Database,
    families: Vec<Family>,
    /// How many families at the beginning are from the configured folder.
    configured: usize,
}

impl Index {
    /// Searches the configured folder and those of the system.
    pub(super) fn of(folder: Option<&Path>) -> Self {
        let start = Instant::now();
        let mut faces = Database::new();
        if let Some(folder) = folder {
            if let Err(error) = fs::read_dir(folder) {
                let folder = folder.display();
                tracing::warn!(%folder, %error, "the folder of page.fonts cannot be read");
            }
            faces.load_fonts_dir(folder);
        }
        let mut families = read_all(&faces, &BTreeSet::new());
        let configured = families.len();
        let known: BTreeSet<ID> = faces.faces().map(|face| face.id).collect();
        faces.load_system_fonts();
        families.extend(read_all(&faces, &known));
        families.truncate(MAX_FAMILIES);
        let milliseconds = start.elapsed().as_millis();
        tracing::info!(families = families.len(), milliseconds, "typefaces were searched for PDFs");
        Self { faces, families, configured }
    }

    /// Returns the place of the best family that has the character.
    pub(super) fn find(&self, sign: char, look: Look) -> Option<usize> {
        let having = self.families.iter().enumerate().filter(|(_, family)| family.has(sign));
        let best = having.min_by_key(|(place, family)| {
            let misfit = match family.form {
                _ if !has_han_form(sign) => 0,
                // Others have some of the punctuation, as wide as their own letters need it.
                _ if !family.is_east_asian => 3,
                Some(form) if form == look.han => 0,
                None => 1,
                Some(_) => 2,
            };
            (family.emoji != look.emoji, *place >= self.configured, misfit, *place)
        });
        best.map(|(place, _)| place)
    }

    pub(super) fn has_pictures(&self, place: usize) -> bool {
        self.families.get(place).is_some_and(|family| family.emoji)
    }

    pub(super) fn has(&self, place: usize, sign: char) -> bool {
        self.families.get(place).is_some_and(|family| family.has(sign))
    }

    /// Reads a typeface from its file.
    pub(super) fn load(&self, place: usize, bold: bool) -> Option<Typeface> {
        let family = self.families.get(place)?;
        let id = match (bold, family.bold) {
            (true, Some(own)) => own,
            (true, None) if !family.is_variable => return None,
            _ => family.regular,
        };
        let weight = if bold { BOLD } else { REGULAR };
        let face = self.faces.face(id)?;
        let Source::File(path) = &face.source else { return None };
        if fs::metadata(path).ok()?.len() > MAX_FILE_BYTES {
            return None;
        }
        let bytes = Arc::new(fs::read(path).ok()?);
        let weight = family.is_variable.then_some(f32::from(weight));
        Some(Typeface { bytes, index: face.index, weight })
    }
}

/// Reads the families of all typefaces but those in `known`, the best one first.
fn read_all(faces: &Database, known: &BTreeSet<ID>) -> Vec<Family> {
    let mut by_name: BTreeMap<(u8, &str), Vec<&FaceInfo>> = BTreeMap::new();
    let upright = |face: &&FaceInfo| face.style == Style::Normal && face.stretch == Stretch::Normal;
    for face in faces.faces().filter(upright).filter(|face| !known.contains(&face.id)) {
        if let Some((name, _)) = face.families.first() {
            by_name.entry((distance(name, face), name)).or_default().push(face);
        }
    }
    let read = |((_, name), members): ((u8, &str), Vec<&FaceInfo>)| {
        let nearest = |weight: u16| {
            // The path is compared too, so that the order in a folder does not matter.
            let distance = |face: &FaceInfo| (face.weight.0.abs_diff(weight), path_of(face));
            members.iter().copied().min_by_key(|face| distance(face))
        };
        let regular = nearest(REGULAR)?;
        let bold = nearest(BOLD).filter(|it| it.weight.0 >= LEAST_BOLD && it.id != regular.id);
        faces
            .with_face_data(regular.id, |bytes, index| {
                let font = FontRef::from_index(bytes, index).ok()?;
                Family::read(name, regular.id, bold.map(|it| it.id), &font)
            })
            .flatten()
    };
    by_name.into_iter().take(MAX_FAMILIES).filter_map(read).collect()
}

fn path_of(face: &FaceInfo) -> Option<PathBuf> {
    match &face.source {
        Source::File(path) => Some(path.clone()),
        _ => None,
    }
}
