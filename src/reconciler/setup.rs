//! Sets up the bot's account, device, profile and pictures on the homeserver, before the first room
//! is created.

use ruma::{OwnedMxcUri, RoomVersionId};

use crate::config::Config;
use crate::files::Vault;
use crate::homeserver::{
    CallFailure, Device, Homeserver, Misfit, room_version, tells_account_status,
};
use crate::language::Locale;
use crate::store::{Store, StoreError};
use crate::transaction::Transaction;

const INVOICE_PNG: &[u8] = include_bytes!("../../assets/invoice.png");
const CREDIT_NOTE_PNG: &[u8] = include_bytes!("../../assets/credit-note.png");
const BOT_PNG: &[u8] = include_bytes!("../../assets/bot.png");

/// What the work on rooms needs from the config and the homeserver.
#[derive(Clone, Debug)]
pub struct Installation {
    /// The whole config.
    pub config: Config,
    /// The connection to the homeserver.
    pub homeserver: Homeserver,
    /// The room version of new rooms.
    pub room_version: RoomVersionId,
    /// Whether the homeserver tells which accounts are deactivated.
    pub tells_account_status: bool,
    /// The file store, which has the files that people attach on the page.
    pub vault: Vault,
    /// The avatar of rooms for invoices.
    pub invoice_avatar: OwnedMxcUri,
    /// The avatar of rooms for credit notes.
    pub credit_note_avatar: OwnedMxcUri,
}

impl Installation {
    /// The language of what the bot writes in the room of a transaction.
    pub fn locale(&self, transaction: &Transaction) -> Locale {
        self.config.locale_of(transaction)
    }
}

/// Why the bot could not be set up.
#[derive(Debug, thiserror::Error)]
pub enum SetupError {
    /// The config or the registration does not fit the homeserver.
    #[error(transparent)]
    Misfit(Misfit),
    /// The homeserver refused or did not answer.
    #[error("{doing}: {failure}")]
    Call {
        /// What was being done.
        doing: &'static str,
        /// How the call failed.
        failure: CallFailure,
    },
    /// The database failed.
    #[error("the database failed: {0}")]
    Store(#[from] StoreError),
}

/// Makes sure that the bot exists with its device, profile and pictures. It can be repeated safely,
/// and does not repeat what was done before.
///
/// # Errors
/// Returns an error if the config does not fit, or if the homeserver or the database fails. A
/// repeat completes whatever was left unfinished.
pub async fn set_up_bot(
    config: Config,
    homeserver: Homeserver,
    store: &Store,
    vault: Vault,
) -> Result<Installation, SetupError> {
    let doing = |doing| move |failure| SetupError::Call { doing, failure };
    let misfit = homeserver.misfit(&config).await.map_err(doing("checking the token"))?;
    if let Some(misfit) = misfit {
        return Err(SetupError::Misfit(misfit));
    }
    homeserver.register_bot().await.map_err(doing("creating the bot's account"))?;
    let device = homeserver.make_device().await.map_err(doing("creating the bot's device"))?;
    if device == Device::LoggedIn {
        tracing::info!("the bot's device was created by a login: the homeserver lacks MSC4190");
    }
    let offers = homeserver.capabilities().await.map_err(doing("reading the capabilities"))?;
    let room_version = room_version(&offers, &config).map_err(doing("choosing a room version"))?;
    let upload = async |name: &'static str, png| picture(&homeserver, store, name, png).await;
    let invoice_avatar = upload("invoice.png", INVOICE_PNG).await?;
    let credit_note_avatar = upload("credit-note.png", CREDIT_NOTE_PNG).await?;
    let bot_avatar = upload("bot.png", BOT_PNG).await?;
    let profile = format!("{} {bot_avatar}", config.bot.display_name);
    if store.fact("profile").await?.as_ref() != Some(&profile) {
        homeserver
            .set_profile(&config.bot.display_name, &bot_avatar)
            .await
            .map_err(doing("setting the bot's profile"))?;
        store.set_fact("profile", &profile).await?;
    }
    Ok(Installation {
        config,
        homeserver,
        room_version,
        tells_account_status: tells_account_status(&offers),
        vault,
        invoice_avatar,
        credit_note_avatar,
    })
}

/// Returns the `mxc://` URI of a picture. Each version of a picture is uploaded once to each
/// homeserver.
async fn picture(
    homeserver: &Homeserver,
    store: &Store,
    name: &'static str,
    png: &[u8],
) -> Result<OwnedMxcUri, SetupError> {
    use sha2::{Digest, Sha256};
    let domain = homeserver.bot_user_id().server_name();
    let fact = format!("picture {domain} {name} {:x}", Sha256::digest(png));
    if let Some(known) = store.fact(&fact).await? {
        return Ok(known.into());
    }
    let uri = homeserver
        .upload_png(name, png)
        .await
        .map_err(|failure| SetupError::Call { doing: "uploading a picture", failure })?;
    store.set_fact(&fact, uri.as_str()).await?;
    Ok(uri)
}
