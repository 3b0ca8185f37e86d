//! The generated documents, in one compressed file that loading, counting and `PostgreSQL` read alike.

use std::fs::File;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::mpsc::sync_channel;

use anyhow::{Context as _, bail};
use rayon::prelude::*;

use crate::document::Document;
use crate::settings::{Settings, binary};

/// Lines parsed together.
const CHUNK: usize = 4_096;

/// Writes the documents of a size and seed, compressed as they come.
///
/// # Errors
/// When the generator or the disk fails.
pub fn generate(settings: &Settings, file: &Path) -> anyhow::Result<()> {
    let mut child = Command::new(binary("indexer")?)
        .args(["generate", "--offers", &settings.offers.to_string()])
        .args(["--seed", &settings.seed.to_string()])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()?;
    let mut lines = child.stdout.take().context("the documents are piped")?;
    let unfinished = file.with_extension("unfinished");
    let mut encoder = zstd::Encoder::new(File::create(&unfinished)?, 1)?;
    std::io::copy(&mut lines, &mut encoder)?;
    encoder.finish()?.sync_all()?;
    let status = child.wait()?;
    if !status.success() {
        bail!("indexer generate: {status}");
    }
    Ok(std::fs::rename(unfinished, file)?)
}

/// Reads every document, in the order of the file: its line, and what a naive reader makes of it.
///
/// # Errors
/// When the file cannot be read or is not what the generator writes; the first error of `visit`.
pub fn scan(
    file: &Path,
    visit: &mut dyn FnMut(&str, Document) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let lines = BufReader::with_capacity(1 << 20, zstd::Decoder::new(File::open(file)?)?).lines();
    let (out, chunks) = sync_channel(2);
    std::thread::scope(|scope| {
        let reading = scope.spawn(move || -> anyhow::Result<()> {
            let mut chunk = Vec::with_capacity(CHUNK);
            for line in lines {
                chunk.push(line?);
                if chunk.len() == CHUNK && out.send(std::mem::take(&mut chunk)).is_err() {
                    return Ok(());
                }
            }
            // A closed channel means that the visitor failed, which is reported there.
            let _ = out.send(chunk);
            Ok(())
        });
        for chunk in chunks {
            let documents: Vec<Document> =
                chunk.par_iter().map(|line| Document::read(line)).collect::<anyhow::Result<_>>()?;
            for (line, document) in chunk.iter().zip(documents) {
                visit(line, document)?;
            }
        }
        reading.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    })
}
