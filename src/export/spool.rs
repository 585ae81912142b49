//! A file that is read while it is still being written. Neither side waits for the speed of the
//! other.

use std::fs::File;
use std::io::{self, Write};
use std::os::unix::fs::FileExt;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::{Stream, stream};
use tokio::sync::watch;

use super::PIECE_BYTES;
use crate::logging::abnormal_end;

/// The progress of the writer.
#[derive(Clone, Copy, Debug, Default)]
struct Progress {
    /// The number of bytes written so far.
    written: u64,
    /// Whether all bytes are written. If the writer is dropped before that, the writing has failed.
    is_complete: bool,
}

/// The writing side. Writing fails after the reading side was dropped.
#[derive(Debug)]
pub(super) struct Spool {
    file: File,
    progress: watch::Sender<Progress>,
}

/// The reading side.
#[derive(Debug)]
pub(super) struct Reader {
    file: Arc<File>,
    progress: watch::Receiver<Progress>,
    offset: u64,
}

/// Creates both sides for a file.
///
/// # Errors
/// When the file handle cannot be duplicated.
pub(super) fn new(file: File) -> io::Result<(Spool, Reader)> {
    let (sender, progress) = watch::channel(Progress::default());
    let reader = Reader { file: Arc::new(file.try_clone()?), progress, offset: 0 };
    Ok((Spool { file, progress: sender }, reader))
}

impl Spool {
    /// Marks the file as complete.
    pub(super) fn finish(self) {
        self.progress.send_modify(|it| it.is_complete = true);
    }
}

impl Write for Spool {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.progress.is_closed() {
            return Err(io::Error::other("the client has closed the connection"));
        }
        let written = self.file.write(bytes)?;
        self.progress.send_modify(|it| it.written += written as u64);
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

impl Reader {
    /// Returns the bytes as they are written. The stream ends with an error if the writing fails.
    pub(super) fn pieces(self) -> impl Stream<Item = io::Result<Bytes>> + Send + use<> {
        stream::unfold(Some(self), async |reader| {
            let mut reader = reader?;
            match reader.next().await {
                Ok(None) => None,
                Ok(Some(piece)) => Some((Ok(piece), Some(reader))),
                Err(error) => Some((Err(error), None)),
            }
        })
    }

    async fn next(&mut self) -> io::Result<Option<Bytes>> {
        let offset = self.offset;
        let has_more = |it: &Progress| it.written > offset || it.is_complete;
        let progress = match self.progress.wait_for(has_more).await {
            Ok(progress) => *progress,
            Err(_) => return Err(io::Error::other("the export failed")),
        };
        let available = usize::try_from(progress.written - offset).unwrap_or(usize::MAX);
        if available == 0 {
            return Ok(None);
        }
        let file = Arc::clone(&self.file);
        let reading = tokio::task::spawn_blocking(move || {
            let mut piece = vec![0; available.min(PIECE_BYTES)];
            file.read_exact_at(&mut piece, offset)?;
            Ok::<_, io::Error>(piece)
        });
        let piece = reading.await.map_err(|error| io::Error::other(abnormal_end(&error)))??;
        self.offset += piece.len() as u64;
        Ok(Some(piece.into()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::{StreamExt, TryStreamExt};

    fn both() -> (Spool, Reader) {
        new(tempfile::tempfile().unwrap()).unwrap()
    }

    #[tokio::test]
    async fn the_writer_does_not_wait_for_the_reader() {
        let (mut spool, reader) = both();
        let bytes: Vec<u8> = (0..1_000_000_u32).map(|it| it as u8).collect();
        spool.write_all(&bytes).unwrap();
        spool.finish();
        let read: Vec<Bytes> = reader.pieces().try_collect().await.unwrap();
        assert!(read.len() > 10 && read.concat() == bytes);
    }

    #[tokio::test]
    async fn what_is_there_can_be_read_before_the_end() {
        let (mut spool, reader) = both();
        let mut pieces = Box::pin(reader.pieces());
        for _ in 0..3 {
            spool.write_all(b"piece").unwrap();
            assert_eq!(pieces.next().await.unwrap().unwrap(), "piece");
        }
        spool.finish();
        assert!(pieces.next().await.is_none());
    }

    #[tokio::test]
    async fn a_part_is_not_taken_for_the_whole() {
        let (mut spool, reader) = both();
        spool.write_all(b"half").unwrap();
        drop(spool);
        let read: Vec<_> = reader.pieces().collect().await;
        assert!(read.last().unwrap().is_err());
    }

    #[tokio::test]
    async fn nobody_writes_for_a_reader_who_has_gone() {
        let (mut spool, reader) = both();
        drop(reader.pieces());
        assert!(spool.write_all(b"more").is_err());
    }
}
