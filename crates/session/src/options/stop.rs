//! `--stop-after` and `--stop-at`: when a run is to end.
use super::settle::leading_int;
use chrono::{
    DateTime, Datelike, Days, Local, Months, NaiveDate, NaiveDateTime, TimeDelta, Timelike,
};
use std::time::{Duration, SystemTime};

/// Longest day number of each month, in leap years.
const DAYS: [u32; 12] = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

/// Why a `--stop-at` is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum StopError {
    Format,
    Past,
}

/// The end of `--stop-after=MINUTES`, if its seconds can be counted. What follows the digits does not count.
pub(super) fn after(minutes: &[u8], now: SystemTime) -> Option<SystemTime> {
    let seconds = leading_int(minutes).checked_mul(60).filter(|n| *n > 0)?;
    let passed = now.duration_since(SystemTime::UNIX_EPOCH).map_or(0, |d| d.as_secs());
    seconds.checked_add_unsigned(passed)?;
    Some(later(now, seconds.unsigned_abs()))
}

/// So many seconds later, or a century later if the system cannot tell a time that far away.
fn later(time: SystemTime, seconds: u64) -> SystemTime {
    let far = time + Duration::from_secs(u32::MAX.into());
    time.checked_add(Duration::from_secs(seconds)).unwrap_or(far)
}

/// The time that `--stop-at` names.
pub(super) fn at(text: &[u8]) -> Result<SystemTime, StopError> {
    let now = Local::now();
    let wanted = Wanted::parse(text).ok_or(StopError::Format)?;
    let time = wanted.next(now.naive_local()).ok_or(StopError::Past)?;
    // Where the clock is put forward, there are times that do not exist.
    let local = time
        .and_local_timezone(Local)
        .earliest()
        .or_else(|| (time + TimeDelta::hours(1)).and_local_timezone(Local).earliest());
    let time: DateTime<Local> = local.ok_or(StopError::Format)?;
    let seconds = u64::try_from(time.timestamp()).ok().filter(|_| time > now);
    Ok(later(SystemTime::UNIX_EPOCH, seconds.ok_or(StopError::Past)?))
}

/// What was said of a time; what was not said is to be the next that comes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Wanted {
    year: Option<i64>,
    month: Option<u32>,
    day: Option<u32>,
    hour: Option<u32>,
    minute: Option<u32>,
}

impl Wanted {
    /// `[[YEAR-]MONTH-]DAY[T]`, the same with `HOUR:MINUTE` behind the T, `[T]HOUR:MINUTE`, or `:MINUTE`.
    fn parse(text: &[u8]) -> Option<Wanted> {
        let text = std::str::from_utf8(text).ok()?;
        let (date, time) = match text.find(['T', 't']) {
            Some(at) => (&text[..at], &text[at + 1..]),
            None if text.contains(':') => ("", text),
            None => (text, ""),
        };
        let mut wanted = Wanted::default();
        if !date.is_empty() {
            let parts: Option<Vec<u32>> = date.split(['-', '/']).map(number).collect();
            let (year, month, day) = match parts?[..] {
                [year, month, day] => (Some(year), Some(month), day),
                [month, day] => (None, Some(month), day),
                [day] => (None, None, day),
                _ => return None,
            };
            // A day that a named year does not have is one of the next month.
            let days = match (year, month) {
                (None, Some(month)) => *DAYS.get(month.checked_sub(1)? as usize)?,
                _ => 31,
            };
            let fits = (1..=days).contains(&day) && month.is_none_or(|m| (1..=12).contains(&m));
            if !fits {
                return None;
            }
            wanted = Wanted { year: year.map(i64::from), month, day: Some(day), ..wanted };
        }
        if !time.is_empty() {
            let (hour, minute) = time.split_once(':')?;
            if hour.is_empty() && (!date.is_empty() || text.contains(['T', 't'])) {
                return None;
            }
            wanted.hour = match hour {
                "" => None,
                hour => Some(number(hour).filter(|n| *n < 24)?),
            };
            wanted.minute = Some(number(minute).filter(|n| *n < 60)?);
        } else if date.is_empty() {
            return None;
        }
        Some(wanted)
    }

