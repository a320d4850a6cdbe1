use super::*;

/// 2026-11-22T22:00:00Z
const TIME: LandingTime = LandingTime(1_795_384_800_000);

fn hour(text: &str) -> Hour {
    text.parse().unwrap()
}

fn run(folder: &str, rejects: bool, intended_ms: i64) -> Pending {
    Pending {
        bars: format!("bars/{folder}/r.parquet"),
        rejects: rejects.then(|| format!("rejects/{folder}/r.jsonl")),
        intended_ms: Some(intended_ms),
        ..Pending::default()
    }
}

fn read(ledger: &Ledger) -> Answer {
    Answer::Read(Some((ledger.to_bytes(), "v1".to_owned())))
}

/// Seals the hours before 19 o'clock, answering from the list: each step in words.
fn steps(answers: Vec<Answer>) -> Vec<String> {
    let mut sealing = Sealing::new("ledger/g1/t-0.json".to_owned(), hour("2026-11-22T19"), TIME);
    let mut words = Vec::new();
    for answer in answers {
        words.push(match sealing.step().unwrap() {
            Step::Read(key) => format!("read {key}"),
            Step::Swap { body, expected, .. } => format!("swap {expected:?} {}", String::from_utf8(body).unwrap()),
            Step::Find(key) => format!("find {key}"),
            Step::Create(object) => format!("create {:?} {}", object.kind, object.key),
            Step::Overwrite(object) => format!("overwrite {:?} {}", object.kind, object.key),
            Step::Done => panic!("done after {words:#?}"),
        });
        sealing.told(answer).unwrap();
    }
    assert!(matches!(sealing.step().unwrap(), Step::Done), "not done after {words:#?}");
    words
}

fn swapped() -> Answer {
    Answer::Swapped(Some("v2".to_owned()))
}

#[test]
fn only_the_hour_is_swapped_in_and_what_is_pending_before_it_is_settled() {
    let pending = vec![
        run("dt=2026-11-22/hour=19", true, TIME.0),
        run("dt=2026-11-22/hour=18", true, TIME.0),
        run("dt=2026-11-22/hour=17", true, TIME.0),
        run("dt=2026-11-22/hour=16", true, TIME.0 - ABSENCE_TELLS_FOR_MS),
    ];
    let ledger = Ledger { sequence: 7, fresh: true, pending, ..Ledger::default() };
    let sealed = Ledger { sealed: Some(hour("2026-11-22T19")), fresh: false, ..ledger.clone() };
    let words = steps(vec![
        read(&ledger),
        swapped(),
        // Of a day ago: nobody knows what was there, so nothing is blanked.
        Answer::Found(None),
        Answer::Created(true),
        // Never written.
        Answer::Found(None),
        Answer::Created(true),
        Answer::Written,
        // Written just now.
        Answer::Found(None),
        Answer::Created(false),
        Answer::Found(Some(Kind::Bars)),
    ]);
    let swap = format!("swap Some(\"v1\") {}", String::from_utf8(sealed.to_bytes()).unwrap());
    assert_eq!(
        words,
        [
            "read ledger/g1/t-0.json",
            &swap,
            "find bars/dt=2026-11-22/hour=16/r.parquet",
            "create Fence bars/dt=2026-11-22/hour=16/r.parquet",
            "find bars/dt=2026-11-22/hour=17/r.parquet",
            "create Fence bars/dt=2026-11-22/hour=17/r.parquet",
            "overwrite Rejects rejects/dt=2026-11-22/hour=17/r.jsonl",
            "find bars/dt=2026-11-22/hour=18/r.parquet",
            "create Fence bars/dt=2026-11-22/hour=18/r.parquet",
            "find bars/dt=2026-11-22/hour=18/r.parquet",
        ]
    );
}

#[test]
fn a_ledger_that_is_sealed_is_not_swapped_and_still_settled() {
    let pending = vec![run("dt=2026-11-22/hour=18", true, TIME.0)];
    let ledger = Ledger { sealed: Some(hour("2026-11-22T20")), pending, ..Ledger::default() };
    // The one that sealed it may have died before it put the fence, or before it blanked the rejects.
    let words = steps(vec![read(&ledger), Answer::Found(Some(Kind::Fence)), Answer::Written]);
    assert!(words[2].starts_with("overwrite Rejects"), "{words:#?}");
}

#[test]
fn a_lost_swap_reads_the_ledger_again() {
    let words = steps(vec![
        read(&Ledger::default()),
        Answer::Swapped(None),
        read(&Ledger { sequence: 1, ..Ledger::default() }),
        swapped(),
    ]);
    assert!(words[3].contains(r#""sequence":1"#) && words[3].contains(r#""sealed":"2026-11-22T19""#), "{words:#?}");
}

#[test]
fn a_ledger_that_is_gone_has_nothing_to_seal() {
    assert_eq!(steps(vec![Answer::Read(None)]).len(), 1);
}

#[test]
fn a_seal_is_read_as_it_is_written() {
    let seal = Seal { sealed: hour("2026-11-22T19") };
    assert_eq!(Seal::parse(&seal.to_bytes()).unwrap(), seal);
    assert!(Seal::parse(b"{}").unwrap_err().to_string().contains("catalog/seal.json"));
}
