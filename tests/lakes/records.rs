//! What may be on a topic: records of any kind, most of them near to bars, cut into events and delivered.

use std::fmt;

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use serde_json::Value;

/// What a lake is built from.
#[derive(Clone, Debug)]
pub(crate) struct Deliveries {
    pub(crate) events: Vec<Event>,
    /// Which of them are delivered again at the end.
    pub(crate) repeated: Vec<prop::sample::Index>,
}

/// One event, of one or two partitions.
#[derive(Clone, Debug)]
pub(crate) struct Event {
    /// Hours after the first.
    pub(crate) hour: u8,
    pub(crate) partitions: [Vec<Record>; 2],
    /// What stands among the records and is none, as JSON: Lambda sends no such thing.
    pub(crate) strays: Vec<&'static str>,
}

/// A record and what lies between it and the one before.
#[derive(Clone, Debug)]
pub(crate) struct Record {
    pub(crate) gap: i64,
    pub(crate) timestamp: i64,
    pub(crate) key: Option<Vec<u8>>,
    pub(crate) value: Content,
    pub(crate) headers: Vec<(String, Option<Vec<u8>>)>,
}

#[derive(Clone)]
pub(crate) enum Content {
    Tombstone,
    Bytes(Vec<u8>),
    /// What Lambda never sends: a value that may not be base64.
    Delivered(String),
    /// What redrive sends in place of a record that no event can hold.
    TooLarge,
}

/// As text, for people.
impl fmt::Debug for Content {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tombstone => f.write_str("Tombstone"),
            Self::Bytes(bytes) => write!(f, "{:?}", String::from_utf8_lossy(bytes)),
            Self::Delivered(text) => write!(f, "Delivered({text:?})"),
            Self::TooLarge => f.write_str("TooLarge"),
        }
    }
}

/// Where the offsets of a partition begin.
pub(crate) fn first_offset() -> impl Strategy<Value = i64> {
    prop_oneof![6 => Just(0), 2 => 0..i64::MAX, 1 => (i64::MAX - 40)..i64::MAX]
}

