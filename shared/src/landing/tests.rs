use super::*;
use crate::event::Event;

/// 2026-11-22T19:05:11.250Z
const TIME: LandingTime = LandingTime(1_795_374_311_250);
const GENERATION: Generation = Generation(1);

/// Records with these offsets; an odd one is a reject. The timestamp grows with the offset.
fn payload(offsets: &[i64]) -> String {
    let value =
        "eyJJbmRleCI6IlgiLCJEYXRlIjoiMjAyNC0wMS0wMiIsIk9wZW4iOjEsIkhpZ2giOjEsIkxvdyI6MSwiQ2xvc2UiOjEsIlZvbHVtZSI6MX0=";
    let record = |offset: &i64| {
        let value = if offset % 2 == 0 { format!("\"{value}\"") } else { "null".to_owned() };
        format!(r#"{{"offset":{offset},"timestamp":{},"value":{value}}}"#, 1000 + offset)
    };
    let records: Vec<String> = offsets.iter().map(record).collect();
    format!(r#"{{"records":{{"t-0":[{}]}}}}"#, records.join(","))
}

fn read(json: &str) -> Answer {
    Answer::Read(Some((json.as_bytes().to_vec(), "v1".to_owned())))
}

/// Lands these offsets, answering from the list; returns each step in words, and the outcome.
fn steps(offsets: &[i64], answers: Vec<Answer>) -> (Vec<String>, Result<Outcome, LandingError>) {
    let payload = payload(offsets);
    let event = Event::parse(&payload).unwrap();
    let mut landing = Landing::new(&event.batches[0], GENERATION, TIME, Known::default());
    let mut words = Vec::new();
    for answer in answers.into_iter().map(Some).chain([None]) {
        match landing.step() {
            Err(error) => return (words, Err(error)),
            Ok(Step::Done) => return (words, Ok(landing.finish().0)),
            Ok(step) => words.push(in_words(&step)),
        }
        let Some(answer) = answer else { panic!("not done after {words:#?}") };
        if let Err(error) = landing.told(answer) {
            return (words, Err(error));
        }
    }
    unreachable!("the last round ends in a return")
}

fn in_words(step: &Step) -> String {
    let short = |key: &str| key.rsplit('/').next().unwrap_or_default().replace("000000000000000000", "");
    match step {
        Step::Read(key) => format!("read {key}"),
        Step::Swap { body, expected, .. } => format!("swap {expected:?} {}", String::from_utf8_lossy(body)),
        Step::Find(key) => format!("find {}", short(key)),
        Step::Create(object) => format!("create {:?} {}", object.kind, short(&object.key)),
        Step::Overwrite(object) => {
            format!("overwrite {:?} {}, {} bytes", object.kind, short(&object.key), object.body.len())
        }
        Step::Done => "done".to_owned(),
    }
}

fn swapped() -> Answer {
    Answer::Swapped(Some("v2".to_owned()))
}

/// A ledger with 0 to 3 landed, and 4 to 6 pending: three records, one of them a reject.
const PENDING: &str = r#"{"sequence":1,"landed":[[0,3]],"newest_timestamp_ms":1003,"holes_closed":0,"closed_through":null,"pending":[{"first":4,"last":6,"records":3,"rejected":1,"newest_timestamp_ms":1006,"bars":"bars/dt=2026-11-22/hour=18/p.parquet","rejects":"rejects/dt=2026-11-22/p.jsonl"}]}"#;

#[test]
fn the_first_records_of_a_partition_are_intended_then_written() {
    let (steps, outcome) =
        steps(&[0, 1, 2], vec![Answer::Read(None), swapped(), Answer::Created(true), Answer::Created(true)]);
    insta::assert_snapshot!(steps.join("\n"));
    let outcome = outcome.unwrap();
    assert_eq!((outcome.landed, outcome.rejected, outcome.skipped, outcome.objects), (2, 1, 0, 2));
    assert_eq!(outcome.newest_timestamp_ms, Some(1002));
}

#[test]
fn what_has_landed_is_skipped_without_a_write() {
    let (steps, outcome) = steps(&[1, 2], vec![read(PENDING), Answer::Found(Some(Kind::Bars))]);
    assert_eq!(steps, ["read ledger/g1/t-0.json", "find p.parquet"]);
    assert_eq!(outcome.unwrap(), Outcome { skipped: 2, ..Outcome::default() });
}

#[test]
fn the_very_run_that_is_pending_is_finished_under_its_own_keys() {
    let (steps, outcome) =
        steps(&[3, 4, 5, 6], vec![read(PENDING), Answer::Found(None), Answer::Created(false), Answer::Created(true)]);
    assert_eq!(steps, ["read ledger/g1/t-0.json", "find p.parquet", "create Rejects p.jsonl", "create Bars p.parquet"]);
    let outcome = outcome.unwrap();
    assert_eq!((outcome.landed, outcome.rejected, outcome.skipped), (2, 1, 1));
}

#[test]
fn a_pending_run_of_which_records_are_missing_is_fenced_and_its_rejects_blanked() {
    let answers = vec![
        read(PENDING),
        Answer::Found(None),
        Answer::Created(true),
        Answer::Written,
        swapped(),
        Answer::Created(true),
    ];
    let (steps, outcome) = steps(&[6], answers);
    insta::assert_snapshot!(steps.join("\n"));
    assert_eq!(outcome.unwrap().landed, 1);
}

#[test]
fn a_run_with_other_rejects_than_the_pending_one_is_not_that_run() {
    let other = PENDING.replace("\"rejected\":1", "\"rejected\":2");
    let (steps, _) = steps(&[4, 5, 6, 8], vec![read(&other), Answer::Found(None), Answer::Read(None)]);
    assert_eq!(steps.last().unwrap(), "create Fence p.parquet");
}

#[test]
fn a_fence_that_comes_too_late_looks_at_what_is_there() {
    for (there, landed) in [(Kind::Bars, 0), (Kind::Fence, 1)] {
        let mut answers = vec![read(PENDING), Answer::Found(None), Answer::Created(false), Answer::Found(Some(there))];
        if there == Kind::Fence {
            answers.extend([Answer::Written, swapped(), Answer::Created(true)]);
        }
        let (steps, outcome) = steps(&[4], answers);
        assert_eq!(steps[1..4], ["find p.parquet", "create Fence p.parquet", "find p.parquet"]);
        assert_eq!(outcome.unwrap().landed, landed);
    }
}

#[test]
fn the_rest_is_one_run_per_hole() {
    let holes = r#"{"sequence":7,"landed":[[2,3],[6,7]],"newest_timestamp_ms":1007,"holes_closed":0,"closed_through":null,"pending":[]}"#;
    let created = || Answer::Created(true);
    let answers = vec![read(holes), swapped(), created(), created(), created(), created(), created()];
    let (steps, outcome) = steps(&[0, 2, 3, 4, 5, 7, 8, 9], answers);
    insta::assert_snapshot!(steps.join("\n"));
    let outcome = outcome.unwrap();
    assert_eq!((outcome.landed, outcome.rejected, outcome.skipped, outcome.holes), (3, 2, 3, 1));
}

#[test]
fn a_lost_swap_loads_the_ledger_again_and_gives_up_in_the_end() {
    let landed = r#"{"sequence":2,"landed":[[0,2]],"newest_timestamp_ms":1002,"holes_closed":0,"closed_through":null,"pending":[]}"#;
    let lost = || Answer::Swapped(None);
    let (steps_taken, outcome) = steps(&[0], vec![Answer::Read(None), lost(), read(landed)]);
    assert_eq!(steps_taken.len(), 3);
    assert_eq!(outcome.unwrap().skipped, 1);

    let answers = (0..SWAPS_LOST_AT_MOST).flat_map(|_| [Answer::Read(None), lost()]).collect();
    let (steps_taken, outcome) = steps(&[0], answers);
    assert!(matches!(outcome, Err(LandingError::Contended)), "{steps_taken:?}");
}

#[test]
fn a_ledger_stays_small_by_closing_its_oldest_hole() {
    let ranges: Vec<String> = (0..=MAX_HOLES).map(|place| format!("[{0},{0}]", place * 10)).collect();
    let full = format!(
        r#"{{"sequence":7,"landed":[{}],"newest_timestamp_ms":1,"holes_closed":3,"closed_through":null,"pending":[]}}"#,
        ranges.join(",")
    );
    let next = i64::try_from(MAX_HOLES).unwrap() * 10 + 10;
    let (_, outcome) = steps(&[next], vec![read(&full), swapped(), Answer::Created(true)]);
    let outcome = outcome.unwrap();
    assert_eq!(
        (outcome.holes, outcome.holes_closed),
        (MAX_HOLES + 1, 0),
        "the new run is pending: its hole is not one yet"
    );

    // The run after it finds the hole before the last one, and one too many.
    let one_more = full.replace("]],", &format!("],[{next},{next}]],"));
    let (steps_taken, outcome) = steps(&[next + 10], vec![read(&one_more), swapped(), Answer::Created(true)]);
    assert_eq!(outcome.unwrap().holes_closed, 1);
    assert!(steps_taken[1].contains(r#""landed":[[0,10],[20,20]"#));
    assert!(steps_taken[1].contains(r#""holes_closed":4,"closed_through":9"#));
}

#[test]
fn what_comes_for_a_closed_hole_is_skipped_but_not_taken_for_landed() {
    let closed = r#"{"sequence":7,"landed":[[0,29]],"newest_timestamp_ms":9999,"holes_closed":1,"closed_through":9,"pending":[]}"#;
    let (_, outcome) = steps(&[8, 9, 10], vec![read(closed)]);
    let outcome = outcome.unwrap();
    assert_eq!((outcome.skipped, outcome.uncertain), (3, 2));
}

#[test]
fn a_topic_made_anew_is_an_error_that_says_what_to_do() {
    let landed = r#"{"sequence":2,"landed":[[0,9]],"newest_timestamp_ms":1000,"holes_closed":0,"closed_through":null,"pending":[]}"#;
    let (_, outcome) = steps(&[0, 1], vec![read(landed)]);
    let error = outcome.unwrap_err().to_string();
    assert!(error.contains("offset 1 of t-0") && error.contains("Generation"), "{error}");
}

#[test]
fn a_ledger_that_cannot_be_read_stops_the_partition() {
    let (_, outcome) = steps(&[0], vec![read("{}")]);
    assert!(matches!(outcome, Err(LandingError::UnreadableLedger(_))));
}

#[test]
fn a_warm_process_needs_two_writes_and_nothing_else() {
    let (first, second) = (payload(&[0, 2]), payload(&[4, 6]));
    let (first, second) = (Event::parse(&first).unwrap(), Event::parse(&second).unwrap());
    let mut landing = Landing::new(&first.batches[0], GENERATION, TIME, Known::default());
    for answer in [Answer::Read(None), swapped(), Answer::Created(true)] {
        landing.step().unwrap();
        landing.told(answer).unwrap();
    }
    assert!(matches!(landing.step().unwrap(), Step::Done));
    let (_, known) = landing.finish();

    let mut landing = Landing::new(&second.batches[0], GENERATION, TIME, known);
    let Step::Swap { body, expected, .. } = landing.step().unwrap() else { panic!("not a swap") };
    assert_eq!(expected.as_deref(), Some("v2"));
    assert!(String::from_utf8(body).unwrap().contains(r#""landed":[[0,2]],"newest_timestamp_ms":1002"#));
    landing.encode_ahead();
    landing.told(swapped()).unwrap();
    assert!(matches!(landing.step().unwrap(), Step::Create(Object { kind: Kind::Bars, .. })));
    landing.told(Answer::Created(true)).unwrap();
    assert!(matches!(landing.step().unwrap(), Step::Done));
}
