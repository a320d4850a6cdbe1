//! One rule each: what would change if it were another.

use super::*;

/// A ledger in whose first life `old` has landed, and in whose second, the current one, `new` has; a mark is left where `marked` says.
fn two_lives(old: &[Record<'_>], new: &[Record<'_>], marked: impl Fn(u32, i64) -> bool) -> Ledger {
    let mut ledger = landed(old);
    let second = ledger.open(1, new[0].offset, Some(5));
    ledger.current = second;
    land(&mut ledger, second, new);
    for life in &mut ledger.lives {
        let number = life.life;
        life.marks.retain(|mark: &mut Mark| marked(number, mark.offset));
    }
    ledger
}

#[test]
fn what_goes_on_right_behind_the_end_is_in_turn_however_old_it_is() {
    let old = records(0..400, "old", at(1000));
    let new = records(0..100, "new", at(10_000_000));
    let mut ledger = two_lives(&old, &new, |_, _| false);
    assert_eq!(placed(&mut ledger.clone(), &records(100..104, "new", at(900)), None), expect("++++", 2));
    // Behind a marker or some, but not behind more.
    assert_eq!(placed(&mut ledger.clone(), &records(109..111, "new", at(900)), None), expect("++", 2));
    assert_eq!(placed(&mut ledger.clone(), &records(110..112, "new", at(900)), None), expect("!!", 2));
    // There its time must say that the old life has not got it.
    assert_eq!(placed(&mut ledger.clone(), &records(110..112, "new", at(10_000_000)), None), expect("++", 2));
    assert_eq!(placed(&mut ledger, &records(110..112, "new", never), None), expect("!!", 2));
}

#[test]
fn what_was_given_up_is_another_if_it_is_newer() {
    let mut ledger = with_few_marks(landed(&records(0..40, "old", at(1000))), 1000);
    assert_eq!(placed(&mut ledger, &records(10..14, "new", at(5000)), Some(9)), expect("++++", 2));
}

#[test]
fn what_was_given_up_shares_a_life_that_has_nothing_else() {
    let mut ledger = landed(&records(0..40, "old", at(1000)));
    let first = records(10..12, "new", at(5000));
    assert_eq!(placed(&mut ledger, &first, Some(9)), expect("++", 2));
    land(&mut ledger, 2, &first);
    assert_eq!(placed(&mut ledger, &records(20..22, "new", at(5000)), Some(9)), expect("++", 2));
}

#[test]
fn what_was_given_up_lands_in_no_life_of_the_log_that_it_leaves_a_hole_in() {
    let mut ledger = two_lives(&records(0..40, "old", at(1000)), &records(0..5, "new", at(5000)), |_, _| true);
    assert_eq!(placed(&mut ledger, &records(20..22, "third", at(9000)), Some(2)), expect("++", 3));
}

#[test]
fn what_is_of_another_log_goes_on_where_it_fits() {
    let (old, new) = (records(0..4, "old", never), records(0..10, "new", never));
    let mut ledger = two_lives(&old, &new, |_, _| true);
    assert_eq!(placed(&mut ledger, &records(4..8, "third", never), None), expect("++++", 1));
}

#[test]
fn what_goes_on_in_another_life_than_is_expected_may_have_landed_in_that_one() {
    let (old, new) = (records(0..4, "old", never), records(0..10, "new", never));
    let mut ledger = two_lives(&old, &new, |_, offset| offset == 7);
    assert_eq!(placed(&mut ledger, &records(4..8, "third", never), None), expect("!!!+", 1));
}

#[test]
fn a_batch_that_begins_where_the_log_is_and_ends_in_another_life_is_kept() {
    let (old, new) = (records(0..20, "old", at(1000)), records(0..10, "new", at(5000)));
    let mut ledger = two_lives(&old, &new, |_, offset| offset == 0 || offset == 19);
    assert_eq!(placed(&mut ledger, &records(10..20, "old", at(1000)), None), expect("!!!!!!!!!.", 1));
}

#[test]
fn what_goes_on_behind_what_is_known_is_in_turn_in_any_life() {
    let (old, new) = (records(0..10, "old", never), records(0..20, "new", never));
    let mut ledger = two_lives(&old, &new, |life, _| life == 1);
    assert_eq!(placed(&mut ledger, &records(8..12, "old", never), None), expect("..++", 1));
}

#[test]
fn a_recent_run_is_known_in_its_life_and_in_no_other() {
    let (old, new) = (records(0..20, "old", never), records(0..20, "new", never));
    let mut ledger = two_lives(&old, &new, |_, _| false);
    let run = records(20..30, "old", never);
    let fingerprint = ledger.life(1).unwrap().marks_of(&run).1;
    ledger.land(&Pending { life: 1, first: 20, last: 29, records: 10, fingerprint, ..Pending::default() });
    assert_eq!(placed(&mut ledger, &run, None), expect("..........", 1));
    // Not the half of it.
    let (verdicts, _) = placed(&mut ledger, &run[..5], None);
    assert!(!verdicts.contains('.'), "{verdicts}");
    // Nor when its life has been dropped.
    ledger.lives.remove(0);
    let (verdicts, _) = placed(&mut ledger, &run, None);
    assert!(!verdicts.contains('.'), "{verdicts}");
}

