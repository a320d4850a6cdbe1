use super::*;

fn pending(first: i64, last: i64) -> Pending {
    Pending {
        life: 1,
        first,
        last,
        records: usize::try_from(last - first + 1).unwrap(),
        newest_timestamp_ms: Some(7),
        intended_ms: Some(1_795_374_311_250),
        bars: "bars/k.parquet".into(),
        ..Pending::default()
    }
}

fn record(offset: i64) -> Record<'static> {
    Record { offset, timestamp_ms: Some(1000 + offset), key: None, value: Some("e30=".into()), oversized: None }
}

/// A ledger of one life with these ranges.
fn landed(ranges: &[(i64, i64)]) -> Ledger {
    let mut ledger = Ledger::default();
    for (first, last) in ranges {
        ledger.lives[0].landed.insert(*first, *last);
    }
    ledger
}

fn ranges(ledger: &Ledger) -> String {
    serde_json::to_string(&ledger.current().landed).unwrap()
}

#[test]
fn a_ledger_is_the_json_that_the_design_shows() {
    let mut ledger = Ledger { sequence: 17, ..landed(&[(0, 199), (260, 311)]) };
    ledger.open(1, 260, Some(1_795_374_311_250));
    let records = [record(312), record(313), record(411)];
    let run = Pending {
        gaps: gaps(&records).0,
        marks: ledger.current().marks_of(&records).0,
        records: 3,
        ..pending(312, 411)
    };
    ledger.pending.push(run);
    let json = String::from_utf8(ledger.to_bytes()).unwrap();
    insta::assert_snapshot!(json);
    assert_eq!(Ledger::parse(json.as_bytes()).unwrap(), ledger);
}

#[test]
fn a_ledger_of_before_is_one_life_without_marks() {
    let former = r#"{"sequence":17,"landed":[[0,199],[260,311]],"newest_timestamp_ms":9,"holes_closed":3,"closed_through":5,"pending":[{"first":312,"last":411,"records":3,"rejected":1,"newest_timestamp_ms":7,"bars":"bars/dt=2026-11-22/hour=19/k.parquet","rejects":"rejects/k.jsonl"}]}"#;
    let ledger = Ledger::parse(former.as_bytes()).unwrap();
    assert_eq!((ledger.sequence, ledger.current, ledger.holes_closed, ledger.generation), (17, 1, 3, 1));
    let life = ledger.current();
    assert_eq!((life.newest_timestamp_ms, life.closed_through, life.landed.last()), (Some(9), Some(5), Some(311)));
    // The end of the hour of its folder: 2026-11-22T19:59:59Z.
    assert_eq!((ledger.pending[0].life, ledger.pending[0].intended_ms), (1, Some(1_795_377_599_000)));
    let mut later = ledger.clone();
    later.land(&ledger.pending[0]);
    assert_eq!(ranges(&later), "[[0,199],[260,411]]");
    assert_eq!(later.current().closed_through, Some(5));
    assert_eq!(Ledger::parse(&ledger.to_bytes()).unwrap(), ledger);
}

