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

/// There was no ledger: it is created, and nothing was ever sealed.
fn begin(landing: &mut Landing<'_, '_>) {
    for answer in [Answer::Read(None), swapped(), Answer::Read(None)] {
        landing.step().unwrap();
        landing.told(answer).unwrap();
    }
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

/// A ledger in which these runs have landed, one after the other.
fn landed(runs: &[&[i64]]) -> Ledger {
    let mut ledger = Ledger { sequence: 7, ..Ledger::default() };
    for offsets in runs {
        let payload = payload(offsets);
        let records = &Event::parse(&payload).unwrap().batches[0].records;
        ledger.land(&Pending {
            life: 1,
            first: offsets[0],
            last: *offsets.last().unwrap(),
            records: offsets.len(),
            newest_timestamp_ms: records.last().unwrap().timestamp_ms,
            marks: ledger.current().marks_of(records).0,
            ..Pending::default()
        });
    }
    ledger
}

fn read_ledger(ledger: &Ledger) -> Answer {
    Answer::Read(Some((ledger.to_bytes(), "v1".to_owned())))
}

#[test]
fn the_first_records_of_a_partition_are_intended_then_written() {
    let (steps, outcome) = steps(
        &[0, 1, 2],
        vec![
            Answer::Read(None),
            swapped(),
            Answer::Read(None),
            swapped(),
            Answer::Created(true),
            Answer::Created(true),
        ],
    );
    insta::assert_snapshot!(steps.join("\n"));
    let outcome = outcome.unwrap();
    assert_eq!((outcome.landed, outcome.rejected, outcome.skipped, outcome.objects), (2, 1, 0, 2));
    assert_eq!(outcome.newest_timestamp_ms, Some(1002));
}

#[test]
fn what_has_landed_is_skipped_without_a_write() {
    let (steps, outcome) = steps(&[1, 2], vec![read_ledger(&landed(&[&[0, 1, 2, 3]]))]);
    assert_eq!(steps, ["read ledger/g1/t-0.json"]);
    assert_eq!(outcome.unwrap(), Outcome { skipped: 2, ..Outcome::default() });
}

#[test]
fn what_a_version_before_intended_is_never_finished_and_what_it_landed_is_kept_when_it_comes_again() {
    let created = || Answer::Created(true);
    let answers = vec![read(PENDING), Answer::Found(Some(Kind::Bars)), swapped(), created(), created()];
    let outcome = steps(&[4, 5, 6], answers).1.unwrap();
    assert_eq!((outcome.rejected, outcome.uncertain, outcome.undecided), (3, 3, 3));
    let answers = vec![read(PENDING), Answer::Found(None), created(), Answer::Written, swapped(), created(), created()];
    let (steps, outcome) = steps(&[4, 5, 6], answers);
    assert_eq!(steps[1..4], ["find p.parquet", "create Fence p.parquet", "overwrite Rejects p.jsonl, 0 bytes"]);
    let outcome = outcome.unwrap();
    assert_eq!((outcome.landed, outcome.rejected, outcome.uncertain), (2, 1, 0));
}

#[test]
fn what_is_kept_is_told_again_when_it_is_delivered_again() {
    let payload = payload(&[8, 9, 10]);
    let event = Event::parse(&payload).unwrap();
    let (marks, fingerprint) = Ledger::default().current().marks_of(&event.batches[0].records);
    let newest_timestamp_ms = Some(1010);
    let bars = "bars/dt=2026-11-22/hour=19/k.parquet".to_owned();
    let run = Pending {
        life: 1,
        first: 8,
        last: 10,
        records: 3,
        rejected: 3,
        undecided: true,
        marks,
        fingerprint,
        bars,
        newest_timestamp_ms,
        ..Pending::default()
    };
    let ledger = Ledger { pending: vec![run], ..landed(&[&[6, 7, 8, 9, 10, 11, 12]]) };
    let (steps, outcome) = steps(&[8, 9, 10], vec![read_ledger(&ledger), Answer::Found(Some(Kind::Bars))]);
    assert_eq!(steps.last().unwrap(), "find k.parquet");
    assert_eq!(outcome.unwrap(), Outcome { skipped: 3, uncertain: 3, undecided: 3, ..Outcome::default() });
}

/// A ledger in which this run is pending.
fn pending(offsets: &[i64]) -> Ledger {
    let payload = payload(offsets);
    let event = Event::parse(&payload).unwrap();
    let mut landing = Landing::new(&event.batches[0], GENERATION, TIME, Known::default());
    begin(&mut landing);
    let Step::Swap { body, .. } = landing.step().unwrap() else { panic!("not a swap") };
    Ledger::parse(&body).unwrap()
}

#[test]
fn the_very_run_that_is_pending_is_finished_under_its_own_keys() {
    let pending = pending(&[4, 5, 6]);
    let answers = vec![read_ledger(&pending), Answer::Found(None), Answer::Created(false), Answer::Created(true)];
    let (steps_taken, outcome) = steps(&[4, 5, 6], answers);
    let expected = [
        "read ledger/g1/t-0.json",
        "find t-0-g1-4-6-1.parquet",
        "create Rejects t-0-g1-4-6-1.jsonl",
        "create Bars t-0-g1-4-6-1.parquet",
    ];
    assert_eq!(steps_taken, expected);
    let outcome = outcome.unwrap();
    assert_eq!((outcome.landed, outcome.rejected, outcome.skipped), (2, 1, 0));
    // One that has landed is known when it is delivered again.
    let (steps_taken, outcome) = steps(&[4, 5, 6], vec![read_ledger(&pending), Answer::Found(Some(Kind::Bars))]);
    assert_eq!(steps_taken, expected[..2]);
    assert_eq!(outcome.unwrap(), Outcome { skipped: 3, ..Outcome::default() });
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
    let mut other = pending(&[4, 5, 6]);
    other.pending[0].rejected = 2;
    let (steps, _) = steps(&[4, 5, 6, 8], vec![read_ledger(&other), Answer::Found(None), Answer::Read(None)]);
    assert_eq!(steps.last().unwrap(), "create Fence t-0-g1-4-6-1.parquet");
}

#[test]
fn a_fence_that_comes_too_late_looks_at_what_is_there() {
    for (there, landed) in [(Kind::Bars, 1), (Kind::Fence, 2)] {
        let mut answers = vec![read(PENDING), Answer::Found(None), Answer::Created(false), Answer::Found(Some(there))];
        // What is there was landed by a version that left no marks, so what comes again of it is kept.
        answers.extend(match there {
            Kind::Fence => vec![Answer::Written, swapped(), Answer::Created(true)],
            _ => vec![swapped(), Answer::Created(true), Answer::Created(true), Answer::Created(true)],
        });
        let (steps, outcome) = steps(&[6, 8], answers);
        assert_eq!(steps[1..4], ["find p.parquet", "create Fence p.parquet", "find p.parquet"]);
        assert_eq!(outcome.unwrap().landed, landed);
    }
}

#[test]
fn the_rest_is_one_run_per_hole() {
    let holes = landed(&[&[2, 3], &[6, 7]]);
    let created = || Answer::Created(true);
    let answers = vec![read_ledger(&holes), swapped(), created(), created(), created(), created(), created()];
    let (steps, outcome) = steps(&[0, 2, 3, 4, 5, 7, 8, 9], answers);
    insta::assert_snapshot!(steps.join("\n"));
    let outcome = outcome.unwrap();
    assert_eq!((outcome.landed, outcome.rejected, outcome.skipped, outcome.holes), (3, 2, 3, 1));
}

#[test]
fn a_lost_swap_loads_the_ledger_again_and_gives_up_in_the_end() {
    let landed = landed(&[&[0, 1, 2]]);
    let lost = || Answer::Swapped(None);
    let (steps_taken, outcome) = steps(&[0], vec![Answer::Read(None), lost(), read_ledger(&landed)]);
    assert_eq!(steps_taken.len(), 3);
    assert_eq!(outcome.unwrap().skipped, 1);

    let answers = (0..SWAPS_LOST_AT_MOST).flat_map(|_| [Answer::Read(None), lost()]).collect();
    let (steps_taken, outcome) = steps(&[0], answers);
    assert!(matches!(outcome, Err(LandingError::Contended(_))), "{steps_taken:?}");
}

#[test]
fn what_comes_for_a_closed_hole_is_kept_and_not_taken_for_landed() {
    let closed = r#"{"sequence":7,"landed":[[0,29]],"newest_timestamp_ms":9999,"holes_closed":1,"closed_through":9,"pending":[]}"#;
    let (steps, outcome) =
        steps(&[8, 9, 10], vec![read(closed), swapped(), Answer::Created(true), Answer::Created(true)]);
    let outcome = outcome.unwrap();
    assert_eq!((outcome.skipped, outcome.rejected, outcome.uncertain), (0, 3, 3));
    assert!(steps[1].contains(r#""first":8,"last":10,"records":3,"rejected":3,"undecided":true"#), "{steps:?}");
}

#[test]
fn a_topic_made_anew_lands_in_a_life_of_its_own() {
    let landed = r#"{"sequence":2,"landed":[[0,9]],"newest_timestamp_ms":1000,"holes_closed":0,"closed_through":null,"pending":[]}"#;
    let (steps, outcome) = steps(&[1, 2], vec![read(landed), swapped(), Answer::Created(true), Answer::Created(true)]);
    insta::assert_snapshot!(steps.join("\n"));
    let outcome = outcome.unwrap();
    assert_eq!((outcome.landed, outcome.rejected, outcome.uncertain), (1, 1, 0));
}

#[test]
fn a_log_that_has_gone_over_to_another_life_is_remembered_though_nothing_lands() {
    let payload = payload(&[0, 2]);
    let event = Event::parse(&payload).unwrap();
    let mut ledger = Ledger::default();
    let marks = ledger.current().marks_of(&event.batches[0].records).0;
    ledger.land(&Pending { life: 1, first: 0, last: 2, records: 2, marks, ..Pending::default() });
    ledger.current = ledger.open(1, 0, Some(0));
    let json = String::from_utf8(ledger.to_bytes()).unwrap();
    let (steps, outcome) = steps(&[0, 2], vec![read(&json), swapped()]);
    assert!(steps[1].contains(r#""current":2,"seen":1"#), "{steps:?}");
    assert_eq!(outcome.unwrap(), Outcome { skipped: 2, ..Outcome::default() });
}

#[test]
fn ledgers_of_former_generations_are_frozen_and_taken_in() {
    let first = r#"{"sequence":2,"landed":[[0,9]],"newest_timestamp_ms":1009,"holes_closed":0,"closed_through":null,"pending":[]}"#;
    let third = r#"{"sequence":9,"landed":[[0,3]],"newest_timestamp_ms":1003,"holes_closed":0,"closed_through":null,"pending":[]}"#;
    let payload = payload(&[4, 6]);
    let event = Event::parse(&payload).unwrap();
    let mut landing = Landing::new(&event.batches[0], Generation(3), TIME, Known::default());
    let mut words = Vec::new();
    for answer in [
        read(first),
        Answer::Read(None),
        read(third),
        // Somebody of the version before was ahead.
        Answer::Swapped(None),
        read(third),
        swapped(),
        swapped(),
        Answer::Created(true),
    ] {
        words.push(in_words(&landing.step().unwrap()));
        landing.told(answer).unwrap();
    }
    assert!(matches!(landing.step().unwrap(), Step::Done));
    insta::assert_snapshot!(words.join("\n"));
}

#[test]
fn the_very_range_of_another_life_is_not_the_run_that_is_pending() {
    let (first, second) = (payload(&[0, 2]), payload(&[0, 2]).replace("eyJ", "eyK"));
    let event = Event::parse(&first).unwrap();
    let mut landing = Landing::new(&event.batches[0], GENERATION, TIME, Known::default());
    begin(&mut landing);
    let Step::Swap { body, .. } = landing.step().unwrap() else { panic!("not a swap") };
    let pending = String::from_utf8(body).unwrap();

    let event = Event::parse(&second).unwrap();
    let mut landing = Landing::new(&event.batches[0], GENERATION, TIME, Known::default());
    for answer in [read(&pending), Answer::Found(None)] {
        landing.step().unwrap();
        landing.told(answer).unwrap();
    }
    assert!(matches!(landing.step().unwrap(), Step::Create(Object { kind: Kind::Fence, .. })));
}

#[test]
fn the_rejects_of_a_run_older_than_a_day_are_not_blanked() {
    // The hour of its folder has passed by 5 minutes; by a day.
    for (day, blanked) in [("2026-11-22", true), ("2026-11-21", false)] {
        let pending = PENDING.replace("bars/dt=2026-11-22/hour=18", &format!("bars/dt={day}/hour=18"));
        let mut answers = vec![read(&pending), Answer::Found(None), Answer::Created(true)];
        if blanked {
            answers.push(Answer::Written);
        }
        answers.extend([swapped(), Answer::Created(true)]);
        let (steps, outcome) = steps(&[8], answers);
        assert_eq!(steps.iter().any(|step| step.starts_with("overwrite Rejects")), blanked, "{steps:?}");
        assert_eq!(outcome.unwrap().landed, 1);
    }
}

#[test]
fn a_batch_without_records_settles_what_no_writer_can_be_about_to_write() {
    let batch = Batch { topic: "t", partition: 0, records: Vec::new() };
    // Its folder's hour ends at 18:59:59.
    for (minutes, settles) in [(-50, false), (56, true)] {
        let time = LandingTime(TIME.0 + minutes * 60_000);
        let mut landing = Landing::new(&batch, GENERATION, time, Known::default());
        landing.step().unwrap();
        landing.told(read(PENDING)).unwrap();
        if settles {
            assert!(matches!(landing.step().unwrap(), Step::Find(_)));
            landing.told(Answer::Found(Some(Kind::Bars))).unwrap();
            let Step::Swap { body, .. } = landing.step().unwrap() else { panic!("not a swap") };
            assert!(String::from_utf8(body).unwrap().contains(r#""pending":[]"#));
            landing.told(swapped()).unwrap();
        }
        assert!(matches!(landing.step().unwrap(), Step::Done));
    }
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
    begin(&mut landing);
    for answer in [swapped(), Answer::Created(true)] {
        landing.step().unwrap();
        landing.told(answer).unwrap();
    }
    assert!(matches!(landing.step().unwrap(), Step::Done));
    let (_, known) = landing.finish();

    let mut landing = Landing::new(&second.batches[0], GENERATION, TIME, known);
    let Step::Swap { body, expected, .. } = landing.step().unwrap() else { panic!("not a swap") };
    assert_eq!(expected.as_deref(), Some("v2"));
    assert!(String::from_utf8(body).unwrap().contains(r#""landed":[[0,0],[2,2]],"newest_timestamp_ms":1002"#));
    landing.meanwhile();
    landing.told(swapped()).unwrap();
    assert!(matches!(landing.step().unwrap(), Step::Create(Object { kind: Kind::Bars, .. })));
    landing.told(Answer::Created(true)).unwrap();
    assert!(matches!(landing.step().unwrap(), Step::Done));
}

#[test]
fn a_new_ledger_is_created_first_and_then_lands_in_no_sealed_hour() {
    let seal = read(r#"{"sealed":"2026-11-22T21"}"#);
    let answers = || vec![seal_answer(&seal), swapped(), Answer::Created(true), Answer::Created(true)];
    let of_nothing = vec![Answer::Read(None), swapped()];
    let fresh = read_ledger(&Ledger { fresh: true, ..Ledger::default() });
    for before in [of_nothing, vec![fresh]] {
        let created = before.len() > 1;
        let (steps, outcome) = steps(&[0, 1], before.into_iter().chain(answers()).collect());
        assert_eq!(outcome.unwrap().landed, 1);
        let steps = if created { &steps[1..] } else { &steps[..] };
        assert_eq!(steps[1], "read catalog/seal.json");
        let Some((_, ledger)) = steps[2].split_once('{') else { panic!("{}", steps[2]) };
        let ledger = Ledger::parse(format!("{{{ledger}").as_bytes()).unwrap();
        assert_eq!((ledger.sealed, ledger.fresh), (Some("2026-11-22T21".parse().unwrap()), false));
        assert!(ledger.pending[0].bars.starts_with("bars/dt=2026-11-22/hour=21/"), "{}", ledger.pending[0].bars);
    }
}

fn seal_answer(answer: &Answer) -> Answer {
    let Answer::Read(object) = answer else { panic!("not read") };
    Answer::Read(object.clone())
}

#[test]
fn what_is_sealed_moves_folders_on_and_never_back() {
    for (sealed, folder) in [("2026-11-22T18", "19"), ("2026-11-22T19", "19"), ("2026-11-22T20", "20")] {
        let ledger = Ledger { sealed: Some(sealed.parse().unwrap()), ..landed(&[&[0]]) };
        let (steps, _) = steps(&[2], vec![read_ledger(&ledger), swapped(), Answer::Created(true)]);
        assert!(steps[1].contains(&format!("bars/dt=2026-11-22/hour={folder}/")), "{}", steps[1]);
        assert!(steps[1].contains(&format!(r#""sealed":"{sealed}""#)), "{}", steps[1]);
    }
}

#[test]
fn a_seal_that_cannot_be_read_stops_the_partition() {
    let (_, outcome) = steps(&[0], vec![Answer::Read(None), swapped(), read("{}")]);
    assert!(matches!(outcome, Err(LandingError::UnreadableSeal(_))));
}
