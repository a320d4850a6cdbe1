//! The numbers behind the charts of a page, as JSON in it: what the scripts show to a reader who asks.
//!
//! A page has a size that mails and phones take, so there is room for so many traces: those that are drawn first, then those of the
//! other rows, in their order.

use std::collections::HashMap;

use serde_json::{Value, json};

use crate::chart::{Asked, Clock, Mark, Trace, TraceKind, Traces};
use crate::format;

/// The library draws no larger numbers, and JavaScript counts no further.
const LARGEST: f64 = 9e13;
const LARGEST_COUNT: i64 = (1 << 53) - 1;

/// What stands around the axes and the traces of a chart.
const KEYS: usize = 120;

/// What can be asked of one chart.
#[derive(Debug)]
pub(super) struct Question {
    pub(super) title: String,
    pub(super) asked: Asked,
    /// How many rows the table of the chart has.
    pub(super) rows: usize,
}

impl Question {
    /// Whether it takes the library.
    pub(super) fn has_traces(&self) -> bool {
        matches!(self.asked, Asked::Traces(_))
    }
}

/// An array with an object for each chart, in at most so many bytes.
pub(super) fn to_json(questions: &[Question], bytes: usize) -> String {
    let mut room = bytes;
    let mut charts = Vec::new();
    for (place, question) in questions.iter().enumerate() {
        let chart = match &question.asked {
            Asked::Marks(marks) => marked(marks, room),
            Asked::Traces(traces) => traced(question, traces, room / (questions.len() - place)),
        };
        room = room.saturating_sub(chart.len() + 1);
        charts.push(chart);
    }
    format!("[{}]", charts.join(","))
}

/// Text that ends no script and begins no comment, whatever is in a symbol.
fn written(value: &Value) -> String {
    let json = value.to_string();
    json.replace('<', "\\u003c").replace('>', "\\u003e").replace('\u{2028}', "\\u2028").replace('\u{2029}', "\\u2029")
}

fn marked(marks: &[Mark], room: usize) -> String {
    let chart = written(&json!({ "marks": marks.iter().map(mark).collect::<Vec<_>>() }));
    if chart.len() < room { chart } else { "{\"marks\":[]}".to_owned() }
}

fn mark(mark: &Mark) -> Value {
    json!([mark.label, mark.shapes, mark.values])
}

fn traced(question: &Question, traces: &Traces, room: usize) -> String {
    let kind = match traces.kind {
        TraceKind::Together => "together",
        TraceKind::Lines => "lines",
        TraceKind::Candles => "candles",
    };
    let panels: Vec<[i64; 2]> = traces.panels.iter().map(|shown| [shown.start, shown.end]).collect();
    let mut head = json!({
        "title": question.title,
        "kind": kind,
        "minutes": traces.clock == Clock::Minutes,
        "names": traces.names,
        "panels": panels,
        "rows": question.rows,
    });
    let mut left = room.saturating_sub(written(&head).len() + KEYS);
    let mut axes: HashMap<String, usize> = HashMap::new();
    let (mut written_axes, mut written_traces) = (Vec::new(), Vec::new());
    let mut drawn = Vec::new();
    let mut is_picture_cut = false;
    for (place, trace) in traces.rows.iter().enumerate() {
        let Some(encoded) = Encoded::of(trace, traces.digits) else { continue };
        let known = axes.get(&encoded.at).copied();
        let numbers = encoded.numbers.join(",");
        let text = format!(
            "[{},{},{},[{numbers}]]",
            written(&json!(trace.label)),
            known.unwrap_or(axes.len()),
            encoded.digits
        );
        let bytes = text.len() + 1 + if known.is_none() { encoded.at.len() + 1 } else { 0 };
        let is_drawn = place < traces.drawn;
        if bytes > left {
            is_picture_cut = is_drawn;
            break;
        }
        left -= bytes;
        if is_drawn {
            drawn.push(place);
        }
        written_traces.push(text);
        if known.is_none() {
            axes.insert(encoded.at.clone(), axes.len());
            written_axes.push(encoded.at);
        }
    }
    if is_picture_cut {
        // No room for what the picture shows: it stays a picture.
        drawn.clear();
        written_traces.clear();
        written_axes.clear();
        head["panels"] = json!([]);
    }
    // The places in the picture of the first traces: some may not be there.
    head["drawn"] = json!(drawn);
    let head = written(&head);
    let open = head.strip_suffix('}').unwrap_or(&head);
    format!("{open},\"axes\":[{}],\"traces\":[{}]}}", written_axes.join(","), written_traces.join(","))
}

/// A trace as whole numbers, each the difference to the one before, which is a third of the bytes.
#[derive(Debug)]
struct Encoded {
    at: String,
    /// By how many decimal places the numbers are too large.
    digits: usize,
    numbers: Vec<String>,
}

impl Encoded {
    /// None of numbers that are too large to be drawn.
    fn of(trace: &Trace, digits: Option<usize>) -> Option<Self> {
        // In the order of their time, and of equal times the last: the library takes nothing else.
        let mut places: Vec<usize> = (0..trace.at.len()).collect();
        places.sort_by_key(|place| trace.at[*place]);
        let times = |place: &usize| trace.at[*place];
        let last_of_each = places.iter().zip(places.iter().skip(1).map(Some).chain([None]));
        let places: Vec<usize> = last_of_each
            .filter(|(place, next)| next.map(times) != Some(times(place)))
            .map(|(place, _)| *place)
            .collect();
        let known = || trace.numbers.iter().flatten().flatten();
        if known().any(|number| number.abs() > LARGEST) {
            return None;
        }
        let digits = digits.unwrap_or_else(|| price_digits(known().copied()));
        let column = |numbers: &Vec<Option<f64>>| {
            let counted = |place: &usize| match numbers[*place] {
                None => Some(None),
                Some(number) => count(number, digits).map(Some),
            };
            differences(places.iter().map(counted).collect::<Option<_>>()?)
        };
        Some(Self {
            at: differences(places.iter().map(|place| Some(trace.at[*place])).collect())?,
            digits,
            numbers: trace.numbers.iter().map(column).collect::<Option<_>>()?,
        })
    }
}

