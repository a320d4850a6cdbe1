//! A log that is cut short, or restored as it once was.

use crate::rig::{Lake, Timestamps, of_t0, records};

#[test]
fn a_log_cut_from_100_to_90_and_read_again_lands_what_is_new_and_nothing_else() {
    for times in Timestamps::ALL {
        let lake = Lake::new();
        let old = records(0..100, Timestamps::OLD, 0);
        let new = records(90..105, times, 1000);
        let again = |records: &[_]| of_t0(&[&old[..90], records].concat());
        lake.land(1, &[&of_t0(&old)]);
        let answers = lake.land(1, &[&again(&new[..5]), &again(&new)]);
        assert_eq!((&answers[0]["landed"], &answers[1]["landed"]), (&5.into(), &10.into()), "{answers:?}");
        lake.land(2, &[&again(&new), &of_t0(&new), &of_t0(&old[85..])]);
        lake.assert_holds(&[(0, &old), (0, &new)]);
    }
}

#[test]
fn a_long_log_cut_far_behind_its_end_keeps_what_it_cannot_place() {
    let lake = Lake::new();
    let old = records(0..3000, Timestamps::None, 0);
    let new = records(1517..1700, Timestamps::None, 10_000);
    let events: Vec<_> = old.chunks(500).map(of_t0).collect();
    lake.land(1, &events.iter().collect::<Vec<_>>());
    let answers = lake.land(1, &[&of_t0(&[&old[1400..1517], &new].concat())]);
    let count = |field: &str| answers[0][field].as_u64().unwrap();
    // Of the old ones most have no mark: but those of them and of the new ones that have show what the others are.
    assert!(count("rejected") < 96 && count("uncertain") <= 117 + count("rejected"), "{answers:?}");
    // What is not in bars is in rejects, to the record.
    let undecided: String =
        lake.objects("rejects/").into_iter().map(|(_, body)| String::from_utf8(body).unwrap()).collect();
    let rows = lake.rows();
    assert_eq!(rows.len(), 3000 + usize::try_from(count("landed")).unwrap());
    for (offset, _, close) in &new {
        let there = rows.contains(&(0, *offset, close.unwrap()));
        let kept = undecided.contains(&format!(r#""kafka_offset":{offset},"#));
        assert!(there != kept, "offset {offset}: in bars {there}, undecided {kept}");
    }
    // Again, and it is known.
    let answers = lake.land(1, &[&of_t0(&new)]);
    assert_eq!((&answers[0]["landed"], &answers[0]["rejected"]), (&0.into(), &0.into()), "{answers:?}");
}

#[test]
fn a_broker_restored_from_a_backup_goes_on_beside_what_it_had_since() {
    for times in Timestamps::ALL {
        let lake = Lake::new();
        let first = records(0..100, Timestamps::OLD, 0);
        let anew = records(0..40, times, 1000);
        let restored = records(80..110, times, 2000);
        lake.land(1, &[&of_t0(&first)]);
        lake.land(1, &[&of_t0(&anew)]);
        // The backup was made at 80.
        lake.land(1, &[&of_t0(&first[..50]), &of_t0(&first[50..80]), &of_t0(&restored[..10]), &of_t0(&restored[10..])]);
        lake.land(1, &[&of_t0(&[&first[..80], &restored].concat())]);
        lake.assert_holds(&[(0, &first), (0, &anew), (0, &restored)]);
    }
}

#[test]
fn an_event_that_holds_the_end_of_one_life_and_the_beginning_of_the_next_lands_whole() {
    for times in Timestamps::ALL {
        let lake = Lake::new();
        let old = records(0..10, Timestamps::OLD, 0);
        let new = records(0..12, times, 100);
        let both = of_t0(&[&old[5..], &new].concat());
        lake.land(1, &[&of_t0(&old[..5]), &both, &both]);
        lake.assert_holds(&[(0, &old), (0, &new)]);
    }
}
