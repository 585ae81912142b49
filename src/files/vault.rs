//! The file store, which has each file under the SHA-256 of its bytes. It is a folder or
//! S3-compatible object storage.

use std::collections::HashMap;
use std::fs::File;
use std::io::{Read, Seek};
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use bytes::Bytes;
use futures_util::stream::BoxStream;
use futures_util::{StreamExt, TryStreamExt};
use object_store::aws::AmazonS3Builder;
use object_store::local::LocalFileSystem;
use object_store::path::Path;
use object_store::{GetOptions, ObjectStore, ObjectStoreExt, PutPayload, WriteMultipart};
use sha2::{Digest, Sha256};

use crate::config::FilesConfig;
use crate::logging::abnormal_end;

/// The size of a part of an upload, in bytes. S3 requires at least 5 MiB.
const PART_BYTES: usize = 5 * 1024 * 1024;
/// The greatest number of parts that are uploaded at the same time.
const MAX_PARALLEL_PARTS: usize = 2;

/// The bytes of a file as a stream of pieces.
pub type Pieces = BoxStream<'static, anyhow::Result<Bytes>>;

/// For how long a file is not checked again before a part of it is returned.
const CHECKED_FOR: Duration = Duration::from_secs(300);
/// The greatest number of files of which this is remembered.
const MAX_CHECKED: usize = 1_000;

/// What the file store has under a digest.
pub enum Found {
    /// The bytes that were stored.
    Bytes(Pieces),
    /// The store has no such file.
    Missing,
    /// The bytes do not have this digest, so they were changed.
    Changed,
}

/// The file store.
#[derive(Clone, Debug)]
pub struct Vault {
    store: Arc<dyn ObjectStore>,
    temporary_folder: PathBuf,
    /// The digests that were checked lately, and when.
    checked: Arc<Mutex<HashMap<String, Instant>>>,
}

impl Vault {
    /// Opens the store that the config names. A folder is created if it does not exist.
    ///
    /// # Errors
    /// Returns an error if the folder cannot be created or the settings are invalid.
    pub fn open(config: &FilesConfig) -> anyhow::Result<Self> {
        let place = config.store.as_str();
        if let Some(bucket) = place.strip_prefix("s3://") {
            let (bucket, prefix) = bucket.split_once('/').unwrap_or((bucket, ""));
            let store: Arc<dyn ObjectStore> = Arc::new(s3(config, bucket)?);
            let store: Arc<dyn ObjectStore> = match prefix {
                "" => store,
                prefix => Arc::new(object_store::prefix::PrefixStore::new(store, prefix)),
            };
            let temporary_folder = std::env::temp_dir();
            return Ok(Self { store, temporary_folder, checked: Arc::default() });
        }
        make_private_folder(place)
            .with_context(|| format!("cannot create the folder {place} (files.store)"))?;
        // With fsync, a file is on disk before its row says so.
        let folder = LocalFileSystem::new_with_prefix(place)?.with_fsync(true);
        let temporary_folder = PathBuf::from(place);
        Ok(Self { store: Arc::new(folder), temporary_folder, checked: Arc::default() })
    }

    /// Returns a new file without a name for a download. The system deletes it when the process
    /// ends.
    ///
    /// # Errors
    /// Returns an error if it cannot be created.
    pub fn temporary_file(&self) -> std::io::Result<File> {
        tempfile::tempfile_in(&self.temporary_folder)
    }

    /// Stores the bytes of `file` under their digest. A repeat changes nothing.
    ///
    /// # Errors
    /// Returns an error if the bytes cannot be written.
    pub async fn put(&self, sha256: &str, mut file: File) -> anyhow::Result<()> {
        let path = path(sha256);
        file.rewind()?;
        let size = file.metadata()?.len();
        if self.store.head(&path).await.is_ok_and(|known| known.size == size) {
            return Ok(());
        }
        let upload = self.store.put_multipart(&path).await?;
        let mut upload = WriteMultipart::new_with_chunk_size(upload, PART_BYTES);
        let mut written = 0;
        while written < size {
            let part;
            (file, part) = tokio::task::spawn_blocking(move || {
                // The whole part is allocated at once, because growing would copy it several times.
                let mut part = Vec::with_capacity(PART_BYTES);
                let read = (&mut file).take(PART_BYTES as u64).read_to_end(&mut part);
                read.map(|_| (file, part))
            })
            .await
            .map_err(|error| abnormal_end(&error))??;
            if part.is_empty() {
                upload.abort().await.ok();
                bail!("the downloaded file became shorter while it was stored");
            }
            written += part.len() as u64;
            upload.wait_for_capacity(MAX_PARALLEL_PARTS).await?;
            upload.put(part.into());
        }
        upload.finish().await?;
        Ok(())
    }

