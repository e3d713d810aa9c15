//! Times in the local zone.

use chrono::{DateTime, Local};

/// `YYYY/MM/DD HH:MM:SS` with `between` before the hours.
pub fn stamp(seconds: i64, between: char) -> String {
    match DateTime::from_timestamp(seconds, 0) {
        Some(time) => show(&time.with_timezone(&Local), between),
        None => "(time out of range)".to_string(),
    }
}

/// The current time.
pub fn now() -> String {
    show(&Local::now(), ' ')
}

fn show(time: &DateTime<Local>, between: char) -> String {
    time.format(&format!("%Y/%m/%d{between}%H:%M:%S")).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shape() {
        let text = stamp(1_706_933_106, '-');
        assert!(text.starts_with("2024/02/0"), "{text}");
        assert_eq!(text.as_bytes()[10], b'-');
        assert_eq!(text.len(), 19);
        assert_eq!(now().len(), 19);
        assert_eq!(stamp(i64::MAX, ' '), "(time out of range)");
        assert_eq!(stamp(i64::MIN, ' '), "(time out of range)");
    }
}
