//! What a command comes to, and what a server tells while it does one for us: the same in both ways, so
//! that nobody has to know whether a server holds the directory.

use std::fmt::Display;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

/// How a process ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Exit {
    /// All is well.
    Well,
    /// Some documents were left out.
    Quarantined,
    /// Something disagrees.
    Failed,
}

impl Exit {
    /// The exit code.
    pub fn code(self) -> u8 {
        match self {
            Self::Well => 0,
            Self::Failed => 1,
            Self::Quarantined => 2,
        }
    }

    /// Well, or failed.
    pub fn of(is_well: bool) -> Self {
        if is_well { Self::Well } else { Self::Failed }
    }
}

/// The result of a command, ready to be printed.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Outcome {
    /// How the process ends.
    pub exit: Exit,
    /// For people.
    pub text: String,
    /// For programs.
    pub json: Box<RawValue>,
}

impl Outcome {
    /// The outcome that shows `result`.
    ///
    /// # Panics
    /// When `result` is not plain data.
    pub fn new(result: &(impl Display + Serialize), exit: Exit) -> Self {
        let json = serde_json::value::to_raw_value(result).expect("results are plain data");
        Self { exit, text: result.to_string(), json }
    }
}

/// One line of a server's answer; the last one is the outcome or the failure.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Event {
    /// Another phase has begun.
    Phase(String),
    /// So many documents are done.
    Progress {
        /// Documents.
        documents: u64,
        /// Bytes read.
        bytes: u64,
        /// Bytes to read; 0 when unknown.
        of_bytes: u64,
    },
    /// The end.
    Done(Outcome),
    /// The other end: why it was not done.
    Failed(String),
}
