//! Several of the worst values in one event, in some records and partitions: by chance, the same each time.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rand::{Rng, RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::{BAR, Case, case};
use crate::event::{LARGEST, filled, joined};

/// Each is a seed too.
const NAMES: [&str; 8] =
    ["mixture 0", "mixture 1", "mixture 2", "mixture 3", "mixture 4", "mixture 5", "mixture 6", "mixture 7"];

/// What a value begins with behind a bar's fields or alone, what is repeated in it, and its end.
const KINDS: [(bool, &str, &str, &str); 15] = [
    (false, "[", "0,", "0]"),
    (false, "[", "{},", "{}]"),
    (false, "", "[", ""),
    (false, "", " ", ""),
    (false, "", r#"{"a":"#, "0"),
    (true, "", r#","":0"#, "}"),
    (true, "", r#","\u0000":0"#, "}"),
    (true, "", r#","Open":1"#, "}"),
    (true, r#","x":""#, r"\u0001", r#""}"#),
    (true, r#","_rest":""#, r#"\""#, r#""}"#),
    (true, r#","_rest":""#, "\u{7f}", r#""}"#),
    (true, r#","x":[0"#, ",1e-308", "]}"),
    (true, r#","x":["#, r#"{"a":0,"a":0},"#, "0]}"),
    (true, r#","CloseUSD":0."#, "1", "}"),
    (true, r#","x":"#, "[", "}"),
];

pub(super) fn all() -> Vec<Case> {
    (0..).zip(NAMES).map(|(seed, name)| mixture(name, seed)).collect()
}

fn mixture(name: &'static str, seed: u64) -> Case {
    let mut chance = ChaCha8Rng::seed_from_u64(seed);
    let partitions = 1 << chance.random_range(0..5);
    let records = partitions << chance.random_range(0..8);
    case(name, records, move |topic| event(topic, partitions, records, chance.clone()))
}

fn event(topic: &str, partitions: u64, records: u64, mut chance: ChaCha8Rng) -> String {
    let room = LARGEST / usize::try_from(records).unwrap() - 120;
    let mut record = |number: u64| {
        let value = STANDARD.encode(value(&mut chance, room / 4 * 3));
        let timestamp = if chance.random() { "9223372036854775807" } else { "1795370753000" };
        format!(r#"{{"offset":{number},"timestamp":{timestamp},"value":"{value}"}}"#)
    };
    let mut batch = |partition: u64| {
        let records = joined((0..records / partitions).map(&mut record));
        format!(r#""{topic}-{partition}":[{records}]"#)
    };
    format!(r#"{{"records":{{{}}}}}"#, joined((0..partitions).map(&mut batch)))
}

/// One of the kinds, or bars in an array.
fn value(chance: &mut impl Rng, length: usize) -> String {
    let kind = chance.random_range(0..KINDS.len() + 5);
    let Some((is_bar, begin, piece, end)) = KINDS.get(kind) else {
        let bars =
            (0..length / (BAR.len() + 10)).map(|number| BAR.replacen(r#""""#, &format!("\"{number:x}\""), 1) + "}");
        return format!("[{}]", joined(bars.take(super::MOST_ROWS)));
    };
    filled(&format!("{}{begin}", if *is_bar { BAR } else { "" }), piece, end, length)
}
