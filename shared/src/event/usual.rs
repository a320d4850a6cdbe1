//! An event as Lambda writes it, read in one pass: its members and those of each record, each once.
//!
//! It is a second way to the same records, several times as fast, and it judges nothing: whatever is not as usual is left to the
//! parser, which is the only one to tell a record from what is none.

use std::borrow::Cow;

use super::{OFFSETS, Record};
use crate::scan::Scan;

/// In the order in which Lambda writes them.
const OF_EVENT: [&str; 3] = ["eventSource", "bootstrapServers", "records"];
const OF_RECORD: [&str; 8] = ["topic", "partition", "offset", "timestamp", "timestampType", "key", "value", "headers"];

/// Batches by the name under which they were delivered.
type Batches<'a> = Vec<(&'a str, Vec<Record<'a>>)>;

/// The batches of an event, if it is as usual and has no more batches and records than `most`.
pub(super) fn batches(payload: &str, most: usize) -> Option<Batches<'_>> {
    let mut room = most;
    let mut take_room = || {
        room = room.checked_sub(1)?;
        Some(())
    };
    let mut scan = Scan::new(payload);
    let mut batches = None;
    scan.members(&OF_EVENT, |scan, name| match name {
        "records" => {
            let mut read = Vec::new();
            scan.members(&[], |scan, name| {
                take_room()?;
                let mut records = Vec::new();
                scan.elements(|scan| {
                    take_room()?;
                    records.push(record(scan)?);
                    Some(())
                })?;
                read.push((name, records));
                Some(())
            })?;
            batches.replace(read).is_none().then_some(())
        }
        "eventSource" | "eventSourceArn" | "bootstrapServers" => scan.string().map(|_| ()),
        _ => None,
    })?;
    scan.is_over().then_some(batches)?
}

fn record<'a>(scan: &mut Scan<'a>) -> Option<Record<'a>> {
    let (mut offset, mut timestamp_ms, mut key, mut value) = (None, None, None, None);
    scan.members(&OF_RECORD, |scan, name| {
        let is_first = match name {
            "offset" => offset.replace(scan.whole()?).is_none(),
            "timestamp" => timestamp_ms.replace(scan.whole().filter(|timestamp_ms| *timestamp_ms != -1)?).is_none(),
            "key" => key.replace(Cow::Borrowed(scan.string()?)).is_none(),
            "value" => value.replace(Cow::Borrowed(scan.string()?)).is_none(),
            "topic" | "timestampType" => scan.string().is_some(),
            "partition" => scan.whole().is_some(),
            "headers" => headers(scan).is_some(),
            _ => false,
        };
        is_first.then_some(())
    })?;
    let offset = offset.filter(|offset| OFFSETS.contains(offset))?;
    Some(Record { offset, timestamp_ms, key, value, oversized: None })
}

/// Names with their bytes as numbers; they are no part of a bar.
fn headers(scan: &mut Scan<'_>) -> Option<()> {
    scan.elements(|scan| scan.members(&[], |scan, _| scan.elements(|scan| scan.whole().map(|_| ()))))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::{Event, MOST_MEMBERS};
    use super::*;

    const EVENT: &str = r#"{"eventSource":"SelfManagedKafka","bootstrapServers":"b-1:9092,b-2:9092","records":{"stock-bars-0":[{"topic":"stock-bars","partition":0,"offset":15,"timestamp":1795370753000,"timestampType":"CREATE_TIME","key":"SFNJ","value":"e30=","headers":[{"place":[49,-128,127]},{"n":[]}]},{"topic":"stock-bars","partition":0,"offset":16,"timestamp":0,"timestampType":"CREATE_TIME","value":"e30=","headers":[]}],"stock-bars-11":[ { "offset" : 0 , "key" : "" } ]}}"#;

    /// What is read at once, if it is, and what the parser makes of it.
    fn both(payload: &str) -> (Option<String>, Option<String>) {
        let is_usual = batches(payload, MOST_MEMBERS).is_some();
        let parsed = Event::parse_any(payload).ok().map(|event| format!("{event:?}"));
        (is_usual.then(|| format!("{:?}", Event::parse(payload).unwrap())), parsed)
    }

    #[test]
    fn an_event_as_lambda_writes_it_is_read() {
        for event in [EVENT, r#"{"records":{}}"#, " { \"records\" : {\"t-0\": [ ] } }\n"] {
            let (read, parsed) = both(event);
            assert!(read.is_some() && read == parsed, "{read:?}\n{parsed:?}");
        }
    }

    #[test]
    fn what_is_not_as_usual_is_left_to_the_parser() {
        for (from, to) in [
            ("\"offset\":15", "\"offset\":-1"),
            ("\"offset\":15", "\"offset\":1.5"),
            ("\"offset\":15", "\"offset\":1e1"),
            ("\"offset\":15", "\"offset\":015"),
            ("\"offset\":15", "\"offset\":9223372036854775807"),
            ("\"offset\":15,", ""),
            ("\"offset\":15,", "\"offset\":15,\"offset\":15,"),
            ("\"key\":\"SFNJ\"", "\"key\":null"),
            ("SFNJ", "SF\\u004eJ"),
            ("SFNJ", "SF\nNJ"),
            ("1795370753000", "-1"),
            ("-128", "- 128"),
            ("-128", "\"x\""),
            ("]},{", "]},,{"),
            ("\"n\":[]", "\"n\":null"),
            ("\"records\"", "\"Records\""),
            ("\"eventSource\"", "\"givenUpAt\""),
            ("]}}", "]}} {}"),
            ("]}}", "]}"),
        ] {
            let payload = EVENT.replacen(from, to, 1);
            assert_ne!(payload, EVENT);
            assert_eq!(both(&payload).0, None, "{payload}");
        }
        let records = r#"{"offset":1},"#.repeat(MOST_MEMBERS);
        assert_eq!(
            batches(&format!(r#"{{"records":{{"t-0":[{}]}}}}"#, records.trim_end_matches(',')), MOST_MEMBERS),
            None
        );
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 1000, ..ProptestConfig::default() })]

        #[test]
        fn an_event_with_any_piece_of_it_replaced_is_read_as_the_parser_reads_it(
            start in 0..EVENT.len(), length in 0..30_usize,
            piece in "[ \",:{}a-z0-9.\\[\\]-]{0,6}|.{0,4}|\"(offset|timestamp|key|value|headers)\":(0|7|\"x\"|null|\\[\\]),"
        ) {
            let end = (start + length).min(EVENT.len());
            let payload = format!("{}{piece}{}", &EVENT[..start], &EVENT[end..]);
            let (read, parsed) = both(&payload);
            if read.is_some() {
                prop_assert_eq!(read, parsed);
            }
        }
    }
}
