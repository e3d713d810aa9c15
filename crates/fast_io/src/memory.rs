//! The in-memory link of a local copy.
