//! The glob language (spec chapter 05, Glob language).
/// Whether `pattern` matches the whole of `text`.
pub fn wildmatch(pattern: &[u8], text: &[u8]) -> bool {
    let _ = (pattern, text);
    todo!()
}
