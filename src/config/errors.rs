//! The problems of a config or registration file, all reported together and each with its fix.

use std::{
    fmt,
    path::{Path, PathBuf},
};

/// One problem.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The full path of the key, such as `rooms.history_visibility`. Empty for the whole file.
    pub path: String,
    /// What was found, without secrets.
    pub found: String,
    /// The values that are allowed.
    pub allowed: String,
    /// How to fix the problem.
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

/// All problems of one file and of the environment that overrides it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigErrors {
    /// The file.
    pub file: PathBuf,
    /// The problems; never empty.
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
