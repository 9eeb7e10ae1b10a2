//! Which lines were shown already: each look overlaps the last, since lines come late.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::Event;

/// The lines that were shown, with their times.
#[derive(Debug, Default)]
pub(super) struct Seen(BTreeMap<String, Timestamp>);

impl Seen {
    /// Those of the events that were not shown yet, which are from now on.
    pub(super) fn news(&mut self, events: Vec<Event>) -> Vec<Event> {
        let is_new = |event: &Event| self.0.insert(event.id.clone(), event.at).is_none();
        events.into_iter().filter(is_new).collect()
    }

    /// Forgets what no further look will show.
    pub(super) fn forget(&mut self, before: Timestamp) {
        self.0.retain(|_, at| *at >= before);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    #[test]
    fn a_line_is_shown_once_and_forgotten_when_no_look_goes_back_so_far() {
        let event = |id: &str, second| Event {
            at: Timestamp::from_second(second).unwrap(),
            source: "audit",
            id: id.to_owned(),
            message: Value::Null,
        };
        let mut seen = Seen::default();

        assert_eq!(seen.news(vec![event("a", 1), event("b", 2)]).len(), 2);
        assert_eq!(seen.news(vec![event("b", 2), event("c", 3)]), [event("c", 3)]);
        seen.forget(Timestamp::from_second(2).unwrap());
        assert_eq!(seen.0.len(), 2);
    }
}
