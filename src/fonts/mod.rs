//! The typefaces that are installed on this machine, and which of them has a character.
//!
//! A program cannot carry letters for every script: those for Chinese, Japanese and Korean alone take
//! 20 MB. So the PDF has typefaces for the languages of the page in it, and looks here for the others.
//! The folders are searched when the first character needs it, and only once. What is read then blocks
//! its thread, so the callers are not on the threads that answer requests.

mod family;
mod index;
mod script;

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use index::Index;

pub use script::{HanForm, Script, is_emoji, is_emoji_if_asked, is_set_without_spaces, script_of};

/// The typefaces of this machine. A clone shares what was found.
#[derive(Clone, Debug)]
pub struct Fonts(Arc<Installed>);

#[derive(Debug)]
struct Installed {
    /// Whether there is anything to search.
    any: bool,
    folder: Option<PathBuf>,
    index: OnceLock<Index>,
    /// The scripts whose absence was logged.
    told: Mutex<BTreeSet<String>>,
}

/// One family of typefaces, such as Noto Sans Thai.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FamilyId(usize);

/// How a character should look if several families have it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Look {
    /// As a picture, not as a letter.
    pub emoji: bool,
    /// The form of Chinese characters.
    pub han: HanForm,
}

/// A typeface as it can be drawn.
#[derive(Clone, Debug)]
pub struct Typeface {
    /// The whole file.
    pub bytes: Arc<Vec<u8>>,
    /// Which typeface of the file, if it holds several.
    pub index: u32,
    /// The weight to choose (400 is regular, 700 is bold), if the typeface has many.
    pub weight: Option<f32>,
}

impl Fonts {
    /// Returns the typefaces in `folder` and those of the system; the folder comes first.
    pub fn installed(folder: Option<PathBuf>) -> Self {
        Self::new(true, folder)
    }

    /// Returns no typefaces.
    pub fn none() -> Self {
        Self::new(false, None)
    }

    fn new(any: bool, folder: Option<PathBuf>) -> Self {
        let (index, told) = Default::default();
        Self(Arc::new(Installed { any, folder, index, told }))
    }

    /// Whether no typeface can be found here.
    pub fn is_empty(&self) -> bool {
        !self.0.any
    }

    /// Returns the family that suits the character best, if one has it. The first call searches the
    /// folders, which takes some tenths of a second.
    pub fn find(&self, sign: char, look: Look) -> Option<FamilyId> {
        self.index()?.find(sign, look).map(FamilyId)
    }

    /// Whether the family has the character.
    pub fn has(&self, family: FamilyId, sign: char) -> bool {
        self.index().is_some_and(|index| index.has(family.0, sign))
    }

    /// Whether the family is one of pictures.
    pub fn has_pictures(&self, family: FamilyId) -> bool {
        self.index().is_some_and(|index| index.has_pictures(family.0))
    }

    /// Reads the typeface of the family, from its file. `None` if the file cannot be read any more, or if the
    /// family has no bold typeface.
    pub fn load(&self, family: FamilyId, bold: bool) -> Option<Typeface> {
        self.index()?.load(family.0, bold)
    }

    /// Logs that no typeface has the character: once for each script, and without the character.
    pub fn tell_missing(&self, sign: char) {
        if self.is_empty() {
            return;
        }
        let script = script::name(sign);
        let mut told = self.0.told.lock().unwrap_or_else(PoisonError::into_inner);
        if told.insert(script.clone()) {
            tracing::warn!(
                script,
                "no installed typeface has some characters of an invoice, so its PDF shows a box for \
                 each; docs/installing.md names the packages with typefaces"
            );
        }
    }

    fn index(&self) -> Option<&Index> {
        if self.is_empty() {
            return None;
        }
        Some(self.0.index.get_or_init(|| Index::of(self.0.folder.as_deref())))
    }
}

#[cfg(test)]
mod tests;
