//! Holes: what an event leaves out, and what closing costs.

use crate::rig::{Lake, Timestamps, of_t0, records};

#[test]
fn what_was_left_out_of_the_middle_of_an_event_lands_when_it_comes_alone() {
    let lake = Lake::new();
    let all = records(0..10, Timestamps::OLD, 0);
    let without: Vec<_> = all.iter().copied().filter(|record| !(4..6).contains(&record.0)).collect();
    let answers = lake.land(1, &[&of_t0(&without), &of_t0(&all[4..6]), &of_t0(&all)]);
    let counts: Vec<_> =
        answers.iter().map(|answer| (answer["landed"].as_u64(), answer["uncertain"].as_u64())).collect();
    assert_eq!(counts, [(Some(8), Some(0)), (Some(2), Some(0)), (Some(0), Some(0))]);
    lake.assert_holds(&[(0, &all)]);
}

#[test]
fn a_given_up_event_outlives_a_thousand_markers_and_what_comes_for_a_closed_one_is_not_a_topic_made_anew() {
    let lake = Lake::new();
    let given_up = records(10..20, Timestamps::OLD, 0);
    let mut landed = records(0..10, Timestamps::OLD, 0);
    let mut function = lake.function(1);
    function.invoke(of_t0(&landed)).unwrap();
    for place in 0..1003 {
        // Two records and a marker.
        let first = 20 + 3 * place;
        let two = records(first..first + 2, Timestamps::From(2000), 0);
        function.invoke(of_t0(&two)).unwrap();
        landed.extend(two);
    }
    drop(function);
    let answers = lake.land(1, &[&of_t0(&given_up)]);
    assert_eq!((&answers[0]["landed"], &answers[0]["uncertain"]), (&10.into(), &0.into()), "{answers:?}");

    // The oldest marker's offset was closed. What comes for it now and is older may have landed; what is newer has not.
    let (older, newer) = ([(22, Some(1999), Some(7))], [(22, Some(900_000), Some(8))]);
    let answers = lake.land(1, &[&of_t0(&older), &of_t0(&newer), &of_t0(&newer)]);
    let counts: Vec<_> =
        answers.iter().map(|answer| (answer["landed"].as_u64(), answer["uncertain"].as_u64())).collect();
    assert_eq!(counts, [(Some(0), Some(1)), (Some(1), Some(0)), (Some(0), Some(0))]);
    lake.assert_holds(&[(0, &landed), (0, &given_up), (0, &newer)]);
}
