//! The addresses to which a shop does not write any more: their reader asked for that, or mails cannot be delivered there.

use std::collections::BTreeMap;

use ulid::Ulid;

use super::many_rows::ManyRows;
use super::{Store, StoreError, Tx, audit_log};
use crate::access::AuditLine;
use crate::clock::now;

const SELECT_ADDRESS: &str = "SELECT t.shop, c.address FROM mail_contacts c \
     JOIN transactions t ON t.id = c.transaction_id WHERE c.id = $1";
/// Who asked not to be written to is not written to, whatever happened to the address before or after.
const SILENCE: &str = "INSERT INTO silenced_addresses (shop, address, because, at) VALUES ($1, $2, $3, $4) \
     ON CONFLICT (shop, address) DO UPDATE SET because = excluded.because, at = excluded.at \
     WHERE silenced_addresses.because <> 'asked'";
const UNSILENCE: &str = "DELETE FROM silenced_addresses WHERE shop = $1 AND address = $2";
static SELECT_SILENCED: ManyRows = ManyRows::new(
    "SELECT s.address, s.because, s.at FROM (VALUES ",
    2,
    ") AS v JOIN silenced_addresses s ON s.shop = v.column1 AND s.address = v.column2",
);

/// Why a shop does not write to an address any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Silence {
    /// Whoever reads it asked for that.
    Asked,
    /// Mails cannot be delivered there.
    Bounced,
}

impl Silence {
    /// Returns the text for the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Asked => "asked",
            Self::Bounced => "bounced",
        }
    }

    fn from_text(text: &str) -> Self {
        if text == "asked" { Self::Asked } else { Self::Bounced }
    }
}

impl Store {
    /// Notes that the shop does not write to the address of a contact any more. Returns false if there is no such contact.
    ///
    /// # Errors
    /// If the database does not answer. In this case nothing is noted.
    pub async fn silence_mail_contact(
        &self,
        id: Ulid,
        because: Silence,
    ) -> Result<bool, StoreError> {
        let mut tx = self.begin().await?;
        let is_known = silence(&mut tx, id, because).await?;
        tx.commit().await?;
        Ok(is_known)
    }

    /// Notes that a shop writes to an address again, together with its line in the audit log. Returns false if it did so
    /// already.
    ///
    /// # Errors
    /// If the database does not answer. In this case nothing is changed.
    pub async fn write_to_address_again(
        &self,
        shop: &str,
        address: &str,
        line: AuditLine,
    ) -> Result<bool, StoreError> {
        let mut tx = self.begin_audited(shop).await?;
        let delete = sqlx::query(UNSILENCE).bind(shop).bind(folded(address));
        if delete.execute(&mut *tx).await?.rows_affected() == 0 {
            return Ok(false);
        }
        audit_log::add(&mut tx, &[line]).await?;
        tx.commit().await?;
        Ok(true)
    }

    /// Returns which of these addresses a shop does not write to any more, why, and since when (milliseconds since 1970).
    /// The keys are in lower case.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn silenced(
        &self,
        shop: &str,
        addresses: impl Iterator<Item = &str>,
    ) -> Result<BTreeMap<String, (Silence, i64)>, StoreError> {
        let addresses: Vec<String> = addresses.map(folded).collect();
        let rows: Vec<(&str, &str)> = addresses.iter().map(|it| (shop, it.as_str())).collect();
        let found: Vec<(String, String, i64)> =
            SELECT_SILENCED.select_outside((&self.pool, self.kind), &rows).await?;
        let silenced = |(address, because, at): (String, String, i64)| {
            (address, (Silence::from_text(&because), at))
        };
        Ok(found.into_iter().map(silenced).collect())
    }
}

/// Returns an address as it is compared. Hardly any server tells two mailboxes apart by case alone.
pub fn folded(address: &str) -> String {
    address.to_lowercase()
}

/// Notes that the shop does not write to the address of a contact any more. Returns false if there is no such contact.
pub(super) async fn silence(
    tx: &mut Tx,
    contact: Ulid,
    because: Silence,
) -> Result<bool, StoreError> {
    let select = sqlx::query_as(SELECT_ADDRESS).bind(contact.to_string());
    let row: Option<(String, String)> = select.fetch_optional(&mut **tx).await?;
    let Some((shop, address)) = row else { return Ok(false) };
    let silence = sqlx::query(SILENCE).bind(shop).bind(folded(&address));
    silence.bind(because.as_str()).bind(now()).execute(&mut **tx).await?;
    Ok(true)
}
