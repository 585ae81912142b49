//! Keeps many pages open, and says when they were told a word.
//!
//! It prints `{"open": N}` when all are open. Then it reads orders from its input, one on each line:
//! `WORD COUNT` waits until COUNT pages were told WORD. It prints `{"expecting": WORD}` when it is
//! ready for that, and when they were told, how many were, and when the first, the middle and the
//! last one was (in milliseconds since 1970).

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use clap::Args;
use futures_util::stream::{self, StreamExt};
use memchr::memmem;
use serde_json::json;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::sync::Notify;

use crate::times::now;

/// The number of pages that are being opened at the same time.
const OPENING: usize = 64;
/// How long an order waits for its pages.
const PATIENCE: Duration = Duration::from_secs(60);
/// The number of bytes that are read from a page at once.
const PIECE: usize = 16 * 1024;

/// The options of the subcommand.
#[derive(Args)]
pub struct Watch {
    /// Host and port of the server.
    #[arg(long)]
    address: String,
    /// A file with a page on each line: path and query, a tab, and the cookie to show.
    #[arg(long)]
    pages: PathBuf,
}

/// What all pages look for, and which of them found it.
#[derive(Default)]
struct Board {
    state: Mutex<BoardState>,
    changed: Notify,
}

#[derive(Default)]
struct BoardState {
    /// How many orders there were. Each page counts once for each.
    order: u64,
    word: String,
    told_at: Vec<f64>,
}

impl Board {
    fn with<T>(&self, work: impl FnOnce(&mut BoardState) -> T) -> T {
        work(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Notes that a page was told `text`, if that has the word in it and the page did not have it yet.
    /// `done` is the last order for which the page had the word.
    fn told(&self, text: &[u8], done: &mut u64) {
        let is_new = self.with(|state| {
            let is_new = state.order > *done && memmem::find(text, state.word.as_bytes()).is_some();
            if is_new {
                state.told_at.push(now());
                *done = state.order;
            }
            is_new
        });
        if is_new {
            self.changed.notify_one();
        }
    }
}

impl Watch {
    /// Opens the pages, and follows the orders until the input ends.
    ///
    /// # Errors
    /// If a page does not open.
    pub async fn run(self) -> anyhow::Result<()> {
        let text = std::fs::read_to_string(&self.pages).context("reading --pages")?;
        let board = Arc::new(Board::default());
        let pages = text.lines().map(|line| open(&self.address, line));
        let mut pages = stream::iter(pages).buffer_unordered(OPENING);
        let mut count = 0;
        while let Some(page) = pages.next().await {
            tokio::spawn(follow(page?, Arc::clone(&board)));
            count += 1;
        }
        println!("{}", json!({ "open": count }));
        let mut orders = BufReader::new(tokio::io::stdin()).lines();
        while let Some(order) = orders.next_line().await? {
            let (word, count) = order.split_once(' ').context("an order is WORD COUNT")?;
            wait_for(&board, word, count.parse()?).await;
        }
        Ok(())
    }
}

async fn open(address: &str, line: &str) -> anyhow::Result<TcpStream> {
    let (path, cookie) = line.split_once('\t').context("a page is PATH, a tab, COOKIE")?;
    let mut page = TcpStream::connect(address).await?;
    let request = format!(
        "GET {path} HTTP/1.1\r\nhost: {address}\r\ncookie: {cookie}\r\n\
         accept: text/event-stream\r\n\r\n"
    );
    page.write_all(request.as_bytes()).await?;
    let mut head = [0; 4096];
    let length = page.read(&mut head).await?;
    let head = String::from_utf8_lossy(&head[..length]);
    ensure!(head.starts_with("HTTP/1.1 200"), "{path} answered {head}");
    Ok(page)
}

/// Reads what a page is told, until the server ends it.
async fn follow(mut page: TcpStream, board: Arc<Board>) {
    let mut unread = Vec::new();
    let mut done = 0;
    let mut piece = [0; PIECE];
    while let Ok(length) = page.read(&mut piece).await
        && length > 0
    {
        unread.extend_from_slice(&piece[..length]);
        // A word may be in two pieces, so the end of a piece is looked at once more.
        board.told(&unread, &mut done);
        let keep = board.with(|state| state.word.len());
        unread.drain(..unread.len().saturating_sub(keep));
    }
}

async fn wait_for(board: &Board, word: &str, count: usize) {
    board.with(|state| {
        state.told_at.clear();
        state.order += 1;
        word.clone_into(&mut state.word);
    });
    println!("{}", json!({ "expecting": word }));
    let end = Instant::now() + PATIENCE;
    while board.with(|state| state.told_at.len()) < count {
        if tokio::time::timeout_at(end.into(), board.changed.notified()).await.is_err() {
            break;
        }
    }
    let mut told_at = board.with(|state| std::mem::take(&mut state.told_at));
    told_at.sort_by(f64::total_cmp);
    let middle = told_at.get(told_at.len() / 2);
    println!(
        "{}",
        json!({ "told": told_at.len(), "first": told_at.first(), "middle": middle, "last": told_at.last() })
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_counts_once_for_each_order() {
        let board = Board::default();
        let mut done = 0;
        board.told(b"anything", &mut done);
        for word in ["first", "second"] {
            board.with(|state| {
                state.order += 1;
                state.told_at.clear();
                word.clone_into(&mut state.word);
            });
            board.told(b"first, second", &mut done);
            board.told(b"first, second", &mut done);
            assert_eq!(board.with(|state| state.told_at.len()), 1);
        }
    }
}
