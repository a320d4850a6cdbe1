//! The worst that an event can hold.

mod mixtures;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::event::{LARGEST, LARGEST_VALUE, filled, joined, of, of_values, record};

pub(crate) struct Case {
    pub(crate) name: &'static str,
    /// The event, on a topic.
    pub(crate) event: Box<dyn Fn(&str) -> String>,
    /// Records in it; none if it is no event of Lambda's.
    pub(crate) records: Option<u64>,
}

/// A bar without its closing brace, as short as one can be.
const BAR: &str = r#"{"Index":"","Date":"2024-01-02","Open":0,"High":0,"Low":0,"Close":0"#;
/// Rows of one record: `shared::run::MOST_ROWS`.
const MOST_ROWS: usize = 50_000;

pub(crate) fn all() -> Vec<Case> {
    [arrays(), fields(), texts(), numbers(), nested(), many_records(), no_records(), around_records(), mixtures::all()]
        .into_iter()
        .flatten()
        .collect()
}

fn case(name: &'static str, records: u64, event: impl Fn(&str) -> String + 'static) -> Case {
    Case { name, event: Box::new(event), records: Some(records) }
}

/// One record, with this value.
fn value(name: &'static str, value: impl Fn() -> String + 'static) -> Case {
    case(name, 1, move |topic| of_values(topic, [value()]))
}

/// One record with as many pieces in its value as fit.
fn repeated(name: &'static str, begin: &'static str, piece: &'static str, end: &'static str) -> Case {
    value(name, move || filled(begin, piece, end, LARGEST_VALUE))
}

fn no_event_of_lambdas(name: &'static str, event: impl Fn(&str) -> String + 'static) -> Case {
    Case { name, event: Box::new(event), records: None }
}

fn array(bars: impl IntoIterator<Item = String>) -> String {
    format!("[{}]", joined(bars))
}

