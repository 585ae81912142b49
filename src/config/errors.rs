//! Everything that is wrong with a config or registration file, told at once and with the fix.

use std::{
    fmt,
    path::{Path, PathBuf},
};

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The key's full path, such as `rooms.history_visibility`; empty for the file as a whole.
    pub path: String,
    /// What was found, without secrets.
    pub found: String,
    /// What is allowed there.
    pub allowed: String,
    /// What to do about it.
    pub fix: String,
}

impl Problem {
    pub(super) fn new(
        path: impl Into<String>,
        found: impl Into<String>,
        allowed: impl Into<String>,
        fix: impl Into<String>,
    ) -> Self {
        Self { path: path.into(), found: found.into(), allowed: allowed.into(), fix: fix.into() }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.path.is_empty() {
            writeln!(f, "{}", self.path)?;
        }
        for (label, text) in
            [("found:  ", &self.found), ("allowed:", &self.allowed), ("fix:    ", &self.fix)]
        {
            if !text.is_empty() {
                writeln!(f, "  {label} {}", text.replace('\n', "\n           "))?;
            }
        }
        Ok(())
    }
}

/// All that is wrong with one file and the environment that overrides it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigErrors {
    /// The file.
    pub file: PathBuf,
    /// What is wrong, never empty.
    pub problems: Vec<Problem>,
}

impl ConfigErrors {
    pub(super) fn new(file: &Path, problems: Vec<Problem>) -> Self {
        Self { file: file.to_owned(), problems }
    }
}

impl fmt::Display for ConfigErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = match self.problems.len() {
            1 => "one problem".to_owned(),
            many => format!("{many} problems"),
        };
        writeln!(f, "{} has {count}:", self.file.display())?;
        for problem in &self.problems {
            write!(f, "\n{problem}")?;
        }
        Ok(())
    }
}

impl std::error::Error for ConfigErrors {}
