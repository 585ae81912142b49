//! The PDFs in the file store.

use bytes::Bytes;
use hmac::{Hmac, Mac};
use sha2::{Digest, Sha256};

use crate::files::Vault;
use crate::language::Locale;
use crate::pdf;
use crate::quota::run_blocking;
use crate::seal::SigningKey;
use crate::transaction::{Standing, Transaction};

/// The label with which the key is derived from the signing key.
const KEY_LABEL: &str = "tallyroom kept PDFs 1";
/// The length of the tag in front of a kept PDF, in bytes.
const TAG_BYTES: usize = 32;
/// The greatest number of PDFs that are kept of one transaction: its current revision in each language that is
/// asked for, with and without the code to pay with. If there are more, the oldest go.
const MAX_OF_TRANSACTION: usize = 16;

/// The name of a PDF in the file store. It follows from all that the PDF depends on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Name {
    folder: String,
    /// What the names of all PDFs of the same revision begin with.
    revision: String,
    file: String,
}

impl Name {
    /// Names the PDF of a transaction's current revision.
    ///
    /// # Errors
    /// Never, in fact: if the terms cannot be written as JSON.
    pub(super) fn of(
        transaction: &Transaction,
        standing: &Standing,
        locale: &Locale,
        with_code: bool,
    ) -> anyhow::Result<Self> {
        let Transaction { id, revision, terms, updated_at, .. } = transaction;
        let mut digest = Sha256::new();
        let renderer = (pdf::VERSION, env!("CARGO_PKG_VERSION"));
        // Of how it stands, the PDF shows no more than this, so a day that passes is no reason to write it again.
        let asked = (format!("{:?}", standing.owed), standing.paid.to_string());
        let all =
            (renderer, id.to_string(), revision, updated_at, locale.tag(), with_code, terms, asked);
        digest.update(serde_json::to_vec(&all)?);
        let revision = format!("{revision}-");
        let file = format!("{revision}{:x}.pdf", digest.finalize());
        Ok(Self { folder: format!("invoice-{id}"), revision, file })
    }
}

/// Keeps PDFs.
pub(super) struct Kept {
    vault: Vault,
    key: Hmac<Sha256>,
}

impl std::fmt::Debug for Kept {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Kept(…)")
    }
}

impl Kept {
    pub(super) fn new(vault: Vault, key: &SigningKey) -> Self {
        let mut block = [0; 64];
        block[..32].copy_from_slice(&key.derive(KEY_LABEL));
        Self { vault, key: Hmac::new(&block.into()) }
    }

    /// Returns a kept PDF. `None` if it is not there, was changed, or the file store does not answer.
    pub(super) async fn get(&self, name: &Name) -> Option<Bytes> {
        let found = self.vault.derived(&name.folder, &name.file).await;
        let mut found = found
            .inspect_err(
                |error| tracing::warn!(%error, "cannot look for a kept PDF; it is written again"),
            )
            .ok()??;
        if found.len() < TAG_BYTES {
            tracing::warn!("a kept PDF was cut in the file store; it is written again");
            return None;
        }
        let pdf = found.split_off(TAG_BYTES);
        let mac = self.mac(name, &pdf).await?;
        if mac.verify_slice(&found).is_err() {
            tracing::warn!("a kept PDF was changed in the file store; it is written again");
            return None;
        }
        Some(pdf)
    }

    /// Keeps a PDF, and deletes those of earlier revisions. A failure costs only time later.
    pub(super) async fn put(&self, name: &Name, pdf: &Bytes) {
        let Some(mac) = self.mac(name, pdf).await else { return };
        let mut tagged = Vec::with_capacity(TAG_BYTES + pdf.len());
        tagged.extend_from_slice(&mac.finalize().into_bytes());
        tagged.extend_from_slice(pdf);
        let kept = async {
            self.vault.put_derived(&name.folder, &name.file, tagged.into()).await?;
            let names = self.vault.derived_names(&name.folder).await?;
            for old in superfluous(&names, name) {
                self.vault.delete_derived(&name.folder, old).await?;
            }
            anyhow::Ok(())
        };
        if let Err(error) = kept.await {
            tracing::warn!(%error, "cannot keep the PDF of an invoice; it will be written again");
        }
    }

    /// Authenticates a PDF. It may be long, so this is done outside the threads that answer requests.
    async fn mac(&self, name: &Name, pdf: &Bytes) -> Option<Hmac<Sha256>> {
        let mut mac = self.key.clone();
        mac.update(name.folder.as_bytes());
        mac.update(b"/");
        mac.update(name.file.as_bytes());
        mac.update(b"\n");
        let pdf = pdf.clone();
        let authenticated = run_blocking(move || mac.chain_update(&pdf)).await;
        let told = |error: &_| tracing::error!(%error, "cannot authenticate a kept PDF");
        authenticated.inspect_err(told).ok()
    }
}

