//! The inputs of a load on their way to the server that holds the directory.
//!
//! Each document is a line of JSON that says where it came from and how long it is, then its bytes as they
//! stand, then a newline; the last line says that there are no more. A stream without it was cut off.

use std::io::{self, BufRead, Read as _};
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::read::{Origin, RawDocument, ReadSummary};

/// Longest line about a document: a path, and a reason that quotes little of the document.
const LINE_LEN_MAX: u64 = 1 << 20;
/// Longest document; what reads files takes no longer ones either.
const DOCUMENT_LEN_MAX: usize = 1 << 30;

/// How a load is to be done.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LoadRequest {
    /// Delete what the inputs do not hold.
    pub mirror: bool,
    /// Let a mirror shrink the directory by more than 5 %.
    pub force: bool,
    /// Treat every rule of the ROR profiles as an error.
    pub strict: bool,
    /// Where refused documents go, from the root.
    pub quarantine: PathBuf,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Line {
    Document(Head),
    End(End),
}

#[derive(Serialize, Deserialize)]
struct Head {
    source: String,
    line: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    entry: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    refusal: Option<String>,
    len: usize,
}

#[derive(Serialize, Deserialize)]
struct End {
    files: u64,
    skipped: Vec<PathBuf>,
    outcomes: u64,
}

/// Appends a document to what is sent.
pub(super) fn write_document(document: &RawDocument, out: &mut Vec<u8>) {
    let head = Line::Document(Head {
        source: document.origin.source.to_string(),
        line: document.origin.line,
        entry: document.origin.entry,
        refusal: document.refusal.clone(),
        len: document.bytes.len(),
    });
    write_line(&head, out);
    out.extend_from_slice(&document.bytes);
    out.push(b'\n');
}

/// Appends the end to what is sent.
///
/// # Errors
/// When the name of a skipped file is no text.
pub(super) fn write_end(summary: ReadSummary, out: &mut Vec<u8>) -> io::Result<()> {
    let ReadSummary { files, skipped, outcomes } = summary;
    serde_json::to_writer(&mut *out, &Line::End(End { files, skipped, outcomes }))?;
    out.push(b'\n');
    Ok(())
}

fn write_line(line: &Line, out: &mut Vec<u8>) {
    serde_json::to_writer(&mut *out, line).expect("texts and numbers are plain data");
    out.push(b'\n');
}

/// What was read next.
pub(super) enum Received {
    /// A document.
    Document(RawDocument),
    /// The end.
    End(ReadSummary),
}

/// Reads what comes next.
///
/// # Errors
/// [`io::ErrorKind::UnexpectedEof`] when the stream was cut off, [`io::ErrorKind::InvalidData`] when it is
/// something else.
pub(super) fn read(input: &mut (impl BufRead + ?Sized)) -> io::Result<Received> {
    let mut line = Vec::new();
    input.take(LINE_LEN_MAX).read_until(b'\n', &mut line)?;
    if line.last() != Some(&b'\n') {
        let text = "the inputs were cut off: the client has gone away";
        return Err(io::Error::new(io::ErrorKind::UnexpectedEof, text));
    }
    match serde_json::from_slice(&line)? {
        Line::End(End { files, skipped, outcomes }) => {
            Ok(Received::End(ReadSummary { files, skipped, outcomes }))
        }
        Line::Document(head) if head.len > DOCUMENT_LEN_MAX => {
            let text = format!("a document of {} bytes", head.len);
            Err(io::Error::new(io::ErrorKind::InvalidData, text))
        }
        Line::Document(head) => {
            // Read as it comes: a wrong length must not become an allocation.
            let mut bytes = Vec::new();
            input.take(head.len as u64 + 1).read_to_end(&mut bytes)?;
            if bytes.len() != head.len + 1 || bytes.pop() != Some(b'\n') {
                let text = "the inputs were cut off in the middle of a document";
                return Err(io::Error::new(io::ErrorKind::UnexpectedEof, text));
            }
            let origin = Origin { source: head.source.into(), line: head.line, entry: head.entry };
            Ok(Received::Document(RawDocument { origin, bytes, refusal: head.refusal }))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_sent_arrives() {
        let documents: Vec<RawDocument> = [&b"{}"[..], b"", b"two\nlines\n", &[0xff, 0, b'"']]
            .iter()
            .zip(1..)
            .map(|(bytes, line)| RawDocument {
                origin: Origin {
                    source: "a \"b\".ndjson".into(),
                    line,
                    entry: (line == 2).then_some(7),
                },
                bytes: bytes.to_vec(),
                refusal: (line == 3).then(|| "why\nnot".to_owned()),
            })
            .collect();
        let summary = ReadSummary { files: 2, skipped: vec!["x.txt".into()], outcomes: 1 };
        let mut sent = Vec::new();
        documents.iter().for_each(|document| write_document(document, &mut sent));
        write_end(summary.clone(), &mut sent).unwrap();

        let mut input = sent.as_slice();
        for document in &documents {
            assert!(matches!(read(&mut input).unwrap(), Received::Document(d) if d == *document));
        }
        assert!(matches!(read(&mut input).unwrap(), Received::End(s) if s == summary));
        assert!(input.is_empty());
        // Cut off anywhere, it never comes to an end.
        for len in 0..sent.len() {
            let mut input = &sent[..len];
            let error = loop {
                match read(&mut input) {
                    Ok(Received::Document(_)) => {}
                    Ok(Received::End(_)) => panic!("an end after {len} bytes"),
                    Err(error) => break error,
                }
            };
            assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof, "{len}");
        }
    }
}
