//! Fuzzing of the file list and what goes with it.
