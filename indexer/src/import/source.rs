//! Opens the input tables: plain or gzip, comma or semicolon, rows by column name.
//!
//! Does not know what a column means; see `finess`, `beds` and `prices`.

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;

use csv::{ByteRecord, Reader, ReaderBuilder};
use flate2::bufread::MultiGzDecoder;

use super::{Defect, ImportError, Report};

/// A table read row by row, its columns found by name.
pub(super) struct Table {
    reader: Reader<Box<dyn Read>>,
    columns: Vec<String>,
    record: ByteRecord,
}

/// One row; a cell is trimmed text, empty when the column is absent.
pub(super) struct Row<'t> {
    columns: &'t [String],
    record: &'t ByteRecord,
    /// Line of the file, from 1, header included.
    pub line: u64,
}

impl Table {
    /// Opens `path`, unpacking it when it starts like gzip, and reads the header.
    pub(super) fn open(path: &Path) -> Result<Self, ImportError> {
        let failed = |source| ImportError::Read { path: path.to_owned(), source };
        let mut bytes = BufReader::with_capacity(1 << 16, File::open(path).map_err(failed)?);
        let is_gzip = bytes.fill_buf().map_err(failed)?.starts_with(&[0x1f, 0x8b]);
        let plain: Box<dyn Read> =
            if is_gzip { Box::new(MultiGzDecoder::new(bytes)) } else { Box::new(bytes) };
        let mut plain = BufReader::with_capacity(1 << 16, plain);
        let first_line = plain.fill_buf().map_err(failed)?;
        let first_line = first_line.split(|byte| *byte == b'\n').next().unwrap_or_default();
        let delimiter = if first_line.contains(&b';') { b';' } else { b',' };
        let mut reader = ReaderBuilder::new()
            .delimiter(delimiter)
            .flexible(true)
            .from_reader(Box::new(plain) as Box<dyn Read>);
        let header = reader.byte_headers().map_err(|error| failed(error.into()))?;
        let columns = header
            .iter()
            .map(|name| {
                String::from_utf8_lossy(name).trim_start_matches('\u{feff}').trim().to_owned()
            })
            .collect();
        Ok(Self { reader, columns, record: ByteRecord::new() })
    }

    /// Whether the header has this column.
    pub(super) fn has(&self, column: &str) -> bool {
        self.columns.iter().any(|name| name == column)
    }

    /// Reads the next row; `None` at the end.
    pub(super) fn next_row(&mut self) -> Result<Option<Row<'_>>, csv::Error> {
        if !self.reader.read_byte_record(&mut self.record)? {
            return Ok(None);
        }
        let line = self.record.position().map_or(0, csv::Position::line);
        Ok(Some(Row { columns: &self.columns, record: &self.record, line }))
    }
}

impl Row<'_> {
    /// The bytes of a cell as text: UTF-8, else Latin-1 (older extracts).
    pub(super) fn text(&self, column: &str) -> String {
        let Some(index) = self.columns.iter().position(|name| name == column) else {
            return String::new();
        };
        let bytes = self.record.get(index).unwrap_or_default();
        match std::str::from_utf8(bytes) {
            Ok(text) => text.trim().to_owned(),
            Err(_) => {
                bytes.iter().map(|byte| char::from(*byte)).collect::<String>().trim().to_owned()
            }
        }
    }

    /// A cell that holds something.
    pub(super) fn filled(&self, column: &str) -> Option<String> {
        Some(self.text(column)).filter(|text| !text.is_empty())
    }

    /// A number; text that is not one counts as a defect and reads as absent.
    pub(super) fn number(&self, column: &str, report: &mut Report) -> Option<f64> {
        let text = self.filled(column)?;
        let value = text.replace(',', ".").parse::<f64>().ok().filter(|value| value.is_finite());
        if value.is_none() {
            report.count(Defect::NotANumber);
        }
        value
    }
}

/// Undoes the two encoding accidents the sources carry, and tells when one was met.
///
/// Names of the nursing-home directory went through Mac Roman (`L'¬ge d'Or`, `Emma¸s`): each such
/// sign stands for exactly one letter. A replacement character (U+FFFD, also in its Latin-1 guise
/// `ï¿½`) stands for a letter nobody knows any more: it is taken out.
pub(super) fn repair_text(text: &str, report: &mut Report) -> String {
    let mut repaired = text.replace("ï¿½", "\u{fffd}");
    if repaired.contains('\u{fffd}') {
        report.count(Defect::LetterLost);
        repaired = repaired.replace('\u{fffd}', "");
    }
    if repaired.contains('?') {
        report.count(Defect::LetterUnknown);
    }
    let fixed = mac_roman_signs(&repaired);
    if fixed != repaired {
        report.count(Defect::EncodingRepaired);
    }
    fixed.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn mac_roman_signs(text: &str) -> String {
    let mut fixed = String::with_capacity(text.len());
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        fixed.push(match letter {
            '¬' => 'Â',
            '¸' => 'ü',
            'ˇ' => 'ÿ',
            'ˆ' => 'ö',
            '¿' => 'À',
            'Ò' => 'ñ',
            'í' | '\u{92}' => '’',
            'ú' => 'œ',
            'Ù' => 'ô',
            '†' | '\u{a0}' => ' ',
            // "L'Œle Fleurie": a ligature is never followed by a lower-case l in French.
            'Œ' if letters.peek() == Some(&'l') => 'Î',
            other => other,
        });
    }
    fixed
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repairs_each_known_accident() {
        let rows = [
            ("EHPAD Au Bel ¬ge", "EHPAD Au Bel Âge"),
            ("EHPAD L'Œle Fleurie", "EHPAD L'Île Fleurie"),
            ("Emma¸s", "Emmaüs"),
            ("EHPAD LíAssemblée", "EHPAD L’Assemblée"),
            ("Maison des Súurs", "Maison des Sœurs"),
            ("les Aloès†", "les Aloès"),
            ("SACRÉ CŒUR", "SACRÉ CŒUR"),
            ("Hï¿½pital", "Hpital"),
        ];
        for (text, expected) in rows {
            assert_eq!(repair_text(text, &mut Report::default()), expected);
        }
    }
}
