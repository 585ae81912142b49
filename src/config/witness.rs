//! Witnesses: the receivers of signed heads outside of the record's room.

use ruma::OwnedRoomId;
use url::Url;

/// A receiver of every signed head.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Witness {
    /// A server that receives heads by HTTP POST.
    Url(Url),
    /// A Matrix room.
    Room(OwnedRoomId),
}

impl Witness {
    /// Parses an entry of `record.witnesses`: `https://…` or `!ROOM:SERVER`.
    pub fn parse(text: &str) -> Option<Self> {
        if text.starts_with('!') {
            return OwnedRoomId::try_from(text).ok().map(Self::Room);
        }
        let url = Url::parse(text).ok()?;
        let is_complete = ["http", "https"].contains(&url.scheme()) && url.has_host();
        // A password in the URL would be shown in logs and lists.
        let has_no_login = url.username().is_empty() && url.password().is_none();
        (is_complete && has_no_login).then_some(Self::Url(url))
    }
}
