//! The inputs of a load, read here and sent to the server that holds the directory.

use std::io::{self, Read};

use crossbeam_channel::{Receiver, Sender, bounded};
use shared::validate::Strictness;

use super::LoadOptions;
use super::wire::{LoadRequest, write_document, write_end};
use crate::outcome::Outcome;
use crate::progress::Progress;
use crate::read::{ReadError, Reader};
use crate::remote::{Remote, RemoteError};

/// Bytes that travel together.
const PIECE_LEN: usize = 256 << 10;
/// Pieces that wait for the network.
const QUEUE: usize = 4;

/// Why the server did not load the inputs; if it did not answer at the end it may do it yet.
#[derive(Debug, thiserror::Error)]
pub enum SendError {
    /// An input cannot be read; the server was told nothing but to forget the rest.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The server.
    #[error(transparent)]
    Remote(#[from] RemoteError),
    /// A path that cannot be named to the server.
    #[error("the quarantine file: {0}")]
    Quarantine(io::Error),
}

/// Has the server load the inputs.
///
/// # Errors
/// [`SendError`].
pub fn send(
    remote: &Remote,
    options: &LoadOptions,
    strictness: Strictness,
    progress: &dyn Progress,
) -> Result<Outcome, SendError> {
    let request = LoadRequest {
        mirror: options.mirror,
        force: options.force,
        strict: strictness == Strictness::Strict,
        // The server has another working directory.
        quarantine: std::path::absolute(&options.quarantine).map_err(SendError::Quarantine)?,
    };
    let reader = Reader::new(&options.inputs)?;
    std::thread::scope(|scope| {
        let (out, pieces) = bounded(QUEUE);
        let reading = scope.spawn(move || read_pieces(reader, &out, progress));
        let answer = remote.call(
            "load",
            &request,
            Pieces { input: pieces, rest: Vec::new(), at: 0 },
            progress,
        );
        match reading.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)) {
            // The server has stopped reading; its answer says why.
            Ok(()) | Err(ReadError::Stopped) => Ok(answer?),
            Err(error) => Err(error.into()),
        }
    })
}

type Piece = io::Result<Vec<u8>>;

fn read_pieces(
    reader: Reader,
    out: &Sender<Piece>,
    progress: &dyn Progress,
) -> Result<(), ReadError> {
    let (size_bytes, consumed) = (reader.size_bytes(), reader.consumed());
    let (mut piece, mut count) = (Vec::new(), 0);
    let read = reader.read(&mut |document| {
        write_document(&document, &mut piece);
        count += 1;
        if piece.len() < PIECE_LEN {
            return true;
        }
        progress.advance(count, consumed.load(std::sync::atomic::Ordering::Relaxed), size_bytes);
        out.send(Ok(std::mem::take(&mut piece))).is_ok()
    });
    let end = read.and_then(|summary| {
        write_end(summary, &mut piece).map_err(|source| ReadError::Io { path: "-".into(), source })
    });
    // A stream without its end is thrown away by the server.
    let last = if end.is_ok() { Ok(piece) } else { Err(io::Error::other("reading failed")) };
    out.send(last).map_err(|_| ReadError::Stopped)?;
    end
}

/// The pieces as a reader.
struct Pieces {
    input: Receiver<Piece>,
    rest: Vec<u8>,
    at: usize,
}

impl Read for Pieces {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.at == self.rest.len() {
            match self.input.recv() {
                Ok(piece) => (self.rest, self.at) = (piece?, 0),
                Err(_) => return Ok(0),
            }
        }
        let count = buffer.len().min(self.rest.len() - self.at);
        buffer[..count].copy_from_slice(&self.rest[self.at..self.at + count]);
        self.at += count;
        Ok(count)
    }
}
