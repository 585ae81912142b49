//! The URL of the database. It hides the password when it is printed.

use std::fmt;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};
use url::Url;

/// The kind of database that a [`DatabaseUrl`] names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DatabaseKind {
    /// One file on this machine.
    Sqlite,
    /// A PostgreSQL server.
    Postgres,
}

/// A URL `sqlite:…` or `postgres://…`. `Display`, `Debug` and `Serialize` hide the password.
#[derive(Clone)]
pub struct DatabaseUrl {
    kind: DatabaseKind,
    text: String,
}

/// The text is not the URL of a supported database. The error does not contain the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected sqlite:FILE or postgres://USER:PASSWORD@HOST/DATABASE")]
pub struct InvalidDatabaseUrl;

impl DatabaseUrl {
    /// Parses a URL.
    pub fn parse(text: &str) -> Result<Self, InvalidDatabaseUrl> {
        let (scheme, rest) = text.split_once(':').ok_or(InvalidDatabaseUrl)?;
        let kind = match scheme {
            "sqlite" => {
                let path = rest.strip_prefix("//").unwrap_or(rest);
                if path.split('?').next().is_none_or(str::is_empty) {
                    return Err(InvalidDatabaseUrl);
                }
                DatabaseKind::Sqlite
            }
            "postgres" | "postgresql" => {
                Url::parse(text).ok().filter(Url::has_authority).ok_or(InvalidDatabaseUrl)?;
                DatabaseKind::Postgres
            }
            _ => return Err(InvalidDatabaseUrl),
        };
        Ok(Self { kind, text: text.to_owned() })
    }

    /// Returns the URL of a SQLite file with this name.
    pub(super) fn local_file(name: &str) -> Self {
        Self { kind: DatabaseKind::Sqlite, text: format!("sqlite:{name}") }
    }

    /// The kind of this database.
    pub fn kind(&self) -> DatabaseKind {
        self.kind
    }

    /// Returns the whole URL with its password. Only the database driver may get it.
    pub fn expose(&self) -> &str {
        &self.text
    }

    /// Resolves a relative SQLite path against `folder`. Other URLs stay as they are.
    pub fn relative_to(&self, folder: &Path) -> Self {
        match self.sqlite_path() {
            Some(path) if !path.starts_with('/') && !self.is_memory() => {
                // The driver decodes percent-encoding in the path and ends it at a question mark.
                let folder = folder
                    .to_string_lossy()
                    .replace('%', "%25")
                    .replace('?', "%3F")
                    .replace('#', "%23");
                let query = self.text.split_once('?').map(|(_, query)| query);
                let query = query.map(|query| format!("?{query}")).unwrap_or_default();
                let slash = if folder.is_empty() || folder.ends_with('/') { "" } else { "/" };
                Self { kind: self.kind, text: format!("sqlite:{folder}{slash}{path}{query}") }
            }
            _ => self.clone(),
        }
    }

    /// Whether the URL may contain a password.
    pub(super) fn has_password(&self) -> bool {
        let url = Url::parse(&self.text);
        self.kind == DatabaseKind::Postgres
            && url.is_ok_and(|it| it.password().is_some() || it.query().is_some())
    }

    /// Returns the file of a SQLite database. None: there is no file.
    pub fn file(&self) -> Option<PathBuf> {
        let path = self.sqlite_path().filter(|path| !path.is_empty() && !self.is_memory())?;
        // `relative_to` escapes these characters.
        Some(path.replace("%3F", "?").replace("%23", "#").replace("%25", "%").into())
    }

    fn sqlite_path(&self) -> Option<&str> {
        let rest = self.text.strip_prefix("sqlite:")?;
        rest.strip_prefix("//").unwrap_or(rest).split('?').next()
    }

    /// Whether this is a SQLite database without a file, as tests use it.
    fn is_memory(&self) -> bool {
        self.sqlite_path() == Some(":memory:") || self.text.contains("mode=memory")
    }
}

impl fmt::Display for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.kind, Url::parse(&self.text)) {
            (DatabaseKind::Sqlite, _) => f.write_str(&self.text),
            (DatabaseKind::Postgres, Ok(url)) => {
                f.write_str("postgres://")?;
                if !url.username().is_empty() {
                    write!(f, "{}", url.username())?;
                    f.write_str(if url.password().is_some() { ":…@" } else { "@" })?;
                }
                f.write_str(url.host_str().unwrap_or_default())?;
                if let Some(port) = url.port() {
                    write!(f, ":{port}")?;
                }
                // The query is left out, since it may contain the password.
                f.write_str(url.path())
            }
            (DatabaseKind::Postgres, Err(_)) => f.write_str("postgres://…"),
        }
    }
}

impl fmt::Debug for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DatabaseUrl({self})")
    }
}

impl Serialize for DatabaseUrl {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for DatabaseUrl {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::parse(&String::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn printing_hides_the_password_wherever_it_is() {
        for text in [
            "postgres://user:canary@db.example:5433/tally",
            "postgres://:canary@db.example/tally",
            "postgresql://user@db.example/tally?password=canary",
        ] {
            let url = DatabaseUrl::parse(text).unwrap();
            let printed = format!("{url} {url:?} {}", serde_json::to_string(&url).unwrap());
            assert!(!printed.contains("canary"), "{printed}");
            assert!(printed.contains("db.example"), "{printed}");
            assert_eq!(url.expose(), text);
        }
    }

    #[test]
    fn a_relative_sqlite_path_is_resolved_against_the_folder() {
        let at = |text: &str, folder: &str| {
            DatabaseUrl::parse(text).unwrap().relative_to(Path::new(folder)).expose().to_owned()
        };
        assert_eq!(at("sqlite:t.db", "/etc/t"), "sqlite:/etc/t/t.db");
        assert_eq!(at("sqlite://t.db?mode=rwc", "/etc/t/"), "sqlite:/etc/t/t.db?mode=rwc");
        assert_eq!(at("sqlite:t.db", ""), "sqlite:t.db");
        assert_eq!(at("sqlite:t.db", "/100%?"), "sqlite:/100%25%3F/t.db");
        assert_eq!(at("sqlite:///var/t.db", "/etc"), "sqlite:///var/t.db");
        assert_eq!(at("sqlite::memory:", "/etc"), "sqlite::memory:");
        assert_eq!(at("postgres://h/d", "/etc"), "postgres://h/d");
    }

    #[test]
    fn other_databases_and_plain_paths_are_refused() {
        for text in ["", "tallyroom.db", "sqlite:", "sqlite://", "mysql://h/d", "postgres:d"] {
            assert!(DatabaseUrl::parse(text).is_err(), "{text:?}");
        }
    }
}
