//! What makes the data of the directory: the typed output model of ROR resources and the commands
//! that produce or load them.
//!
//! `main.rs` only reads the command line; everything it can do is a function of this library.

pub mod backup;
pub mod directory;
pub mod generate;
pub mod import;
pub mod load;
pub mod outcome;
pub mod progress;
pub mod read;
pub mod rebuild;
pub mod references;
pub mod remote;
pub mod report;
pub mod restore;
pub mod ror;
pub mod sample;
mod samples;
pub mod stats;
pub mod verify;