    /// Returns the bytes with this digest, in pieces. All of them are read and checked before the
    /// first piece is returned, so that nobody gets changed bytes.
    ///
    /// # Errors
    /// Returns an error if the store does not answer. The stream may also fail later.
    pub async fn get(&self, sha256: &str) -> anyhow::Result<Found> {
        self.get_part(sha256, None).await
    }

    /// Returns a part of the bytes with this digest, from the first number to the last one, or all of them. All
    /// are checked, as [`Self::get`] does, but for a part only if that was not done lately: a player asks for
    /// many parts of one file.
    ///
    /// # Errors
    /// Returns an error if the store does not answer. The stream may also fail later.
    pub async fn get_part(
        &self,
        sha256: &str,
        part: Option<RangeInclusive<u64>>,
    ) -> anyhow::Result<Found> {
        if part.is_some() && self.was_checked(sha256) {
            return Ok(self.read(sha256, part).await?.map_or(Found::Missing, Found::Bytes));
        }
        match self.digest(sha256).await? {
            None => {
                tracing::error!(sha256, "a stored file is missing in the file store");
                return Ok(Found::Missing);
            }
            Some(found) if found != sha256 => {
                tracing::error!(sha256, found, "a stored file was changed in the file store");
                return Ok(Found::Changed);
            }
            Some(_) => self.note_checked(sha256),
        }
        Ok(self.read(sha256, part).await?.map_or(Found::Missing, Found::Bytes))
    }

    fn was_checked(&self, sha256: &str) -> bool {
        let checked = self.checked.lock().unwrap_or_else(PoisonError::into_inner);
        checked.get(sha256).is_some_and(|at| at.elapsed() < CHECKED_FOR)
    }

    fn note_checked(&self, sha256: &str) {
        let mut checked = self.checked.lock().unwrap_or_else(PoisonError::into_inner);
        if checked.len() >= MAX_CHECKED {
            checked.retain(|_, at| at.elapsed() < CHECKED_FOR);
        }
        if checked.len() < MAX_CHECKED {
            checked.insert(sha256.to_owned(), Instant::now());
        }
    }

    /// Returns the SHA-256, in hexadecimal, of the bytes that are stored under this digest, or
    /// `None` if there are none.
    ///
    /// # Errors
    /// Returns an error if the store does not answer.
    pub async fn digest(&self, sha256: &str) -> anyhow::Result<Option<String>> {
        let Some(mut pieces) = self.read(sha256, None).await? else { return Ok(None) };
        let mut digest = Sha256::new();
        while let Some(piece) = pieces.try_next().await? {
            digest.update(piece);
        }
        Ok(Some(format!("{:x}", digest.finalize())))
    }

