//! Has first pages drawn by other processes, and waits for them.

use std::fs::File;
use std::io::Seek;
use std::os::fd::AsRawFd;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, bail};
use tokio::io::AsyncReadExt;
use tokio::process::Command;

use super::FirstPage;
use super::draw::{MAX_PDF_BYTES, MAX_PIXELS, MAX_PNG_BYTES};
use crate::quota::Places;

/// The hidden command of the program that draws a first page.
pub const COMMAND: &str = "first-page";
/// How many first pages are drawn at the same time, for one shop and in total.
const DRAWN_AT_ONCE: (usize, usize) = (1, 2);
/// How long a PDF waits for its turn. After that it has no first page.
const TURN_TIMEOUT: Duration = Duration::from_secs(60);
/// How long drawing may take, whatever else the machine does.
const DRAW_TIMEOUT: Duration = Duration::from_secs(60);

/// Draws the first pages of PDFs.
#[derive(Clone, Debug)]
pub struct Drawer {
    program: PathBuf,
    places: Places<String>,
}

impl Drawer {
    /// Draws with the program that is running.
    pub fn running() -> Self {
        // On Linux, this leads to the program even after another version took its place on the disk.
        let running = PathBuf::from("/proc/self/exe");
        let program = if running.exists() { Ok(running) } else { std::env::current_exe() };
        let (of_shop, total) = DRAWN_AT_ONCE;
        Self { program: program.unwrap_or_default(), places: Places::new(of_shop, total) }
    }

    /// Draws the first page of a PDF with this number of bytes that came to a shop. None if it cannot be drawn within the
    /// limits, which is nothing unusual.
    pub async fn first_page(&self, pdf: &File, bytes: u64, shop: &str) -> Option<FirstPage> {
        if bytes > MAX_PDF_BYTES {
            return None;
        }
        let Ok(_place) = self.places.take_within(&shop.to_owned(), TURN_TIMEOUT).await else {
            tracing::warn!(shop, "too many PDFs came; one of them shows no first page");
            return None;
        };
        let drawn = tokio::time::timeout(DRAW_TIMEOUT, self.draw(pdf)).await;
        let drawn = drawn.unwrap_or_else(|_| Err(anyhow::anyhow!("it took too long")));
        drawn
            .inspect_err(|error| tracing::info!(%error, "the first page of a PDF cannot be drawn"))
            .ok()
    }

    async fn draw(&self, pdf: &File) -> anyhow::Result<FirstPage> {
        let pdf = only_to_read(pdf)?;
        // The process ends when this is dropped.
        let mut process = Command::new(&self.program)
            .arg(COMMAND)
            .env_clear()
            .current_dir("/")
            .stdin(Stdio::from(pdf))
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .context("cannot start a process")?;
        let mut png = Vec::new();
        let written = process.stdout.take().context("the process has no output")?;
        written.take(MAX_PNG_BYTES as u64 + 1).read_to_end(&mut png).await?;
        let status = process.wait().await?;
        if !status.success() {
            bail!("the process ended with {status}");
        }
        checked(png).context("the process wrote no picture within the bounds")
    }
}

/// Opens a file again from its beginning, so that the process cannot change what is going to be stored. Only Linux can open a
/// file that has no name any more.
fn only_to_read(mut pdf: &File) -> std::io::Result<File> {
    File::open(format!("/proc/self/fd/{}", pdf.as_raw_fd())).or_else(|_| {
        pdf.rewind()?;
        pdf.try_clone()
    })
}

/// Returns the picture that a process wrote, which is believed nothing.
fn checked(png: Vec<u8>) -> Option<FirstPage> {
    if png.len() > MAX_PNG_BYTES || imagesize::image_type(&png).ok()? != imagesize::ImageType::Png {
        return None;
    }
    let size = imagesize::blob_size(&png).ok()?;
    let within = |it: usize, max: u16| u16::try_from(it).ok().filter(|it| (1..=max).contains(it));
    let width = within(size.width, MAX_PIXELS.0)?;
    let height = within(size.height, MAX_PIXELS.1)?;
    Some(FirstPage { width, height, png })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_process_reads_all_of_the_file_and_cannot_change_it() {
        use std::io::{Read, Write};
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(b"%PDF-1.7").unwrap();
        let mut read_only = only_to_read(&file).unwrap();
        let mut read = String::new();
        read_only.read_to_string(&mut read).unwrap();
        assert_eq!(read, "%PDF-1.7");
        assert_eq!(read_only.write(b"x").is_err(), cfg!(target_os = "linux"));
    }

    #[test]
    fn only_a_picture_within_the_bounds_is_taken() {
        let png = include_bytes!("../../assets/invoice.png").to_vec();
        let taken = checked(png.clone()).unwrap();
        assert_eq!((taken.width, taken.height), (256, 256));
        let mut wide = png.clone();
        wide[16..20].copy_from_slice(&961_u32.to_be_bytes());
        let mut empty = png.clone();
        empty[20..24].copy_from_slice(&0_u32.to_be_bytes());
        let mut long = png.clone();
        long.resize(MAX_PNG_BYTES + 1, 0);
        for wrong in [wide, empty, long, png[..9].to_vec(), b"<svg/>".to_vec(), Vec::new()] {
            assert_eq!(checked(wrong), None);
        }
    }
}
