//! The two databases that the service supports.

use std::path::Path;

use sqlx::{Connection, Executor, PgConnection};

/// Which one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Database {
    Sqlite,
    Postgres,
    /// PostgreSQL that sorts texts as English does.
    PostgresInEnglish,
}

impl Database {
    /// A new, empty database; its address.
    pub async fn create(self, folder: &Path) -> String {
        match self {
            Self::Sqlite => format!("sqlite:{}/tallyroom.db", folder.display()),
            Self::Postgres | Self::PostgresInEnglish => {
                let server = std::env::var("TALLYROOM_TEST_POSTGRES")
                    .expect("TALLYROOM_TEST_POSTGRES is not set: run scripts/test");
                let name = format!("t_{}", ulid::Ulid::new().to_string().to_lowercase());
                let mut connection = PgConnection::connect(&server).await.unwrap();
                let language = match self {
                    Self::PostgresInEnglish => {
                        "ENCODING 'UTF8' LOCALE_PROVIDER icu ICU_LOCALE 'en' TEMPLATE template0"
                    }
                    _ => "",
                };
                connection
                    .execute(sqlx::AssertSqlSafe(format!("CREATE DATABASE {name} {language}")))
                    .await
                    .unwrap();
                connection.close().await.unwrap();
                format!("{}/{name}", server.rsplit_once('/').unwrap().0)
            }
        }
    }
}