    async fn read(
        &self,
        sha256: &str,
        part: Option<RangeInclusive<u64>>,
    ) -> anyhow::Result<Option<Pieces>> {
        let range = part.map(|it| (*it.start()..it.end().saturating_add(1)).into());
        let options = GetOptions { range, ..GetOptions::default() };
        match self.store.get_opts(&path(sha256), options).await {
            Ok(found) => Ok(Some(found.into_stream().map_err(anyhow::Error::from).boxed())),
            Err(object_store::Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// Deletes the bytes with this digest. Bytes that do not exist are a success.
    ///
    /// # Errors
    /// Returns an error if the store does not answer.
    pub async fn delete(&self, sha256: &str) -> anyhow::Result<()> {
        match self.store.delete(&path(sha256)).await {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// Stores what can be made again, under a name in a folder of its own. It has no digest in its name, so whoever
    /// reads it checks it.
    ///
    /// # Errors
    /// Returns an error if the bytes cannot be written.
    pub async fn put_derived(&self, folder: &str, name: &str, bytes: Bytes) -> anyhow::Result<()> {
        self.store.put(&derived_path(folder, name), PutPayload::from(bytes)).await?;
        Ok(())
    }

    /// Returns what was stored by [`Self::put_derived`], or `None` if it is not there any more.
    ///
    /// # Errors
    /// Returns an error if the store does not answer.
    pub async fn derived(&self, folder: &str, name: &str) -> anyhow::Result<Option<Bytes>> {
        match self.store.get(&derived_path(folder, name)).await {
            Ok(found) => Ok(Some(found.bytes().await?)),
            Err(object_store::Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// Returns the names in a folder of what can be made again, the oldest first.
    ///
    /// # Errors
    /// Returns an error if the store does not answer.
    pub async fn derived_names(&self, folder: &str) -> anyhow::Result<Vec<String>> {
        let folder = Path::from_iter(["derived", folder]);
        let mut found: Vec<_> = self.store.list(Some(&folder)).try_collect().await?;
        found.sort_by_key(|it| it.last_modified);
        Ok(found.iter().filter_map(|it| it.location.filename().map(str::to_owned)).collect())
    }

    /// Deletes what was stored by [`Self::put_derived`]. What does not exist is a success.
    ///
    /// # Errors
    /// Returns an error if the store does not answer.
    pub async fn delete_derived(&self, folder: &str, name: &str) -> anyhow::Result<()> {
        match self.store.delete(&derived_path(folder, name)).await {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// Checks the store by writing, reading and deleting a few bytes.
    ///
    /// # Errors
    /// Returns an error that says which of these failed.
    pub async fn probe(&self) -> anyhow::Result<()> {
        let path = Path::from(format!("probe/{}", ulid::Ulid::new()));
        let bytes = Bytes::from_static(b"Tallyroom was here");
        self.store.put(&path, PutPayload::from(bytes.clone())).await.context("cannot write")?;
        let read = self.store.get(&path).await.context("cannot read")?.bytes().await;
        self.store.delete(&path).await.context("cannot delete")?;
        if read.context("cannot read")? != bytes {
            bail!("the bytes that were read are not those that were written");
        }
        Ok(())
    }
}

/// Returns the path of a file, `sha256/ab/cdef…`. The first two digits limit the number of files in
/// one folder.
fn path(sha256: &str) -> Path {
    let (folder, rest) = sha256.split_at_checked(2).unwrap_or(("", sha256));
    Path::from_iter(["sha256", folder, rest])
}

/// Returns the path of what can be made again, `derived/FOLDER/NAME`.
fn derived_path(folder: &str, name: &str) -> Path {
    Path::from_iter(["derived", folder, name])
}

fn s3(config: &FilesConfig, bucket: &str) -> anyhow::Result<object_store::aws::AmazonS3> {
    let mut builder = AmazonS3Builder::new()
        .with_bucket_name(bucket)
        .with_region(&config.s3.region)
        // Not every compatible store supports bulk deletes.
        .with_disable_bulk_delete(true);
    if let Some(id) = &config.s3.access_key_id {
        builder = builder.with_access_key_id(id);
    }
    if let Some(secret) = &config.s3.secret_access_key {
        builder = builder.with_secret_access_key(secret.expose());
    }
    if let Some(endpoint) = &config.s3.endpoint {
        builder = builder
            .with_endpoint(endpoint.as_str().trim_end_matches('/'))
            .with_allow_http(endpoint.scheme() == "http");
    }
    Ok(builder.build()?)
}

/// Creates a folder that only its owner can read, since it has the files that people send each
/// other.
fn make_private_folder(place: &str) -> std::io::Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(place)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;
    use std::os::unix::fs::PermissionsExt;

    fn vault(folder: &std::path::Path) -> Vault {
        let store = folder.join("files").to_string_lossy().into_owned();
        Vault::open(&FilesConfig { store, ..FilesConfig::default() }).unwrap()
    }

    async fn read(vault: &Vault, sha256: &str) -> Option<Vec<u8>> {
        let Found::Bytes(stream) = vault.get(sha256).await.unwrap() else { return None };
        let pieces: Vec<Bytes> = stream.try_collect().await.unwrap();
        Some(pieces.concat())
    }

    #[tokio::test]
    async fn bytes_come_back_as_they_went_in() {
        let folder = tempfile::tempdir().unwrap();
        let vault = vault(folder.path());
        vault.probe().await.unwrap();
        let mode = std::fs::metadata(folder.path().join("files")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o700);
        // The sizes are zero, less than one part, one part, and several parts with a rest.
        for size in [0, 7, PART_BYTES, 2 * PART_BYTES + 5] {
            let bytes: Vec<u8> = (0..size).map(|n| u8::try_from(n % 251).unwrap()).collect();
            let sha256 = format!("{:x}", Sha256::digest(&bytes));
            for _ in 0..2 {
                let mut file = vault.temporary_file().unwrap();
                file.write_all(&bytes).unwrap();
                vault.put(&sha256, file).await.unwrap();
            }
            assert_eq!(read(&vault, &sha256).await, Some(bytes));
            vault.delete(&sha256).await.unwrap();
            vault.delete(&sha256).await.unwrap();
            assert_eq!(read(&vault, &sha256).await, None);
        }
        // Bytes that do not have the digest are never returned.
        let sha256 = format!("{:x}", Sha256::digest(b"kept"));
        let mut file = vault.temporary_file().unwrap();
        file.write_all(b"another").unwrap();
        vault.put(&sha256, file).await.unwrap();
        assert!(matches!(vault.get(&sha256).await.unwrap(), Found::Changed));
        vault.delete(&sha256).await.unwrap();
        // The store has no files at the end.
        let left = walk(&folder.path().join("files"));
        assert_eq!(left, Vec::<PathBuf>::new());
    }

    fn walk(folder: &std::path::Path) -> Vec<PathBuf> {
        let entries = std::fs::read_dir(folder).unwrap().map(|it| it.unwrap().path());
        entries.flat_map(|it| if it.is_dir() { walk(&it) } else { vec![it] }).collect()
    }
}
