//! The database's address: knows which database it means and hides the password when printed.

use std::{fmt, path::Path};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};
use url::Url;

/// Which database a [`DatabaseUrl`] names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DatabaseKind {
    /// One file on this machine.
    Sqlite,
    /// A PostgreSQL server.
    Postgres,
}

/// `sqlite:…` or `postgres://…`. `Display`, `Debug` and `Serialize` hide the password.
#[derive(Clone)]
pub struct DatabaseUrl {
    kind: DatabaseKind,
    text: String,
}

/// The text is no address of a database that we can use. It does not repeat the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected sqlite:FILE or postgres://USER:PASSWORD@HOST/DATABASE")]
pub struct NotADatabaseUrl;

impl DatabaseUrl {
    /// Reads an address.
    pub fn parse(text: &str) -> Result<Self, NotADatabaseUrl> {
        let (scheme, rest) = text.split_once(':').ok_or(NotADatabaseUrl)?;
        let kind = match scheme {
            "sqlite" => {
                let path = rest.strip_prefix("//").unwrap_or(rest);
                if path.split('?').next().is_none_or(str::is_empty) {
                    return Err(NotADatabaseUrl);
                }
                DatabaseKind::Sqlite
            }
            "postgres" | "postgresql" => {
                Url::parse(text).ok().filter(Url::has_authority).ok_or(NotADatabaseUrl)?;
                DatabaseKind::Postgres
            }
            _ => return Err(NotADatabaseUrl),
        };
        Ok(Self { kind, text: text.to_owned() })
    }

    /// The SQLite file of this name.
    pub(super) fn local_file(name: &str) -> Self {
        Self { kind: DatabaseKind::Sqlite, text: format!("sqlite:{name}") }
    }

    /// Which database this is.
    pub fn kind(&self) -> DatabaseKind {
        self.kind
    }

    /// The whole address with its password, for the database driver only.
    pub fn expose(&self) -> &str {
        &self.text
    }

    /// The same address with a relative SQLite path put under `folder`.
    pub fn relative_to(&self, folder: &Path) -> Self {
        match self.sqlite_path() {
            Some(path) if !path.starts_with('/') && !self.is_memory() => {
                // The driver undoes percent signs in the path and ends it at a question mark.
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

    /// Whether a password may stand in it.
    pub(super) fn has_password(&self) -> bool {
        let url = Url::parse(&self.text);
        self.kind == DatabaseKind::Postgres
            && url.is_ok_and(|it| it.password().is_some() || it.query().is_some())
    }

    fn sqlite_path(&self) -> Option<&str> {
        let rest = self.text.strip_prefix("sqlite:")?;
        rest.strip_prefix("//").unwrap_or(rest).split('?').next()
    }

    /// A database without a file, as tests use it.
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
                // Parameters are left out as a whole: the password may stand among them.
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
    fn printing_hides_the_password_wherever_it_stands() {
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
    fn a_relative_sqlite_path_is_put_under_the_folder() {
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
