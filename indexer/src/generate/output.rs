//! Where the lines go: one stream, or one file a type.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;

use shared::fhir::ResourceType;

use super::{Counts, Options, generate};

/// Writes the whole directory to one stream of NDJSON, types in referential order.
pub fn to_writer(options: &Options, out: &mut (dyn Write + Send)) -> io::Result<Counts> {
    let counts = generate(options, &mut |_, lines| out.write_all(lines))?;
    out.flush()?;
    Ok(counts)
}

/// Writes one `<Type>.ndjson` for each type into `directory`, which is created if absent; files of those
/// names are replaced.
pub fn to_directory(options: &Options, directory: &Path) -> io::Result<Counts> {
    std::fs::create_dir_all(directory)?;
    let mut current: Option<(ResourceType, BufWriter<File>)> = None;
    let counts = generate(options, &mut |kind, lines| {
        if current.as_ref().is_none_or(|(open, _)| *open != kind) {
            if let Some((_, mut file)) = current.take() {
                file.flush()?;
            }
            let file = File::create(directory.join(format!("{kind}.ndjson")))?;
            current = Some((kind, BufWriter::new(file)));
        }
        match current.as_mut() {
            Some((_, file)) => file.write_all(lines),
            None => Ok(()),
        }
    })?;
    if let Some((_, mut file)) = current {
        file.flush()?;
    }
    Ok(counts)
}
