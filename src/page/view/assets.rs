//! What the pages load: compiled in, and addressed by their content so that it can be kept
//! forever.

use std::sync::LazyLock;

use sha2::{Digest, Sha256};

/// How many digits of the hash stand in the address.
const DIGITS: usize = 16;

/// A file that the pages load.
#[derive(Debug)]
pub struct Asset {
    /// As in its address: name, beginning of its SHA-256, ending.
    pub file_name: String,
    /// Media type.
    pub media_type: &'static str,
    /// Its content.
    pub bytes: &'static [u8],
}

impl Asset {
    fn new(stem: &str, ending: &str, media_type: &'static str, bytes: &'static [u8]) -> Self {
        let hash: String = Sha256::digest(bytes).iter().map(|it| format!("{it:02x}")).collect();
        Self { file_name: format!("{stem}.{}.{ending}", &hash[..DIGITS]), media_type, bytes }
    }

    /// Its address on this server.
    pub fn href(&self) -> String {
        format!("/assets/{}", self.file_name)
    }
}

/// The style sheet.
pub static STYLE: LazyLock<Asset> = LazyLock::new(|| {
    let bytes = include_bytes!("../../../assets/page/page.css");
    Asset::new("page", "css", "text/css; charset=utf-8", bytes)
});

/// The script of the invoice page, with what it shares with the widget before it.
pub static SCRIPT: LazyLock<Asset> = LazyLock::new(|| {
    let bytes = concat!(
        include_str!("../../../assets/page/clock.js"),
        include_str!("../../../assets/page/page.js")
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

/// The script of the page that signs its reader in.
pub static ENTRANCE: LazyLock<Asset> = LazyLock::new(|| {
    let bytes = include_bytes!("../../../assets/page/entrance.js");
    Asset::new("entrance", "js", "text/javascript; charset=utf-8", bytes)
});

/// The page's icon.
pub static ICON: LazyLock<Asset> = LazyLock::new(|| {
    let bytes = include_bytes!("../../../assets/page/icon.svg");
    Asset::new("icon", "svg", "image/svg+xml", bytes)
});

/// Each of them.
pub fn all() -> [&'static Asset; 5] {
    [&STYLE, &SCRIPT, &WIDGET, &ENTRANCE, &ICON]
}

/// The asset of this file name.
pub fn find(file_name: &str) -> Option<&'static Asset> {
    all().into_iter().find(|asset| asset.file_name == file_name)
}