/// Which of the names, the oldest first, are not kept beside `new`: all of other revisions, and the oldest of too
/// many.
fn superfluous<'a>(names: &'a [String], new: &Name) -> Vec<&'a str> {
    let (current, other): (Vec<&String>, Vec<&String>) =
        names.iter().filter(|it| **it != new.file).partition(|it| it.starts_with(&new.revision));
    let too_many = (current.len() + 1).saturating_sub(MAX_OF_TRANSACTION);
    other.into_iter().chain(current.into_iter().take(too_many)).map(String::as_str).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::FilesConfig;
    use crate::transaction::{StatusRules, sample_submission};
    use rust_decimal::Decimal;
    use ulid::Ulid;

    fn transaction() -> Transaction {
        Transaction {
            id: Ulid::from_parts(1, 2),
            shop: "shop".to_owned(),
            external_id: "order-1".to_owned(),
            revision: 3,
            terms: sample_submission().accept().unwrap().terms,
            warnings: vec![],
            paid: Decimal::ZERO,
            discount: Decimal::ZERO,
            payment_changes: 0,
            statuses: Vec::new(),
            created_at: 1,
            updated_at: 2,
        }
    }

    fn name(change: impl FnOnce(&mut Transaction)) -> Name {
        let mut changed = transaction();
        change(&mut changed);
        named(&changed, "en", true)
    }

    fn named(transaction: &Transaction, language: &str, with_code: bool) -> Name {
        let today = "2026-06-01".parse().unwrap();
        let standing = StatusRules::default().standing(transaction, today);
        let locale = Locale::negotiate(Some(language), None, "en");
        Name::of(transaction, &standing, &locale, with_code).unwrap()
    }

    #[test]
    fn whatever_the_pdf_depends_on_gives_it_another_name() {
        let first = name(|_| {});
        assert_eq!(first, name(|_| {}));
        let all = [
            name(|it| it.revision = 4),
            name(|it| it.terms.status = "paid".to_owned()),
            name(|it| it.terms.buyer.name = "Birch".to_owned()),
            name(|it| it.updated_at = 5),
            name(|it| it.id = Ulid::from_parts(1, 3)),
            name(|it| it.paid = Decimal::ONE),
            named(&transaction(), "de", true),
            named(&transaction(), "de-AT", true),
            named(&transaction(), "en", false),
            first,
        ];
        for (index, one) in all.iter().enumerate() {
            assert!(!all[..index].contains(one), "{index}: {one:?}");
        }
    }

    #[test]
    fn only_the_current_revision_is_kept_and_not_too_much_of_it() {
        let new = name(|_| {});
        let mut names: Vec<String> = vec!["1-a.pdf".to_owned(), "2-a.pdf".to_owned()];
        names.extend((0..MAX_OF_TRANSACTION).map(|index| format!("3-{index}.pdf")));
        names.push(new.file.clone());
        assert_eq!(superfluous(&names, &new), ["1-a.pdf", "2-a.pdf", "3-0.pdf"]);
        assert!(superfluous(&names[3..], &new).is_empty());
    }

    #[tokio::test]
    async fn what_was_changed_in_the_file_store_is_not_handed_out() {
        let folder = tempfile::tempdir().unwrap();
        let store = folder.path().to_string_lossy().into_owned();
        let vault = Vault::open(&FilesConfig { store, ..FilesConfig::default() }).unwrap();
        let owner = ruma::owned_user_id!("@tallyroom:example.org");
        let key = SigningKey::load_or_make(&folder.path().join("key"), owner).unwrap();
        let kept = Kept::new(vault.clone(), &key);
        let (one, other) = (name(|_| {}), name(|it| it.revision = 4));
        assert_eq!(kept.get(&one).await, None);
        let bytes = Bytes::from_static(b"%PDF-1.7");
        kept.put(&one, &bytes).await;
        assert_eq!(kept.get(&one).await, Some(bytes.clone()));
        // The PDF of another invoice does not become this one.
        let stored = vault.derived(&one.folder, &one.file).await.unwrap().unwrap();
        vault.put_derived(&other.folder, &other.file, stored.clone()).await.unwrap();
        assert_eq!(kept.get(&other).await, None);
        for changed in [&stored[..stored.len() - 1], &stored[..5], b""] {
            let changed = Bytes::copy_from_slice(changed);
            vault.put_derived(&one.folder, &one.file, changed).await.unwrap();
            assert_eq!(kept.get(&one).await, None);
        }
        // A new revision takes the place of the one before.
        kept.put(&other, &bytes).await;
        assert_eq!(
            vault.derived_names(&one.folder).await.unwrap(),
            std::slice::from_ref(&other.file)
        );
    }
}
