//! `tallyroom export`: writes the bundle of a record to a file.

use std::fs::{self, OpenOptions};
use std::io::{BufWriter, ErrorKind, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, bail};
use ulid::Ulid;

use super::{open_store, system_user};
use crate::access::Action;
use crate::config::Config;
use crate::export::{Bundle, Exporter};
use crate::files::Vault;
use crate::seal::SigningKey;

/// Writes the bundle of the transaction `id` to `output`, with the notes that its shop may see if `with_notes`. The default is `tallyroom-ID.zip` in the
/// working directory.
///
/// # Errors
/// If there is no such transaction, the file already exists or cannot be written, or the database
/// or the file store fails. An incomplete file is removed.
pub async fn run(
    config: &Config,
    id: Ulid,
    output: Option<PathBuf>,
    with_notes: bool,
) -> anyhow::Result<()> {
    let bundle = if with_notes { Bundle::RecordWithNotes } else { Bundle::Record };
    let output = output.unwrap_or_else(|| PathBuf::from(format!("tallyroom-{id}.zip")));
    let key = SigningKey::load_or_make(&config.record.signing_key, config.bot_user_id())?;
    let store = open_store(config).await?;
    let Some(transaction) = store.transaction(id).await? else {
        bail!("there is no transaction {id}");
    };
    let exporter = Exporter::new(store.clone(), Vault::open(&config.files)?, Arc::new(key))
        .with_status(config.status.clone());
    // Only the owner may read the file, since it contains the conversation.
    let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&output);
    let file = match file {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            bail!("{} already exists; name another file with --output", output.display())
        }
        other => other.with_context(|| format!("{} cannot be written", output.display()))?,
    };
    let line = system_user::origin().does(Action::TransactionExported, &transaction.shop).to(id);
    let written = async {
        store.audited(&[line]).await?;
        let mut out = exporter.write(id, bundle, BufWriter::new(file)).await?;
        out.flush()?;
        out.get_ref().sync_all()?;
        anyhow::Ok(())
    };
    if let Err(error) = written.await {
        remove(&output);
        return Err(error.context(format!("the export to {} failed", output.display())));
    }
    store.close().await;
    println!("{}", output.display());
    Ok(())
}

fn remove(output: &Path) {
    if let Err(error) = fs::remove_file(output) {
        tracing::warn!(
            file = %output.display(),
            %error,
            "an incomplete export could not be removed"
        );
    }
}