    /// The first such time after `now`; one that is named completely may be before it.
    fn next(self, now: NaiveDateTime) -> Option<NaiveDateTime> {
        let today = now.date();
        let Some(day) = self.day else {
            let minute = self.minute?;
            let (time, step) = match self.hour {
                Some(hour) => (today.and_hms_opt(hour, minute, 0)?, TimeDelta::days(1)),
                None => (today.and_hms_opt(now.hour(), minute, 0)?, TimeDelta::hours(1)),
            };
            return Some(if time > now { time } else { time + step });
        };
        let on =
            |date: NaiveDate| date.and_hms_opt(self.hour.unwrap_or(0), self.minute.unwrap_or(0), 0);
        match (self.year, self.month) {
            (Some(year), Some(month)) => {
                let this = i64::from(today.year());
                let year =
                    if year < 100 { year + ((this - year).max(0) + 99) / 100 * 100 } else { year };
                // Beyond what a calendar has, any late date does.
                let year = i32::try_from(year).unwrap_or(i32::MAX).min(200_000);
                on(rolled(year, month, day)?)
            }
            (None, Some(month)) => (today.year()..=today.year() + 8)
                .filter(|year| day < 29 || month != 2 || is_leap(*year))
                .filter_map(|year| on(rolled(year, month, day)?))
                .find(|time| *time > now),
            _ => (0..3)
                .filter_map(|months| {
                    let first = today.with_day(1)?.checked_add_months(Months::new(months))?;
                    on(rolled(first.year(), first.month(), day)?)
                })
                .find(|time| *time > now),
        }
    }
}

/// One number, digits only.
fn number(text: &str) -> Option<u32> {
    let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    digits.then(|| text.parse().unwrap_or(u32::MAX))
}

fn is_leap(year: i32) -> bool {
    NaiveDate::from_ymd_opt(year, 2, 29).is_some()
}

/// A day of a month; one that the month does not have is in the next.
fn rolled(year: i32, month: u32, day: u32) -> Option<NaiveDate> {
    NaiveDate::from_ymd_opt(year, month, 1)?.checked_add_days(Days::new(u64::from(day) - 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn next(text: &str) -> Option<String> {
        let now = NaiveDate::from_ymd_opt(2026, 11, 28)?.and_hms_opt(4, 30, 15)?;
        let time = Wanted::parse(text.as_bytes()).expect("a time").next(now)?;
        Some(time.format("%Y-%m-%d %H:%M:%S").to_string())
    }

    #[test]
    fn what_is_missing_is_the_next_that_comes() {
        for (text, time) in [
            ("2027-12-31T23:59", "2027-12-31 23:59:00"),
            ("2027/1-2t", "2027-01-02 00:00:00"),
            ("2020-1-1", "2020-01-01 00:00:00"),
            ("27-1-1", "2027-01-01 00:00:00"),
            ("26-1-1", "2026-01-01 00:00:00"),
            ("25-1-1", "2125-01-01 00:00:00"),
            ("0-1-1", "2100-01-01 00:00:00"),
            ("12/31", "2026-12-31 00:00:00"),
            ("11-28", "2027-11-28 00:00:00"),
            ("11-28T5:0", "2026-11-28 05:00:00"),
            ("2-29", "2028-02-29 00:00:00"),
            ("2027-2-29", "2027-03-01 00:00:00"),
            ("29", "2026-11-29 00:00:00"),
            ("28", "2026-12-28 00:00:00"),
            ("31", "2026-12-01 00:00:00"),
            ("23:59", "2026-11-28 23:59:00"),
            ("T4:30", "2026-11-29 04:30:00"),
            ("4:31", "2026-11-28 04:31:00"),
            (":31", "2026-11-28 04:31:00"),
            (":30", "2026-11-28 05:30:00"),
        ] {
            assert_eq!(next(text).as_deref(), Some(time), "{text}");
        }
    }

    #[test]
    fn other_forms_are_refused() {
        for text in [
            "",
            "T",
            "t",
            ":",
            "T:",
            "x",
            "0",
            "32",
            "5-",
            "-5",
            "--5",
            "/5",
            "2027",
            "2027--1",
            "2-30",
            "4-31",
            "1-0",
            "0-1",
            "2027-13-1",
            "2027-0-1",
            "2027-1-0",
            "1-1-1-1",
            "T12",
            "5T5",
            "5T:",
            "5T:5",
            "T:5",
            "5:",
            "24:00",
            "23:60",
            ":60",
            "5:6:7",
            ":5:6",
            "2027-1-1T1:1x",
            " 5",
            "5 ",
            "1-2/2027",
        ] {
            assert_eq!(Wanted::parse(text.as_bytes()), None, "{text}");
        }
        assert_eq!(at(b"2020-1-1"), Err(StopError::Past));
        assert_eq!(at(b"99-99"), Err(StopError::Format));
        assert!(at(b"9999999-1-1").is_ok() && at(b":30").is_ok());
    }

    #[test]
    fn minutes_are_counted_from_now() {
        let now = SystemTime::UNIX_EPOCH;
        let seconds = |text: &str| {
            after(text.as_bytes(), now).map(|t| t.duration_since(now).expect("later").as_secs())
        };
        assert_eq!(seconds("5"), Some(300));
        assert_eq!(seconds("5x"), Some(300));
        assert!(seconds("99999999999").is_some_and(|n| n > 1 << 30));
        for text in ["0", "-1", "", "x", "0x10", "99999999999999999999", "153722867280912931"] {
            assert_eq!(seconds(text), None, "{text}");
        }
    }
}