#[test]
fn a_life_forks_at_the_first_record_of_which_another_may_have_landed() {
    let mut ledger = landed(&records(0..6, "old", never));
    land(&mut ledger, 1, &records(8..20, "old", never));
    assert_eq!(placed(&mut ledger, &records(6..10, "new", never), None), expect("++++", 2));
    assert_eq!(ledger.life(2).unwrap().fork, 8);

    let mut ledger = with_few_marks(landed(&records(0..20, "old", never)), 10);
    assert_eq!(placed(&mut ledger, &records(8..12, "new", never), None), expect("!!++", 2));
    assert_eq!(ledger.life(2).unwrap().fork, 8);
}

#[test]
fn between_one_that_is_another_and_one_that_is_the_same_nothing_tells() {
    let mut old = records(0..20, "old", never);
    old[5] = records(5..6, "other", never).remove(0);
    let mut ledger = with_few_marks(landed(&old), 5);
    assert_eq!(placed(&mut ledger, &records(4..12, "old", never), None).0, "!+!!!!.!");
}

#[test]
fn what_filled_a_hole_tells_nothing_of_those_around_it() {
    let mut ledger = landed(&records(0..5, "old", never));
    land(&mut ledger, 1, &records(8..20, "old", never));
    land(&mut ledger, 1, &records(5..8, "other", never));
    let mut ledger = with_few_marks(ledger, 5);
    for life in &mut ledger.lives {
        life.marks.retain(|mark: &mut Mark| mark.offset == 5);
    }
    assert_eq!(placed(&mut ledger, &records(3..12, "old", never), None).0, "!!+!!!!!!");
}

#[test]
fn what_goes_on_where_a_life_was_seen_again_is_of_that_life() {
    let (old, new) = (records(0..10, "old", never), records(0..5, "new", never));
    let mut ledger = two_lives(&old, &new, |_, _| true);
    assert_eq!(placed(&mut ledger.clone(), &records(10..12, "old", never), None), expect("++", 2));
    ledger.heard_of(1, false, None, 9);
    assert_eq!(placed(&mut ledger, &records(10..12, "old", never), None), expect("++", 1));
}

#[test]
fn what_is_kept_leaves_no_mark_where_another_has_landed() {
    let old = records(0..6, "old", never);
    let mut ledger = landed(&old);
    let kept = records(2..4, "new", never);
    let marks = ledger.life(1).unwrap().marks_of(&kept).0;
    ledger.land(&Pending { life: 1, first: 2, last: 3, records: 2, undecided: true, marks, ..Pending::default() });
    assert_eq!(placed(&mut ledger, &old, None), expect("......", 1));
}

#[test]
fn the_first_life_was_the_current_one_once() {
    let (old, new) = (records(0..5, "old", at(1000)), records(0..40, "new", at(5000)));
    let mut ledger = two_lives(&old, &new, |_, _| true);
    assert_eq!(placed(&mut ledger, &records(20..22, "third", at(9000)), Some(9)), expect("++", 3));
}

#[test]
fn what_has_landed_since_a_life_forked_says_nothing_of_what_is_below() {
    let (old, new) = (records(0..20, "old", never), records(10..20, "new", never));
    let mut ledger = two_lives(&old, &new, |life, offset| life == 2 && offset >= 12);
    assert_eq!(placed(&mut ledger, &records(5..15, "new", never), None), expect("!!!!!??...", 2));
}

#[test]
fn where_all_has_one_time_it_tells_nothing() {
    let mut ledger = with_few_marks(landed(&records(0..100, "old", |_| Some(1000))), 50);
    assert_eq!(placed(&mut ledger, &records(60..63, "old", |_| Some(1000)), None).0, "!!!");
}

#[test]
fn a_time_from_before_the_fork_is_none_of_what_has_landed_since() {
    let every_ten_minutes = |first: i64| move |offset: i64| Some(600_000 * (first + offset));
    let old = records(0..20, "old", every_ten_minutes(0));
    let new = records(10..60, "new", every_ten_minutes(100));
    let mut ledger = two_lives(&old, &new, |_, offset| offset == 5 || offset == 59);
    assert_eq!(placed(&mut ledger.clone(), &records(30..33, "third", |_| Some(600_000 * 8)), None).0, "!!!");
    assert_eq!(placed(&mut ledger, &records(30..33, "third", |_| Some(600_000 * 25)), None).0, "???");
}

#[test]
fn what_is_far_below_all_that_has_landed_begins_a_life_and_the_beginning_that_came_late_does_not() {
    let before = landed(&records(1000..1100, "a", at(1000)));
    let mut ledger = before.clone();
    assert_eq!(placed(&mut ledger, &records(900..991, "a", at(900)), None), expect(&"+".repeat(91), 1));
    assert_eq!((ledger.current, ledger.seen), (1, None));
    assert_eq!(placed(&mut ledger, &records(900..990, "b", at(900)), None), expect(&"+".repeat(90), 2));
    assert_eq!((ledger.current, ledger.seen), (2, Some(1)));
    assert!(ledger.current().landed.is_empty());
    // What was given up is of the log that there was.
    let mut ledger = before;
    assert_eq!(placed(&mut ledger, &records(0..10, "a", at(900)), Some(NOW.0)), expect(&"+".repeat(10), 1));
}
