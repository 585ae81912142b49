//! Draws the first page of a PDF that somebody sent, in a process of its own that has no secrets and little of
//! everything else: a PDF can be made to take any time and any memory.

mod confined;
mod draw;
mod drawer;

pub use confined::confine;
pub use draw::{MAX_PDF_BYTES, draw};
pub use drawer::{COMMAND, Drawer};

/// The first page of a PDF as a picture.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FirstPage {
    /// The width in pixels.
    pub width: u16,
    /// The height in pixels.
    pub height: u16,
    /// The picture as PNG.
    pub png: Vec<u8>,
}
