//! A topic that is deleted and made anew.

use std::time::{Duration, SystemTime};

use crate::rig::{Lake, Timestamps, event, given_up, of_t0, records};

#[test]
fn made_anew_with_one_partition_more_it_lands_beside_the_old_one() {
    for times in Timestamps::ALL {
        let lake = Lake::new();
        let old = records(0..10, Timestamps::OLD, 0);
        let new = records(0..5, times, 100);
        let anew = event(&[("t-0", &new), ("t-1", &new)]);
        lake.land(1, &[&of_t0(&old)]);
        lake.land(1, &[&anew, &anew, &anew]);
        lake.land(2, &[&anew]);
        lake.assert_holds(&[(0, &old), (0, &new), (1, &new)]);
    }
}

#[test]
fn what_reaches_past_the_old_end_is_of_the_new_life_too() {
    for times in Timestamps::ALL {
        let lake = Lake::new();
        let old = records(0..10, Timestamps::OLD, 0);
        let new = records(0..20, times, 100);
        let events: Vec<_> = new.chunks(5).map(of_t0).collect();
        let events: Vec<_> = events.iter().collect();
        lake.land(1, &[&of_t0(&old)]);
        lake.land(1, &events);
        lake.land(2, &events);
        lake.land(2, &[&of_t0(&new)]);
        lake.assert_holds(&[(0, &old), (0, &new)]);
    }
}

#[test]
fn the_generation_raised_beforehand_and_one_more_event_of_the_old_life_cost_nothing() {
    for times in Timestamps::ALL {
        let lake = Lake::new();
        let old = records(0..13, Timestamps::OLD, 0);
        let new = records(0..20, times, 100);
        lake.land(1, &[&of_t0(&old[..10])]);
        lake.land(2, &[&of_t0(&old[10..])]);
        lake.land(2, &[&of_t0(&new[..10]), &of_t0(&new[10..13]), &of_t0(&new[13..])]);
        lake.assert_holds(&[(0, &old), (0, &new)]);
    }
}

#[test]
fn what_the_old_life_gave_up_is_redriven_into_it_after_the_new_one_has_begun() {
    for times in Timestamps::ALL {
        for says_when in [true, false] {
            let lake = Lake::new();
            let old = records(0..15, Timestamps::OLD, 0);
            let new = records(0..15, times, 100);
            let gave_up = SystemTime::now() - Duration::from_mins(1);
            lake.land(1, &[&of_t0(&old[..5])]);
            lake.land(2, &[&of_t0(&new[..5])]);
            let given_up_event = of_t0(&old[5..10]);
            let redriven = if says_when { given_up(&given_up_event, gave_up) } else { given_up_event };
            lake.land(2, &[&redriven, &redriven]);
            lake.land(2, &[&of_t0(&new[5..10]), &of_t0(&new[10..])]);
            lake.land(2, &[&redriven, &of_t0(&new)]);
            lake.assert_holds(&[(0, &old[..10]), (0, &new)]);
        }
    }
}

#[test]
fn one_record_of_the_far_future_does_not_blind_it() {
    for future in [i64::MAX, 1_900_000_000_000] {
        for times in Timestamps::ALL {
            let lake = Lake::new();
            let mut old = records(0..100, Timestamps::OLD, 0);
            old.push((100, Some(future), Some(0)));
            let new = records(0..50, times, 1000);
            lake.land(1, &[&of_t0(&old[..60]), &of_t0(&old[60..])]);
            lake.land(1, &[&of_t0(&new)]);
            lake.assert_holds(&[(0, &old), (0, &new)]);
        }
    }
}

#[test]
fn a_new_life_of_which_only_the_later_half_is_newer_lands_whole() {
    let lake = Lake::new();
    let old = records(0..50, Timestamps::OLD, 0);
    let mut new = records(0..50, Timestamps::From(900), 500);
    new.extend(records(50..60, Timestamps::From(5000), 500));
    lake.land(1, &[&of_t0(&old)]);
    lake.land(1, &[&of_t0(&new), &of_t0(&new)]);
    lake.assert_holds(&[(0, &old), (0, &new)]);
}

#[test]
fn an_invocation_that_slept_between_intent_and_write_lands_nothing_twice() {
    let lake = Lake::new();
    let records = records(0..5, Timestamps::OLD, 0);
    let mut slow = lake.function(1);
    lake.hold("bars/");
    slow.begin(of_t0(&records));
    lake.wait_until_held();
    lake.land(2, &[&of_t0(&records)]);
    lake.let_go();
    slow.end().expect("the slow one finds that all has landed");
    lake.assert_holds(&[(0, &records)]);
}

#[test]
fn an_invocation_that_slept_into_the_next_life_loses_nothing() {
    for times in Timestamps::ALL {
        let lake = Lake::new();
        let old = records(0..10, Timestamps::OLD, 0);
        let new = records(0..10, times, 100);
        lake.land(1, &[&of_t0(&old[..5])]);
        let mut slow = lake.function(1);
        lake.hold("bars/");
        slow.begin(of_t0(&old[5..]));
        lake.wait_until_held();
        lake.land(1, &[&of_t0(&new[..7])]);
        lake.let_go();
        slow.end().expect("what it was given lands");
        lake.land(1, &[&of_t0(&new), &of_t0(&old)]);
        lake.assert_holds(&[(0, &old), (0, &new)]);
    }
}
