//! Values that people type: scopes and times.

use crate::model::{Millis, grant::Scope};

/// A list of scopes as it was typed: `contacts,messages`, or `all`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScopeList(pub Vec<Scope>);

impl std::str::FromStr for ScopeList {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == "all" {
            return Ok(Self(Scope::ALL.to_vec()));
        }
        let names = || Scope::ALL.map(Scope::as_str).join(", ");
        let parse = |name: &str| Scope::parse(name).ok_or_else(|| format!("`{name}` is none of {}, all", names()));
        text.split(',').map(str::trim).map(parse).collect::<Result<_, _>>().map(Self)
    }
}

impl ScopeList {
    /// The names, as the API takes them.
    #[must_use]
    pub fn names(&self) -> Vec<String> {
        self.0.iter().map(|scope| scope.as_str().to_owned()).collect()
    }
}

/// A point in time as it was typed: `2027-01-31`, `2027-01-31 18:00` (both UTC), an RFC 3339 time, or `30d`, `12h` from now.
pub fn parse_time(text: &str, now: Millis) -> Result<Millis, String> {
    if let Some(length_ms) = parse_length(text) {
        return Ok(now.plus(length_ms));
    }
    let zoned = || text.parse::<jiff::Timestamp>().ok();
    let civil = || text.parse::<jiff::civil::DateTime>().ok()?.to_zoned(jiff::tz::TimeZone::UTC).ok();
    let stamp = zoned().or_else(|| civil().map(|zoned| zoned.timestamp()));
    stamp
        .and_then(|stamp| u64::try_from(stamp.as_millisecond()).ok())
        .map(Millis)
        .ok_or_else(|| format!("`{text}` is no time; write 2027-01-31, \"2027-01-31 18:00\" (UTC), 30d or 12h"))
}

/// A length of time as it was typed: `90s`, `30m`, `12h`, `30d`; in milliseconds.
#[must_use]
pub fn parse_length(text: &str) -> Option<u64> {
    let (number, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    let unit_ms = match unit {
        "s" => 1_000,
        "m" => 60_000,
        "h" => 3_600_000,
        "d" => 86_400_000,
        _ => return None,
    };
    number.parse::<u64>().ok()?.checked_mul(unit_ms)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scopes_are_a_list_or_all() {
        assert_eq!("contacts, messages".parse::<ScopeList>().expect("names").names(), ["contacts", "messages"]);
        assert_eq!("all".parse::<ScopeList>().expect("all").0.len(), 5);
        assert!("message".parse::<ScopeList>().expect_err("no scope").contains("messages"));
    }

    #[test]
    fn times_are_absolute_or_from_now() {
        let now = Millis(1_000);
        assert_eq!(parse_time("1970-01-02", now), Ok(Millis(86_400_000)));
        assert_eq!(parse_time("1970-01-01 00:01", now), Ok(Millis(60_000)));
        assert_eq!(parse_time("1970-01-01T00:01:00Z", now), Ok(Millis(60_000)));
        assert_eq!(parse_time("2h", now), Ok(Millis(7_201_000)));
        assert!(parse_time("soon", now).is_err());
        assert!(parse_time("", now).is_err());
        assert!(parse_time("99999999999999999999d", now).is_err());
    }
}