pub(crate) fn deliveries() -> impl Strategy<Value = Deliveries> {
    let strays = vec![r#"{"value":"e30="}"#, "7", "null", r#"{"offset":-1}"#, r#"{"offset":1,"value":[]}"#];
    let strays = vec(prop::sample::select(strays), 0..3);
    let strays = prop_oneof![8 => Just(Vec::new()).boxed(), 1 => strays.boxed()];
    let event = (0..30_u8, [vec(record(), 0..12), vec(record(), 0..4)], strays)
        .prop_map(|(hour, partitions, strays)| Event { hour, partitions, strays });
    (vec(event, 1..4), vec(any::<prop::sample::Index>(), 0..3))
        .prop_map(|(events, repeated)| Deliveries { events, repeated })
}

fn record() -> impl Strategy<Value = Record> {
    let gap = prop_oneof![12 => Just(1_i64), 1 => 2..5_i64, 1 => 1..i64::MAX / 64];
    let headers = vec((any::<String>(), option::of(vec(any::<u8>(), 0..6))), 0..3);
    (gap, timestamp(), option::of(vec(any::<u8>(), 0..12)), content(), headers)
        .prop_map(|(gap, timestamp, key, value, headers)| Record { gap, timestamp, key, value, headers })
}

fn timestamp() -> impl Strategy<Value = i64> {
    prop_oneof![
        // Around the days of landing.
        8 => 1_795_000_000_000..1_795_200_000_000_i64,
        2 => any::<i64>(),
        2 => prop::sample::select(vec![
            -1, -2, 0, i64::MIN, i64::MAX, 9_223_372_036_854_776, -62_135_596_800_000, -62_135_596_800_001,
            253_402_300_799_999, 253_402_300_800_000, 10_000_000_000_000_000,
        ]),
    ]
}

fn content() -> impl Strategy<Value = Content> {
    let bytes = |text: String| Content::Bytes(text.into_bytes());
    prop_oneof![
        24 => bar().prop_map(bytes),
        4 => vec(bar(), 0..6).prop_map(|bars| format!("[{}]", bars.join(","))).prop_map(bytes),
        2 => json().prop_map(bytes),
        1 => vec(any::<u8>(), 0..40).prop_map(Content::Bytes),
        1 => any::<String>().prop_map(Content::Delivered),
        1 => Just(Content::Tombstone),
        1 => Just(Content::TooLarge),
    ]
}

/// JSON that is a bar, or nearly.
fn bar() -> impl Strategy<Value = String> {
    let fields = (
        symbol(),
        date(),
        [price(), price(), price(), price()],
        [option::of(price()), option::of(price()), option::of(price())],
        vec((name(), json()), 0..3),
        option::weighted(0.1, (any::<prop::sample::Index>(), json())),
        (
            option::weighted(0.1, date()),
            option::weighted(0.2, prop::sample::select(vec!["\"1m\"", "\"1d\"", "null", "60"])),
        ),
    );
    fields.prop_map(|(symbol, date, prices, optional, unknown, wrong, (datetime, interval))| {
        let mut members = vec![("Index".to_owned(), symbol), ("Date".to_owned(), date)];
        members.extend(["Open", "High", "Low", "Close"].map(str::to_owned).into_iter().zip(prices));
        let some = ["Adj Close", "CloseUSD", "Volume"].into_iter().zip(optional);
        members.extend(some.filter_map(|(name, value)| Some((name.to_owned(), value?))));
        members.extend(datetime.map(|datetime| ("Datetime".to_owned(), datetime)));
        members.extend(interval.map(|interval| ("Interval".to_owned(), interval.to_owned())));
        members.extend(unknown);
        if let Some((place, value)) = wrong {
            let place = place.index(members.len());
            members[place].1 = value;
        }
        let members: Vec<_> =
            members.iter().map(|(name, value)| format!("{}:{value}", Value::from(name.as_str()))).collect();
        format!("{{{}}}", members.join(","))
    })
}

fn symbol() -> impl Strategy<Value = String> {
    let odd = vec![
        "",
        " ",
        "=HYPERLINK(\"http://example.org\",\"x\")",
        "@SUM(1)",
        "-1+1|x",
        "a\u{0}b",
        "\u{1b}[2J",
        "<b>&'\"",
        "\u{202e}abc",
        "null",
        "NaN",
        "a,b\r\nc",
        "'; DROP TABLE bars; --",
        "\u{1f600}",
        "{{date}}",
        "[1, 2]",
        "\t=1",
        "\r\n@x",
        "'=1+1",
        "＝1+1",
        "\u{200b}-1",
        "</script><script>alert(1)</script>",
        "\"><svg onload=alert(1)>",
        "\u{2066}a\u{85}b\u{7f}",
        "%s%n{}",
        "-1",
        "1e5",
    ];
    let odd = prop::sample::select(odd).prop_map(str::to_owned);
    prop_oneof![8 => "[AB]".boxed(), 2 => odd.boxed(), 1 => any::<String>().boxed(), 1 => "x{300}".boxed()]
        .prop_map(|symbol| Value::from(symbol).to_string())
}

fn date() -> impl Strategy<Value = String> {
    let recent = (1..=24_u8).prop_map(|day| format!("2026-11-{day:02}"));
    let any_day =
        (0..=9999_u16, 1..=12_u8, 1..=31_u8).prop_map(|(year, month, day)| format!("{year:04}-{month:02}-{day:02}"));
    let odd = prop::sample::select(vec!["0001-01-01", "0000-01-01", "9999-12-31", "1582-10-10", "-001-01-01", "x"]);
    let within = (18..=24_u8, 0..=23_u8, prop::sample::select(vec![0, 30]))
        .prop_map(|(day, hour, minute)| format!("2026-11-{day:02}T{hour:02}:{minute:02}:00Z"));
    let odd_within = prop::sample::select(vec![
        "2026-11-20 00:00:00-05:00",
        "2026-11-20T20:00:00.123456+09:30",
        "0001-01-01T00:00:00+01:00",
        "9999-12-31T23:59:59.999Z",
        "2026-11-20T24:00:00Z",
        "2026-11-20T09:30",
    ]);
    prop_oneof![
        12 => recent.boxed(),
        6 => within.boxed(),
        2 => any_day.boxed(),
        1 => odd.prop_map(str::to_owned).boxed(),
        1 => odd_within.prop_map(str::to_owned).boxed(),
    ]
    .prop_map(|date| Value::from(date).to_string())
}

fn price() -> impl Strategy<Value = String> {
    let odd = vec![
        "0",
        "-0",
        "-0.0",
        "1e308",
        "-1.7976931348623157e308",
        "5e-324",
        "-37.63",
        "9007199254740993",
        "1e400",
        "null",
        "-1e-400",
        "123456789012345678901234567890",
        "\"1\"",
        "1E+2",
    ];
    let any_number =
        any::<f64>().prop_filter("JSON", |number| number.is_finite()).prop_map(|number| format!("{number:e}"));
    prop_oneof![
        12 => (1..100_000_u32).prop_map(|cents| format!("{}.{:02}", cents / 100, cents % 100)),
        2 => prop::sample::select(odd).prop_map(str::to_owned),
        1 => any_number,
    ]
}

/// Of a field that is no column, or one that looks like one.
fn name() -> impl Strategy<Value = String> {
    let known =
        vec!["venue", "", "_rest", "_kafka_timestamp", "Open", "open", "a\u{0}b", "a.b", "$", "\"", "symbol", "dt"];
    prop_oneof![4 => prop::sample::select(known).prop_map(str::to_owned), 1 => any::<String>()]
}

/// Any JSON, also such as no reader takes.
fn json() -> impl Strategy<Value = String> {
    let deep = |levels: usize| format!("{}{}", "[".repeat(levels), "]".repeat(levels));
    let odd = vec![
        r#""\ud800""#.to_owned(),
        r#""\udc00\ud800""#.to_owned(),
        r#""\u0000""#.to_owned(),
        r#"{"\ud800":1}"#.to_owned(),
        r#"{"a":1,"\u0061":2}"#.to_owned(),
        "1e400".to_owned(),
        "-1e999999999".to_owned(),
        "1".repeat(500),
        deep(99),
        deep(127),
        deep(1500),
        format!("{}1{}", r#"{"a":"#.repeat(300), "}".repeat(300)),
    ];
    let text = any::<String>().prop_map(|text| Value::from(text).to_string());
    let leaf =
        prop_oneof![price().boxed(), text.boxed(), prop::sample::select(odd).boxed(), Just("true".to_owned()).boxed()];
    leaf.prop_recursive(4, 24, 4, |inner| {
        let member = (name(), inner.clone()).prop_map(|(name, value)| format!("{}:{value}", Value::from(name)));
        prop_oneof![
            vec(inner, 0..4).prop_map(|values| format!("[{}]", values.join(" , "))),
            vec(member, 0..4).prop_map(|members| format!("{{{}}}", members.join(",\n"))),
        ]
    })
}
