//! `tallyroom export`: the bundle of a record into a file.

use std::fs::{self, OpenOptions};
use std::io::{BufWriter, ErrorKind, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, bail};
use ulid::Ulid;

use super::open_store;
use crate::config::Config;
use crate::export::Exporter;
use crate::files::Vault;
use crate::seal::SigningKey;

/// Writes the bundle of `id` to `output` (by default, `tallyroom-ID.zip` here).
///
/// # Errors
/// When there is no such transaction, when the file is there already or cannot be written, or when
/// the database or the file store fails; then no file is left.
pub async fn run(config: &Config, id: Ulid, output: Option<PathBuf>) -> anyhow::Result<()> {
    let output = output.unwrap_or_else(|| PathBuf::from(format!("tallyroom-{id}.zip")));
    let key = SigningKey::load_or_make(&config.record.signing_key, config.bot_user_id())?;
    let store = open_store(config).await?;
    if store.transaction(id).await?.is_none() {
        bail!("there is no transaction {id}");
    }
    let exporter = Exporter::new(store.clone(), Vault::open(&config.files)?, Arc::new(key));
    // For its owner only: it holds what people said.
    let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&output);
    let file = match file {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            bail!("{} is there already; name another file with --output", output.display())
        }
        other => other.with_context(|| format!("{} cannot be written", output.display()))?,
    };
    let written = async {
        let mut out = exporter.write(id, BufWriter::new(file)).await?;
        out.flush()?;
        out.get_ref().sync_all()?;
        anyhow::Ok(())
    };
    if let Err(error) = written.await {
        remove(&output);
        return Err(error.context(format!("{} was not finished", output.display())));
    }
    store.close().await;
    println!("{}", output.display());
    Ok(())
}

fn remove(output: &Path) {
    if let Err(error) = fs::remove_file(output) {
        tracing::warn!(file = %output.display(), %error, "an unfinished export is left");
    }
}
