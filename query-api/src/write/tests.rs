//! The sequencer over a real directory.
