//! The file of a SQLite database: who may read it, and which process serves it.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{ErrorKind, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};

use crate::config::DatabaseUrl;

/// The ending of the name of the file that the running service locks. A lock of the database file
/// itself would be lost whenever SQLite closes it.
const SERVICE_LOCK: &str = "-service";

/// The right to serve a database. It ends with the process at the latest.
#[derive(Debug)]
pub struct ServiceLock {
    _file: Option<File>,
}

impl ServiceLock {
    /// Makes this process the only one that serves the database. Several processes may serve a
    /// PostgreSQL database. Commands such as `tallyroom export` need no lock.
    ///
    /// # Errors
    /// If another process serves the database, or if the file of the lock cannot be written.
    pub fn take(url: &DatabaseUrl) -> anyhow::Result<Self> {
        let Some(database) = url.file() else { return Ok(Self { _file: None }) };
        let database = without_links(&database);
        let path = service_lock_of(&database);
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false).mode(0o600);
        let mut file =
            options.open(&path).with_context(|| format!("cannot open {}", path.display()))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let mut process = String::new();
                file.read_to_string(&mut process).ok();
                bail!(
                    "another Tallyroom (process {}) serves the database {}. A SQLite file can be \
                     served by one process. Stop the other one, or use PostgreSQL for several.",
                    process.trim(),
                    database.display()
                );
            }
            Err(TryLockError::Error(error)) => {
                return Err(error).with_context(|| format!("cannot lock {}", path.display()));
            }
        }
        file.set_len(0)
            .and_then(|()| writeln!(file, "{}", std::process::id()))
            .with_context(|| format!("cannot write {}", path.display()))?;
        Ok(Self { _file: Some(file) })
    }
}

/// Returns the same file by its path without symbolic links, as far as it exists.
fn without_links(file: &Path) -> PathBuf {
    let by_folder = || Some(file.parent()?.canonicalize().ok()?.join(file.file_name()?));
    file.canonicalize().ok().or_else(by_folder).unwrap_or_else(|| file.to_owned())
}

fn service_lock_of(database: &Path) -> PathBuf {
    let mut name = database.as_os_str().to_owned();
    name.push(SERVICE_LOCK);
    name.into()
}

/// Creates the database file if it does not exist, with access for its owner only, because it holds
/// private messages. SQLite gives its additional files the same mode.
///
/// # Errors
/// If the file cannot be created.
pub(super) fn make_private(url: &DatabaseUrl) -> std::io::Result<()> {
    let Some(path) = url.file() else { return Ok(()) };
    let mut options = OpenOptions::new();
    options.write(true).create_new(true).mode(0o600);
    match options.open(path) {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => Err(error),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_process_serves_a_file() {
        let folder = tempfile::tempdir().unwrap();
        let name = folder.path().join("a?b.db");
        let url = format!("sqlite:{}", name.display()).replace('?', "%3F");
        let url = DatabaseUrl::parse(&url).unwrap();
        make_private(&url).unwrap();
        assert!(name.exists());
        let lock = ServiceLock::take(&url).unwrap();
        let error = ServiceLock::take(&url).unwrap_err().to_string();
        assert!(error.contains(&std::process::id().to_string()), "{error}");
        let link = folder.path().join("link.db");
        std::os::unix::fs::symlink(&name, &link).unwrap();
        let by_link = DatabaseUrl::parse(&format!("sqlite:{}", link.display())).unwrap();
        ServiceLock::take(&by_link).unwrap_err();
        drop(lock);
        ServiceLock::take(&by_link).unwrap();
    }
}
