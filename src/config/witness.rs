//! Who else holds the signed heads of records.

use ruma::OwnedRoomId;
use url::Url;

/// Somebody who gets every signed head.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Witness {
    /// A server that takes heads by POST.
    Url(Url),
    /// A Matrix room.
    Room(OwnedRoomId),
}

impl Witness {
    /// As in the config: `https://…` or `!ROOM:SERVER`.
    pub fn parse(text: &str) -> Option<Self> {
        if text.starts_with('!') {
            return OwnedRoomId::try_from(text).ok().map(Self::Room);
        }
        let url = Url::parse(text).ok()?;
        let is_whole = ["http", "https"].contains(&url.scheme()) && url.has_host();
        // A password in an address would stand in logs and lists.
        let is_plain = url.username().is_empty() && url.password().is_none();
        (is_whole && is_plain).then_some(Self::Url(url))
    }
}