#[test]
fn what_is_no_ledger_is_an_error_that_says_what_to_do() {
    let sound = String::from_utf8(landed(&[(0, 3)]).to_bytes()).unwrap();
    for text in [
        String::new(),
        "{}".to_owned(),
        r#"{"sequence":-1}"#.to_owned(),
        sound.replace("[[0,3]]", "[[5,3]]"),
        sound.replace(r#""current":1"#, r#""current":2"#),
        sound.replace(r#""marks":"""#, r#""marks":"A""#),
        sound.replace(r#""lives":[{"#, r#""lives":[],"more":[{"#),
    ] {
        assert_ne!(text, sound);
        let error = Ledger::parse(text.as_bytes()).unwrap_err().to_string();
        assert!(error.contains("RUNBOOK.md"), "{error}");
    }
}

#[test]
fn the_smallest_holes_are_closed_first_but_never_one_that_a_run_is_about_to_fill() {
    // Holes of 3, 1, 2, 1 and 9 offsets.
    let mut ledger = landed(&[(0, 0), (4, 4), (6, 6), (9, 9), (11, 11), (21, 21)]);
    ledger.pending = vec![pending(5, 5)];
    assert_eq!(ledger.close_holes(5), 0);
    assert_eq!(ledger.close_holes(3), 2);
    // 5 is awaited, so 10 went, and then 7 and 8.
    assert_eq!(ranges(&ledger), "[[0,0],[4,4],[6,11],[21,21]]");
    assert_eq!((ledger.holes_closed, ledger.current().closed_through), (2, Some(10)));
    assert_eq!(ledger.close_holes(0), 2);
    assert_eq!(ranges(&ledger), "[[0,4],[6,21]]");
    assert_eq!((ledger.holes_closed, ledger.current().closed_through), (4, Some(20)));
}

#[test]
fn an_event_that_was_given_up_outlives_a_thousand_markers() {
    let mut ledger = landed(&[(0, 9)]);
    for place in 0..=i64::try_from(MAX_HOLES).unwrap() + 1 {
        let first = 20 + 3 * place;
        ledger.land(&pending(first, first + 1));
        ledger.close_holes(MAX_HOLES);
    }
    assert!((10..20).all(|offset| !ledger.current().landed.contains(offset)));
    assert_eq!((ledger.current().landed.holes(), ledger.holes_closed), (MAX_HOLES, 2));
}

#[test]
fn what_a_run_leaves_out_stays_a_hole_and_of_too_many_gaps_the_largest() {
    let records = [record(0), record(1), record(4), record(9)];
    let (gaps_of_run, others) = gaps(&records);
    assert_eq!((serde_json::to_string(&gaps_of_run).unwrap(), others), ("[[2,3],[5,8]]".to_owned(), 0));
    let mut ledger = Ledger::default();
    let marks = ledger.current().marks_of(&records).0;
    ledger.land(&Pending { records: 4, gaps: gaps_of_run, marks, ..pending(0, 9) });
    assert_eq!((ranges(&ledger).as_str(), ledger.current().closed_through), ("[[0,1],[4,4],[9,9]]", None));

    // Every second offset has a record, and one gap is larger.
    let records = (0..=i64::try_from(MAX_HOLES).unwrap()).map(|place| record(10 + 2 * place));
    let records: Vec<_> = records.chain([record(10_000)]).collect();
    let (gaps_of_run, others) = gaps(&records);
    assert_eq!((gaps_of_run.iter().count(), gaps_of_run.last(), others), (MAX_HOLES, Some(9999), 1));
    let marks = ledger.current().marks_of(&records).0;
    ledger.land(&Pending { records: records.len(), gaps: gaps_of_run, marks, ..pending(10, 10_000) });
    assert_eq!(ledger.current().closed_through, Some(10_000), "one gap is not told");
}

#[test]
fn a_life_that_forks_from_another_knows_what_landed_below() {
    let mut ledger = Ledger::default();
    let records: Vec<_> = (0..100).map(record).collect();
    let marks = ledger.current().marks_of(&records).0;
    ledger.land(&Pending { newest_timestamp_ms: Some(1099), marks, ..pending(0, 99) });
    assert_eq!(ledger.open(1, 90, Some(5)), 2);
    ledger.current = 2;
    let life = ledger.current();
    assert_eq!((ranges(&ledger).as_str(), life.newest_timestamp_ms, life.opened_ms), ("[[0,89]]", Some(1089), Some(5)));
    assert_eq!(life.marks.iter().count(), 90);
    assert_eq!(ledger.life(1).unwrap().landed.last(), Some(99));
}

#[test]
fn the_oldest_lives_are_dropped_but_never_the_current_one() {
    let mut ledger = landed(&[(0, 3)]);
    for place in 0..20 {
        ledger.open(1, 0, Some(place));
    }
    let lives: Vec<_> = ledger.lives.iter().map(|life| life.life).collect();
    assert_eq!(lives, [1, 15, 16, 17, 18, 19, 20, 21]);
    // What was pending in one that is gone lands nowhere, and harms nobody.
    ledger.land(&Pending { life: 2, ..pending(50, 60) });
    assert_eq!(ranges(&ledger), "[[0,3]]");
}

#[test]
fn the_ledgers_of_all_generations_become_one_in_which_no_key_is_used_again() {
    let former = |sequence, first| {
        let mut ledger = Ledger { sequence, ..landed(&[(first, first + 9)]) };
        ledger.pending = vec![pending(first + 10, first + 12)];
        ledger
    };
    let mut ledger = former(40, 0);
    ledger.take_in(former(7, 100), 2);
    ledger.take_in(former(90, 200), 3);
    assert_eq!((ledger.sequence, ledger.current, ledger.generation), (90, 3, 3));
    let lives: Vec<_> = ledger.lives.iter().map(|life| (life.life, life.landed.last().unwrap())).collect();
    assert_eq!(lives, [(1, 9), (2, 109), (3, 209)]);
    let pending: Vec<_> = ledger.pending.iter().map(|run| (run.life, run.first)).collect();
    assert_eq!(pending, [(1, 10), (2, 110), (3, 210)]);

    // A partition that came with generation 2 has no life before.
    let mut new = Ledger::default();
    new.take_in(former(7, 100), 2);
    assert_eq!(new.lives.iter().map(|life| life.life).collect::<Vec<_>>(), [2]);
}

#[test]
fn a_ledger_of_many_lives_and_of_a_billion_records_fits_into_16_kib() {
    for (records_of_each, most_kib) in [(1_000_000, 12), (1_000_000_000, 16)] {
        let mut ledger = Ledger::default();
        for life in 1..=10 {
            let (mut first, mut end) = (0, 0);
            // Ever further apart, so that it does not take a billion steps.
            while end < records_of_each {
                let records: Vec<_> = (end..end + 600).map(record).collect();
                let marks = ledger.current().marks_of(&records).0;
                let newest_timestamp_ms = Some(1600 + end);
                let run = Pending { life, newest_timestamp_ms, marks, ..pending(first, end + 599) };
                if let Some(run) = ledger.pending.pop() {
                    ledger.land(&run);
                }
                ledger.pending = vec![run];
                first = end + 600;
                end = first + first / 2000 * 8;
            }
            if life < 10 {
                ledger.current = ledger.open(life, 0, Some(life.into()));
            }
        }
        let bytes = ledger.to_bytes().len();
        assert!(bytes < most_kib * 1024, "{bytes} bytes, {} marks", ledger.current().marks.iter().count());
    }
}

#[test]
fn a_life_of_before_keeps_fewer_holes() {
    let ranges: Vec<_> = (0..151).map(|place| (3 * place, 3 * place + 1)).collect();
    let mut ledger = landed(&ranges);
    assert_eq!(ledger.close_holes(MAX_HOLES), 0);
    ledger.current = ledger.open(1, 0, Some(5));
    assert_eq!((ledger.close_holes(MAX_HOLES), ledger.life(1).unwrap().landed.holes()), (50, MAX_FORMER_HOLES));
}