/// Those of the smallest price, and enough to tell two points of a line apart where all prices are low.
fn price_digits(prices: impl Iterator<Item = f64> + Clone) -> usize {
    let most = prices.clone().map(format::price_digits).max().unwrap_or(2);
    let highest = prices.map(f64::abs).fold(0.0, f64::max);
    most + usize::from(highest < 100.0) + usize::from(highest < 10.0)
}

/// How many times the last decimal place is in a number, rounded as its text is.
fn count(number: f64, digits: usize) -> Option<i64> {
    let text = format!("{number:.digits$}").replace('.', "");
    text.parse().ok().filter(|count: &i64| count.abs() <= LARGEST_COUNT)
}

fn differences(counts: Vec<Option<i64>>) -> Option<String> {
    let mut before = 0_i64;
    let mut texts = Vec::with_capacity(counts.len());
    for count in counts {
        texts.push(match count {
            None => "null".to_owned(),
            Some(count) => {
                let difference = count.checked_sub(before)?;
                before = count;
                difference.to_string()
            }
        });
    }
    Some(format!("[{}]", texts.join(",")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trace(label: &str, at: &[i64], numbers: &[f64]) -> Trace {
        Trace { label: label.to_owned(), at: at.to_vec(), numbers: vec![numbers.iter().copied().map(Some).collect()] }
    }

    fn asked(traces: Vec<Trace>, drawn: usize, bytes: usize) -> String {
        let asked = Asked::Traces(Traces {
            kind: TraceKind::Lines,
            clock: Clock::Days,
            names: vec!["close".to_owned()],
            digits: Some(2),
            drawn,
            panels: Vec::new(),
            rows: traces,
        });
        to_json(&[Question { title: "Closes".to_owned(), asked, rows: 9 }], bytes)
    }

    #[test]
    fn numbers_are_differences_of_whole_numbers_and_days_that_are_alike_stand_once() {
        let traces = vec![trace("A", &[20_000, 20_003], &[1.005, 0.99]), trace("B", &[20_000, 20_003], &[-7.0, 7.0])];
        let json = asked(traces, 2, 9_999);
        let chart: Value = serde_json::from_str(&json).unwrap();
        assert_eq!(chart[0]["axes"], json!([[20_000, 3]]));
        assert_eq!(
            chart[0]["traces"],
            json!([["A", 0, 2, [[100, -1]]], ["B", 0, 2, [[-700, 1400]]]]),
            "as the text rounds"
        );
    }

    #[test]
    fn what_is_drawn_comes_first_and_what_has_no_room_is_left_out() {
        let all = || (0..100).map(|number| trace(&format!("S{number}"), &[1, 2], &[1.0, 2.0])).collect::<Vec<_>>();
        for bytes in (0..4_000).step_by(97) {
            let json = asked(all(), 3, bytes);
            let chart: Value = serde_json::from_str(&json).unwrap();
            let traces = chart[0]["traces"].as_array().unwrap();
            let is_drawn = traces.is_empty() || traces.len() >= 3;
            assert!(is_drawn && (json.len() <= bytes || traces.is_empty()), "{bytes}: {json}");
        }
        let chart: Value = serde_json::from_str(&asked(all(), 3, 1_000)).unwrap();
        let traces = chart[0]["traces"].as_array().unwrap();
        assert!((20..100).contains(&traces.len()) && traces[0][0] == "S0", "{traces:?}");
    }

    #[test]
    fn a_symbol_ends_no_script() {
        let hostile = "</script><!--\u{2028}&";
        let json = asked(vec![trace(hostile, &[1, 2], &[1.0, 2.0])], 1, 9_999);
        assert!(!json.contains(['<', '>', '\u{2028}']), "{json}");
        let chart: Value = serde_json::from_str(&json).unwrap();
        assert_eq!(chart[0]["traces"][0][0], hostile);
    }

    #[test]
    fn bars_that_the_library_cannot_draw_are_left_out_and_of_two_of_one_time_the_last_stays() {
        let chart = |traces| serde_json::from_str::<Value>(&asked(traces, 2, 9_999)).unwrap();
        let huge = trace("HUGE", &[1, 2], &[1.0, 1e200]);
        let second = chart(vec![huge, trace("B", &[1, 2], &[1.0, 2.0]), trace("C", &[1, 2], &[1.0, 2.0])]);
        let names: Vec<&Value> = second[0]["traces"].as_array().unwrap().iter().map(|trace| &trace[0]).collect();
        assert_eq!(
            (names, &second[0]["drawn"]),
            (vec![&json!("B"), &json!("C")], &json!([1])),
            "B has the second colour"
        );
        let unsorted = chart(vec![trace("A", &[5, 1, 5], &[1.0, 2.0, 3.0])]);
        assert_eq!(
            (&unsorted[0]["axes"], &unsorted[0]["traces"]),
            (&json!([[1, 4]]), &json!([["A", 0, 2, [[200, 100]]]]))
        );
    }
}
