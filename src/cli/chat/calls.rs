//! Calls in the terminal: they are shown and declined here, and had in the web app.

use crate::{
    api::client::dto::{Call, Event},
    cli::screen::clean,
};

/// The calls that ring here, the newest last.
#[derive(Debug, Default)]
pub struct Ringing(Vec<Call>);

impl Ringing {
    /// Takes how a call is now, as `me` sees it; what to tell about it. `name` says what somebody is called.
    pub fn hear(&mut self, me: &str, call: Call, name: impl Fn(&str) -> String) -> Option<String> {
        let was_ringing = self.0.iter().any(|known| known.id == call.id);
        self.0.retain(|known| known.id != call.id);
        let mine = call.people.iter().find(|person| person.address == me).map(|person| person.state.as_str());
        let starter = name(&call.starter);
        if call.outcome.is_none() && mine == Some("ringing") {
            let medium = clean(&call.medium);
            self.0.push(call);
            return (!was_ringing)
                .then(|| format!("{starter} is calling you ({medium}). Answer in the web app; /decline says no."));
        }
        let told = match (mine, call.outcome.as_deref()) {
            (Some("joined"), _) | (_, Some("answered")) => "You answered on another device.".to_owned(),
            (Some("declined"), _) => "You declined the call.".to_owned(),
            _ => format!("Missed call from {starter}."),
        };
        was_ringing.then_some(told)
    }

    /// What declines the newest of them.
    #[must_use]
    pub fn decline_path(&self) -> Option<String> {
        self.0.last().map(|call| format!("/api/v1/calls/{}/decline", call.id))
    }
}

/// What a call left in the timeline.
#[must_use]
pub fn entry(event: &Event) -> String {
    let medium = clean(event.medium.as_deref().unwrap_or("voice"));
    match event.outcome.as_deref() {
        Some("answered") => format!("a {medium} call of {} s", event.length_ms.unwrap_or_default() / 1_000),
        Some(outcome) => format!("a {medium} call: {}", clean(outcome)),
        None => format!("a {medium} call"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn call(state: &str, outcome: Option<&str>) -> Call {
        let call = json!({
            "id": "ca", "room": "aa", "starter": "bob@globex.example", "medium": "video", "started_at": 1,
            "people": [{ "address": "alice@acme.example", "state": state }], "outcome": outcome,
        });
        serde_json::from_value(call).expect("a call")
    }

    fn hear(ringing: &mut Ringing, state: &str, outcome: Option<&str>) -> Option<String> {
        ringing.hear("alice@acme.example", call(state, outcome), |_| "Bob".to_owned())
    }

    #[test]
    fn a_call_is_told_once_when_it_rings_and_once_when_it_does_not_any_more() {
        for (state, outcome, told) in [
            ("joined", None, "You answered on another device."),
            ("declined", Some("declined"), "You declined the call."),
            ("missed", Some("missed"), "Missed call from Bob."),
            ("missed", Some("cancelled"), "Missed call from Bob."),
        ] {
            let mut ringing = Ringing::default();
            let rings = hear(&mut ringing, "ringing", None).expect("it rings");
            assert!(rings.starts_with("Bob is calling you (video)."), "{rings}");
            assert_eq!(hear(&mut ringing, "ringing", None), None);
            assert_eq!(ringing.decline_path().as_deref(), Some("/api/v1/calls/ca/decline"));
            assert_eq!(hear(&mut ringing, state, outcome).as_deref(), Some(told));
            assert_eq!((hear(&mut ringing, state, outcome), ringing.decline_path()), (None, None));
        }
    }
}
