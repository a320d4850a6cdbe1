//! Days pass over a quiet partition, and somebody removes or rewrites its objects.

use serde_json::Value;

use crate::rig::{Lake, Rec, Timestamps, of_t0, records};

const DAY_MS: i64 = 86_400_000;

/// Everything that is pending was intended so much earlier.
fn passes(lake: &Lake, milliseconds: i64) {
    for (key, body) in lake.objects("ledger/") {
        let mut ledger: Value = serde_json::from_slice(&body).unwrap();
        for run in ledger["pending"].as_array_mut().unwrap() {
            run["intended_ms"] = (run["intended_ms"].as_i64().unwrap() - milliseconds).into();
        }
        lake.put(&key, ledger.to_string().into_bytes());
    }
}

fn settle(lake: &Lake) {
    let answers = lake.land(1, &[&r#"{"settle":true}"#.to_owned()]);
    assert_eq!(answers[0]["partitions"], 1, "{answers:?}");
}

fn with_a_reject() -> Vec<Rec> {
    let mut records = records(0..5, Timestamps::OLD, 0);
    records[2].2 = None;
    records
}

fn rejects(lake: &Lake) -> Vec<usize> {
    lake.objects("rejects/").iter().map(|(_, body)| body.len()).collect()
}

#[test]
fn what_a_quiet_partition_wrote_last_may_be_compacted_once_the_schedule_has_settled_it() {
    let lake = Lake::new();
    let all = records(0..5, Timestamps::OLD, 0);
    lake.land(1, &[&of_t0(&all)]);
    passes(&lake, 2 * DAY_MS);
    settle(&lake);
    let key = lake.objects("bars/").remove(0).0;
    let body = lake.remove(&key);
    lake.put("bars/dt=2026-11-22/hour=19/compacted-g1-.parquet", body);
    let answers = lake.land(1, &[&of_t0(&all)]);
    assert_eq!(answers[0]["skipped"], 5, "{answers:?}");
    lake.assert_holds(&[(0, &all)]);
}

#[test]
fn rejects_outlive_the_bars_beside_which_they_landed() {
    // The schedule has run; it was off for two days.
    for settled in [true, false] {
        let lake = Lake::new();
        lake.land(1, &[&of_t0(&with_a_reject())]);
        let before = rejects(&lake);
        assert!(before[0] > 0);
        passes(&lake, 2 * DAY_MS);
        if settled {
            settle(&lake);
        }
        let key = lake.objects("bars/").remove(0).0;
        lake.remove(&key);
        lake.land(1, &[&of_t0(&records(5..8, Timestamps::OLD, 0))]);
        assert_eq!(rejects(&lake), before, "settled: {settled}");
    }
}

#[test]
fn the_schedule_leaves_alone_what_may_still_be_written() {
    let lake = Lake::new();
    let all = records(0..5, Timestamps::OLD, 0);
    let mut slow = lake.function(1);
    lake.hold("bars/");
    slow.begin(of_t0(&all));
    lake.wait_until_held();
    let objects = lake.objects("");
    settle(&lake);
    assert_eq!(lake.objects(""), objects);
    lake.let_go();
    slow.end().unwrap();
    lake.assert_holds(&[(0, &all)]);
}

#[test]
fn ledgers_of_before_and_of_raised_generations_are_read_and_go_on() {
    let former = |first: i64, last: i64| {
        format!(
            r#"{{"sequence":4,"landed":[[{first},{last}]],"newest_timestamp_ms":{},"holes_closed":0,"closed_through":null,"pending":[]}}"#,
            1000 + last
        )
    };
    for (generation, ledgers) in [
        (1, vec![("ledger/g1/t-0.json", former(0, 9))]),
        (3, vec![("ledger/g1/t-0.json", former(0, 99)), ("ledger/g3/t-0.json", former(0, 9))]),
    ] {
        let lake = Lake::new();
        for (key, body) in ledgers {
            lake.put(key, body.into_bytes());
        }
        let all = records(0..15, Timestamps::OLD, 0);
        let anew = records(0..5, Timestamps::From(900_000), 100);
        let answers = lake.land(generation, &[&of_t0(&all), &of_t0(&all), &of_t0(&anew)]);
        let landed: Vec<_> = answers.iter().map(|answer| answer["landed"].as_u64().unwrap()).collect();
        assert_eq!(landed, [5, 0, 5]);
        // A higher one later changes nothing.
        lake.land(generation + 1, &[&of_t0(&all), &of_t0(&anew)]);
        lake.assert_holds(&[(0, &all[10..]), (0, &anew)]);
    }
}