fn symbol(number: usize) -> String {
    BAR.replacen(r#""""#, &format!("\"{number:x}\""), 1)
}

/// That no compression makes smaller.
fn noise(bytes: usize) -> String {
    let mut noise = vec![0; bytes / 4 * 3];
    ChaCha8Rng::seed_from_u64(bytes as u64).fill_bytes(&mut noise);
    STANDARD.encode(noise)
}

fn arrays() -> Vec<Case> {
    vec![
        repeated("array of zeros", "[", "0,", "0]"),
        repeated("array of empty objects", "[", "{},", "{}]"),
        repeated("array of arrays", "[", "[],", "[]]"),
        value("array of bars, the last of them bad", || {
            array((0..MOST_ROWS - 1).map(symbol).map(|bar| bar + "}").chain(["0".into()]))
        }),
        value("as many bars as one record may hold, each of another symbol", || {
            array((0..MOST_ROWS).map(|number| symbol(number) + "}"))
        }),
        value("as many, each with an unknown field", || array((0..MOST_ROWS).map(|_| format!(r#"{BAR},"":0}}"#)))),
        value("more bars than that", || filled("[", &format!("{BAR}}},"), &format!("{BAR}}}]"), LARGEST_VALUE)),
        case("as many bars of a time that is none", 1, |topic| {
            let value = array((0..MOST_ROWS).map(|_| format!("{BAR}}}")));
            of(topic, &record(0, value.as_bytes()).replace("1795370753000", "9223372036854776000"))
        }),
        case("10,000 arrays of five bars", 10_000, |topic| {
            of_values(
                topic,
                (0..10_000).map(|number: usize| array((0..5).map(|place| symbol(number * 5 + place) + "}"))),
            )
        }),
    ]
}

fn fields() -> Vec<Case> {
    vec![
        value("unknown fields, each of another name", || {
            let fields = (0..).map(|number: usize| format!(r#","{number:x}":0"#));
            let mut value = BAR.to_owned();
            value.extend(fields.take(LARGEST_VALUE / 11));
            value + "}"
        }),
        value("unknown fields of one name", || filled(BAR, r#","":0"#, "}", LARGEST_VALUE)),
        value("unknown fields of one escaped name", || filled(BAR, r#","\u0000":0"#, "}", LARGEST_VALUE)),
        value("a known field, repeated", || filled(BAR, r#","Open":1"#, "}", LARGEST_VALUE)),
        value("an unknown field of many names", || {
            let names = joined((0..LARGEST_VALUE / 11).map(|number| format!(r#""{number:x}":0"#)));
            format!(r#"{BAR},"x":{{{names}}}}}"#)
        }),
        value("a name as long as the value", || filled(&format!("{BAR},\""), "n", r#"":0}"#, LARGEST_VALUE)),
    ]
}

fn texts() -> Vec<Case> {
    let text = |name, piece| value(name, move || filled(&format!(r#"{BAR},"x":""#), piece, r#""}"#, LARGEST_VALUE));
    vec![
        text("one string in an unknown field", "x"),
        text("one string of escapes in an unknown field", r"\u0001"),
        text("one string of quotes that stands as text", r#"\ud800\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\""#),
        value("one string that does not compress", || format!(r#"{BAR},"x":"{}"}}"#, noise(LARGEST_VALUE - 200))),
        value("a symbol as long as the value", || {
            BAR.replacen(r#""""#, &filled("\"", "s", "\"", LARGEST_VALUE - 200), 1) + "}"
        }),
        value("a symbol of escapes", || {
            BAR.replacen(r#""""#, &filled("\"", r"\u0001", "\"", LARGEST_VALUE - 200), 1) + "}"
        }),
        value("a symbol that does not compress", || {
            BAR.replacen(r#""""#, &format!("\"{}\"", noise(LARGEST_VALUE - 200)), 1) + "}"
        }),
        value("a date as long as the value", || BAR.replace("2024-01-02", &"9".repeat(LARGEST_VALUE - 200)) + "}"),
        value("spaces", || filled("", " ", &format!("{BAR}}}"), LARGEST_VALUE)),
        value("no JSON", || "x".repeat(LARGEST_VALUE)),
    ]
}

fn numbers() -> Vec<Case> {
    let price = |name, piece: &'static str, end: &'static str| {
        value(name, move || filled(&format!(r#"{BAR},"CloseUSD":"#), piece, end, LARGEST_VALUE))
    };
    vec![
        price("a price of long digits", "1", "}"),
        value("a price near the middle of two doubles", || {
            filled(&format!(r#"{BAR},"CloseUSD":9007199254740993."#), "0", "1}", LARGEST_VALUE)
        }),
        value("many prices near the middle of two doubles", || {
            let price = format!(r#","Open":9007199254740993.{}1"#, "0".repeat(900));
            filled(BAR, &price, "}", LARGEST_VALUE)
        }),
        value("an unknown number of long digits", || filled(&format!(r#"{BAR},"x":0."#), "1", "}", LARGEST_VALUE)),
        value("many unknown numbers", || filled(&format!(r#"{BAR},"x":[0"#), ",0", "]}", LARGEST_VALUE)),
    ]
}

fn nested() -> Vec<Case> {
    let levels = |begin: String, open: &'static str, close: &'static str, end: &'static str| {
        let levels = (LARGEST_VALUE - begin.len() - end.len() - 1) / (open.len() + close.len());
        [&begin, &open.repeat(levels), "1", &close.repeat(levels), end].concat()
    };
    vec![
        value("arrays in arrays in an unknown field", move || levels(format!(r#"{BAR},"x":"#), "[", "]", "}")),
        value("objects in objects in an unknown field", move || levels(format!(r#"{BAR},"x":"#), r#"{"a":"#, "}", "}")),
        value("arrays in arrays in a price", move || levels(format!(r#"{BAR},"Open":"#), "[", "]", "}")),
        value("arrays in arrays", move || levels(String::new(), "[", "]", "")),
        value("objects in objects", move || levels(String::new(), r#"{"a":"#, "}", "")),
        value("arrays that never end", || "[".repeat(LARGEST_VALUE)),
    ]
}

fn many_records() -> Vec<Case> {
    let room = LARGEST_VALUE / 10_000 - 60;
    vec![
        case("10,000 tombstones", 10_000, |topic| {
            of(topic, &joined((0..10_000).map(|offset| format!(r#"{{"offset":{offset}}}"#))))
        }),
        case("10,000 bars of as many symbols", 10_000, move |topic| {
            of_values(topic, (0..10_000).map(|number| filled(&(symbol(number) + r#","x":""#), "x", r#""}"#, room)))
        }),
        case("10,000 bars that do not compress", 10_000, move |topic| {
            let noise = noise(room * 10_000);
            of_values(
                topic,
                (0..10_000).map(|number| {
                    let part = &noise[number * (room - 120)..(number + 1) * (room - 120)];
                    symbol(number) + &format!(r#","x":"{part}"}}"#)
                }),
            )
        }),
        case("10,000 rejects", 10_000, move |topic| of_values(topic, (0..10_000).map(|_| "x".repeat(room)))),
        case("10,000 values that are not base64", 10_000, move |topic| {
            let value = "*".repeat(room);
            of(
                topic,
                &joined((0..10_000).map(|offset| format!(r#"{{"offset":{offset},"key":"{value}","value":"*"}}"#))),
            )
        }),
        case("10,000 partitions", 10_000, |topic| {
            let value = STANDARD.encode(format!("{BAR}}}"));
            let batch = |partition| format!(r#""{topic}-{partition}":[{{"offset":0,"value":"{value}"}}]"#);
            format!(r#"{{"records":{{{}}}}}"#, joined((0..10_000).map(batch)))
        }),
        case("16 partitions side by side, none of which compresses", 16, |topic| {
            let value = |partition| format!(r#"{BAR},"x":"{partition}{}"}}"#, noise(LARGEST_VALUE / 16 - 300));
            let batch = |partition| format!(r#""{topic}-{partition}":[{}]"#, record(0, value(partition).as_bytes()));
            format!(r#"{{"records":{{{}}}}}"#, joined((0..16).map(batch)))
        }),
        case("16 partitions of 3,900 symbols in an array", 16, |topic| {
            let value = array((0..3_900).map(|number| symbol(number) + "}"));
            let batch = |partition| format!(r#""{topic}-{partition}":[{}]"#, record(0, value.as_bytes()));
            format!(r#"{{"records":{{{}}}}}"#, joined((0..16).map(batch)))
        }),
    ]
}

fn no_records() -> Vec<Case> {
    vec![
        case("10,000 numbers in place of records", 10_000, |topic| {
            of(topic, &joined((0..10_000).map(|number| number.to_string())))
        }),
        case("a record without an offset", 1, |topic| of(topic, &filled(r#"{"value":""#, "x", r#""}"#, LARGEST - 100))),
        case("a batch that is a string", 1, |topic| {
            filled(&format!(r#"{{"records":{{"{topic}-0":""#), r#"\""#, r#""}}"#, LARGEST)
        }),
        case("a batch of another name", 1, |topic| {
            let record = filled(r#"{"offset":0,"value":""#, "x", r#""}"#, LARGEST - 100);
            format!(r#"{{"records":{{"{topic}":[{record}]}}}}"#)
        }),
        case("a name of megabytes, of a batch of 5,000 records", 5_000, |topic| {
            let records = joined((0..5_000).map(|offset| format!(r#"{{"offset":{offset}}}"#)));
            filled(&format!(r#"{{"records":{{"{topic}"#), "n", &format!(r#"":[{records}]}}}}"#), LARGEST)
        }),
        case("as many numbers in place of its records", 5_000, |topic| {
            filled(
                &format!(r#"{{"records":{{"{topic}"#),
                r"\u0001",
                &format!(r#"":[{}]}}}}"#, joined((0..5_000).map(|_| "0".into()))),
                LARGEST,
            )
        }),
        case("20,000 strays of a name of escapes", 19_998, |topic| {
            let zeros = joined((0..19_998).map(|_| "0".into()));
            format!(r#"{{"records":{{"{topic}{}":[{zeros}]}}}}"#, r"\u0001".repeat(300))
        }),
        // An error that repeats what it found has six letters for each of these.
        case("a text in place of a record", 1, |topic| of(topic, &filled("\"", "\u{7f}", "\"", LARGEST - 100))),
        case("ten such texts", 10, |topic| {
            of(topic, &joined((0..10).map(|_| filled("\"", "\u{7f}", "\"", LARGEST / 10 - 100))))
        }),
        no_event_of_lambdas("a text in place of the batches", |_| {
            filled(r#"{"records":""#, "\u{7f}", r#""}"#, LARGEST)
        }),
        no_event_of_lambdas("a text in place of the event", |_| filled("\"", "\u{7f}", "\"", LARGEST)),
        no_event_of_lambdas("a batch of zeros", |topic| {
            filled(&format!(r#"{{"records":{{"{topic}-0":["#), "0,", "0]}}", LARGEST)
        }),
        no_event_of_lambdas("a batch of offsets", |topic| {
            of(topic, &joined((0..300_000).map(|offset| format!(r#"{{"offset":{offset}}}"#))))
        }),
        no_event_of_lambdas("batches without records", |_| {
            filled(r#"{"records":{"#, r#""":[],"#, r#""":[]}}"#, LARGEST)
        }),
        no_event_of_lambdas("batches that are zeros", |_| filled(r#"{"records":{"#, r#""":0,"#, r#""":0}}"#, LARGEST)),
        no_event_of_lambdas("batches of one record", |_| {
            let batch = |partition| format!(r#""t-{partition}":[{{"offset":0}}]"#);
            format!(r#"{{"records":{{{}}}}}"#, joined((0..200_000).map(batch)))
        }),
        no_event_of_lambdas("an event of arrays in arrays", |_| {
            let levels = LARGEST / 2 - 10;
            format!("{{\"x\":{}{}}}", "[".repeat(levels), "]".repeat(levels))
        }),
    ]
}

fn around_records() -> Vec<Case> {
    let value = || STANDARD.encode(format!("{BAR}}}"));
    let with = move |field: &str, begin: &str, piece: &str, end: &str| {
        let head = format!(r#"{{"offset":0,"value":"{}","{field}":{begin}"#, value());
        filled(&head, piece, &format!("{end}}}"), LARGEST - 100)
    };
    vec![
        case("a key as long as the event, of a reject", 1, |topic| {
            of(topic, &filled(r#"{"offset":0,"key":""#, "k", r#""}"#, LARGEST - 100))
        }),
        case("a key of escapes, of a reject", 1, |topic| {
            of(topic, &filled(r#"{"offset":0,"key":""#, r"\u0001", r#""}"#, LARGEST - 100))
        }),
        case("headers", 1, move |topic| of(topic, &with("headers", "[", r#"{"":[-128,-128]},"#, "{}]"))),
        case("one header", 1, move |topic| of(topic, &with("headers", r#"[{"h":["#, "-128,", "0]}]"))),
        case("the name of a header", 1, move |topic| of(topic, &with("headers", r#"[{""#, r"\u0000", r#"":[]}]"#))),
        case("a value of which each letter is escaped", 1, |topic| {
            let value = STANDARD.encode(filled(&format!(r#"{BAR},"x":""#), "x", r#""}"#, LARGEST_VALUE / 6 - 300));
            let escaped = value.bytes().map(|byte| format!("\\u{byte:04x}")).collect::<Vec<_>>().concat();
            of(topic, &format!(r#"{{"offset":0,"value":"{escaped}"}}"#))
        }),
        case("a stand-in that is a text", 1, |topic| {
            of(topic, &filled(r#"{"offset":0,"tooLarge":""#, "\u{7f}", r#""}"#, LARGEST - 100))
        }),
        case("a stand-in for a record that no event can hold", 1, |topic| {
            of(topic, &filled(r#"{"offset":0,"tooLarge":{"bytes":1,"at":""#, "s", r#""}}"#, LARGEST - 100))
        }),
    ]
}
