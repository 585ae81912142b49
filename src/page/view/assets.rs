//! The files that the pages load. They are compiled in, and their addresses contain a hash of their
//! content, so that browsers can cache them forever.

use std::sync::LazyLock;

use sha2::{Digest, Sha256};

/// The number of hexadecimal digits of the hash in the address.
const HASH_DIGITS: usize = 16;

/// A file that the pages load.
#[derive(Debug)]
pub struct Asset {
    /// The file name in its address: the name, the first digits of its SHA-256, and the extension.
    pub file_name: String,
    /// The media type.
    pub media_type: &'static str,
    /// The content.
    pub bytes: &'static [u8],
}

impl Asset {
    fn new(stem: &str, extension: &str, media_type: &'static str, bytes: &'static [u8]) -> Self {
        let hash: String = Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect();
        Self {
            file_name: format!("{stem}.{}.{extension}", &hash[..HASH_DIGITS]),
            media_type,
            bytes,
        }
    }

    /// Returns the address on this server.
    pub fn href(&self) -> String {
        format!("/assets/{}", self.file_name)
    }
}

/// The style sheet.
pub static STYLE: LazyLock<Asset> = LazyLock::new(|| {
    let bytes = include_bytes!("../../../assets/page/page.css");
    Asset::new("page", "css", "text/css; charset=utf-8", bytes)
});

/// The script of the invoice page. It begins with the code that it shares with the widget.
pub static SCRIPT: LazyLock<Asset> = LazyLock::new(|| {
    let bytes = concat!(
        include_str!("../../../assets/page/clock.js"),
        include_str!("../../../assets/page/page.js"),
        include_str!("../../../assets/page/subscribe.js")
    );
    Asset::new("page", "js", "text/javascript; charset=utf-8", bytes.as_bytes())
});

/// The script of the page inside a Matrix client.
pub static WIDGET: LazyLock<Asset> = LazyLock::new(|| {
    let bytes = concat!(
        include_str!("../../../assets/page/clock.js"),
        include_str!("../../../assets/page/widget.js")
    );
    Asset::new("widget", "js", "text/javascript; charset=utf-8", bytes.as_bytes())
});

/// The script of the page that signs its reader in. It stands in that page, because each file would be another round trip
/// before the invoice.
pub const ENTRANCE: &str = include_str!("../../../assets/page/entrance.js");

/// The icon of the page.
pub static ICON: LazyLock<Asset> = LazyLock::new(|| {
    let bytes = include_bytes!("../../../assets/page/icon.svg");
    Asset::new("icon", "svg", "image/svg+xml", bytes)
});

/// Returns all assets.
pub fn all() -> [&'static Asset; 4] {
    [&STYLE, &SCRIPT, &WIDGET, &ICON]
}

/// Returns the asset with this file name.
pub fn find(file_name: &str) -> Option<&'static Asset> {
    all().into_iter().find(|asset| asset.file_name == file_name)
}

/// Returns the asset that has this name in another version of the program. During an upgrade, the page
/// may come from one version and be sent to the other one for its assets.
pub fn of_other_version(file_name: &str) -> Option<&'static Asset> {
    let without_hash = |name: &str| -> Option<String> {
        let (stem, rest) = name.split_once('.')?;
        let (hash, extension) = rest.split_once('.')?;
        let is_hash = hash.len() == HASH_DIGITS && hash.bytes().all(|it| it.is_ascii_hexdigit());
        is_hash.then(|| format!("{stem}.{extension}"))
    };
    let wanted = without_hash(file_name)?;
    all().into_iter().find(|asset| without_hash(&asset.file_name).as_ref() == Some(&wanted))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_asset_of_another_version_is_known_by_the_rest_of_its_name() {
        let found = of_other_version("page.0123456789abcdef.css").unwrap();
        assert!(std::ptr::eq(found, &*STYLE));
        let found = of_other_version("page.0123456789abcdef.js").unwrap();
        assert!(std::ptr::eq(found, &*SCRIPT));
        for name in
            ["page.css", "page..css", "page.0123456789abcdeg.css", "other.0123456789abcdef.css"]
        {
            assert!(of_other_version(name).is_none(), "{name}");
        }
    }
}
