//! Entry points for fuzzing, one for each group of decoders.

pub mod lists;
