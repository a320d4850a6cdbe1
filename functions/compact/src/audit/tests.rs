use proptest::prelude::*;

use super::*;

const DAY: &str = "2026-11-22";

fn land(audit: &mut Audit, rows: &[(i64, i32)]) {
    audit.bars(DAY, b"stock-bars", 0, Some(1), rows.iter().copied());
}

fn reject(audit: &mut Audit, line: &str) {
    audit.reject(DAY, serde_json::from_str(line).unwrap());
}

/// First and last offset, and the sums.
fn told(audit: Audit) -> Vec<(i64, i64, [i64; 4])> {
    let rows = audit.into_rows().unwrap();
    rows.iter()
        .map(|Row { first, last, sums, .. }| {
            (*first, *last, [sums.landed, sums.rejected, sums.bar_rows, sums.duplicates])
        })
        .collect()
}

#[test]
fn records_in_a_row_are_one_row_whatever_the_objects_and_arrays() {
    let mut audit = Audit::default();
    land(&mut audit, &[(0, 0), (1, 0), (1, 1)]);
    // A batch may end within a record.
    land(&mut audit, &[(1, 2), (2, 0)]);
    land(&mut audit, &[(5, 0)]);
    assert_eq!(told(audit), [(0, 2, [3, 0, 5, 0]), (5, 5, [1, 0, 1, 0])]);
}

#[test]
fn what_is_there_twice_is_counted_by_its_rows() {
    let mut audit = Audit::default();
    land(&mut audit, &[(0, 0), (1, 0), (1, 1)]);
    land(&mut audit, &[(1, 0), (1, 1), (2, 0)]);
    land(&mut audit, &[(0, 0)]);
    assert_eq!(told(audit), [(0, 2, [3, 0, 7, 3])]);
}

#[test]
fn rejects_are_told_apart_and_strays_have_no_offset() {
    let mut audit = Audit::default();
    for offset in [7, 8, 8] {
        let line = format!(
            r#"{{"kafka_topic":"stock-bars","kafka_partition":0,"kafka_offset":{offset},"reason":"not_json","kafka_life":1}}"#
        );
        reject(&mut audit, &line);
    }
    reject(
        &mut audit,
        r#"{"kafka_topic":"stock-bars","kafka_partition":0,"kafka_offset":8,"reason":"undecided","kafka_life":1,"kafka_value":"eA=="}"#,
    );
    reject(
        &mut audit,
        r#"{"kafka_topic":"arn","kafka_partition":null,"kafka_offset":null,"reason":"malformed_record","kafka_life":null}"#,
    );
    reject(&mut audit, "{}");
    let undecided: Vec<_> = audit.clone().into_rows().unwrap().iter().map(|row| row.undecided).collect();
    assert_eq!(undecided, [false, true]);
    assert_eq!(told(audit), [(7, 8, [0, 2, 0, 1]), (8, 8, [0, 1, 0, 0])]);
}

#[test]
fn what_offsets_cannot_tell_is_not_told() {
    let of_before = |audit: &mut Audit| audit.bars(DAY, b"stock-bars", 0, None, [(0, 0)].into_iter());
    let negative = |audit: &mut Audit| land(audit, &[(-1, 0)]);
    let many = |audit: &mut Audit| {
        audit.bars(
            DAY,
            b"stock-bars",
            0,
            Some(1),
            (0..=i64::try_from(MOST_PIECES).unwrap()).map(|place| (2 * place, 0)),
        );
    };
    let nameless = |audit: &mut Audit| {
        reject(audit, r#"{"kafka_partition":0,"kafka_offset":1,"kafka_life":1}"#);
    };
    for what in [&of_before as &dyn Fn(&mut Audit), &negative, &many, &nameless] {
        let mut audit = Audit::default();
        land(&mut audit, &[(0, 0)]);
        what(&mut audit);
        land(&mut audit, &[(1, 0)]);
        assert_eq!(audit.into_rows(), None);
    }
}

proptest! {
    #[test]
    fn offsets_are_those_that_were_found_and_the_rest_is_there_twice(
        objects in prop::collection::vec((0..40_i64, 1..9_i64), 0..12),
    ) {
        let mut audit = Audit::default();
        let mut offsets = std::collections::BTreeSet::new();
        let mut rows = 0;
        for (first, length) in objects {
            let object: Vec<_> = (first..first + length).map(|offset| (offset, 0)).collect();
            land(&mut audit, &object);
            offsets.extend(first..first + length);
            rows += length;
        }
        let told = told(audit);
        let listed: Vec<_> = told.iter().flat_map(|(first, last, _)| *first..=*last).collect();
        prop_assert!(offsets.iter().eq(&listed));
        prop_assert!(told.windows(2).all(|pair| pair[0].1 + 1 < pair[1].0));
        let sum = |place: usize| told.iter().map(|(.., sums)| sums[place]).sum::<i64>();
        let records = i64::try_from(offsets.len()).unwrap();
        prop_assert_eq!((sum(0), sum(2), sum(3)), (records, rows, rows - records));
    }
}
