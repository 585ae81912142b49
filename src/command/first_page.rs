//! The hidden command `tallyroom first-page`: draws the first page of the PDF on its standard input. The service starts it.

use std::io::{Read, Write};
use std::process::ExitCode;

use anyhow::Context;

use crate::first_page::{MAX_PDF_BYTES, confine, draw};

/// Writes the first page of the PDF on the standard input as PNG to the standard output. The exit code is 0 if it did.
pub fn run() -> ExitCode {
    // Nobody reads why not, and what a PDF says must not reach a log.
    match drawn() {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}

fn drawn() -> anyhow::Result<()> {
    confine()?;
    let mut pdf = Vec::new();
    std::io::stdin().take(MAX_PDF_BYTES).read_to_end(&mut pdf)?;
    let page = draw(pdf).context("the PDF has no first page that can be drawn")?;
    Ok(std::io::stdout().write_all(&page.png)?)
}
