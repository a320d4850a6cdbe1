mod rules;

use super::*;
use crate::ledger::{Mark, Pending};

const NOW: LandingTime = LandingTime(1_795_374_311_250);

/// Of so many records of a log: `mark` tells one log from another.
fn records(
    offsets: std::ops::Range<i64>,
    mark: &'static str,
    timestamp_ms: impl Fn(i64) -> Option<i64>,
) -> Vec<Record<'static>> {
    offsets
        .map(|offset| Record {
            offset,
            timestamp_ms: timestamp_ms(offset),
            key: Some(mark.into()),
            value: Some(offset.to_string().into()),
            oversized: None,
        })
        .collect()
}

fn at(time: i64) -> impl Fn(i64) -> Option<i64> {
    move |offset| Some(time + offset)
}

fn never(_: i64) -> Option<i64> {
    None
}

fn land(ledger: &mut Ledger, life: u32, records: &[Record<'_>]) {
    let marks = ledger.life(life).unwrap().marks_of(records).0;
    ledger.land(&Pending {
        life,
        first: records[0].offset,
        last: records.last().unwrap().offset,
        records: records.len(),
        newest_timestamp_ms: records.iter().filter_map(|record| record.timestamp_ms).max(),
        marks,
        ..Pending::default()
    });
}

/// A ledger in whose first life these have landed.
fn landed(records: &[Record<'_>]) -> Ledger {
    let mut ledger = Ledger::default();
    land(&mut ledger, 1, records);
    ledger
}

/// Only every so many marks are left, as far behind the end.
fn with_few_marks(mut ledger: Ledger, every: i64) -> Ledger {
    for life in &mut ledger.lives {
        life.marks.retain(|mark: &mut Mark| mark.offset % every == 0);
    }
    ledger
}

/// Verdicts in short: `.` landed, `?` assumed, `+` lands, `!` undecided; and the life.
fn placed(ledger: &mut Ledger, records: &[Record<'_>], given_up_ms: Option<i64>) -> (String, u32) {
    let Placing { verdicts, life, .. } = place(ledger, records, NOW, given_up_ms);
    let letter = |verdict| match verdict {
        Verdict::Landed => '.',
        Verdict::Assumed => '?',
        Verdict::Lands => '+',
        Verdict::Undecided => '!',
    };
    (verdicts.into_iter().map(letter).collect(), life)
}

fn expect(letters: &str, life: u32) -> (String, u32) {
    (letters.to_owned(), life)
}

#[test]
fn what_lies_behind_all_that_landed_lands_in_the_same_life() {
    let mut ledger = landed(&records(0..5, "a", at(1000)));
    let before = ledger.clone();
    assert_eq!(placed(&mut ledger, &records(5..8, "a", at(0)), None), expect("+++", 1));
    assert_eq!(placed(&mut ledger, &records(3..8, "a", at(1000)), None), expect("..+++", 1));
    assert_eq!(ledger, before);
}

#[test]
fn a_topic_made_anew_opens_a_life_whatever_its_timestamps_say() {
    for times in [at(900_000), at(0), at(1000), at(i64::MAX - 100), at(253_402_300_000_000)] {
        let mut ledger = landed(&records(0..10, "a", at(1000)));
        let anew = records(0..5, "b", times);
        assert_eq!(placed(&mut ledger, &anew, None), expect("+++++", 2));
        assert_eq!((ledger.current, ledger.current().opened_ms), (2, Some(NOW.0)));
        assert!(ledger.current().landed.is_empty());
        land(&mut ledger, 2, &anew);
        assert_eq!(placed(&mut ledger, &anew, None), expect(".....", 2));
        // Where the old life has records, and where it has none.
        assert_eq!(placed(&mut ledger, &records(5..12, "b", never), None), expect("+++++++", 2));
    }
}

#[test]
fn a_log_cut_short_forks_where_it_was_cut() {
    for times in [at(900_000), at(0)] {
        let mut ledger = landed(&records(0..100, "a", at(1000)));
        let mut cut = records(85..90, "a", at(1000));
        cut.extend(records(90..105, "b", times));
        assert_eq!(placed(&mut ledger, &cut, None), expect(".....+++++++++++++++", 2));
        assert_eq!(ledger.current().landed.last(), Some(89));
        // What landed before the fork has landed in the new life too.
        assert_eq!(placed(&mut ledger, &records(0..90, "a", at(1000)), None).0, ".".repeat(90));
        assert_eq!(ledger.current, 2);
    }
}

#[test]
fn a_log_that_is_as_it_once_was_goes_on_in_its_life_or_forks_from_it() {
    let mut ledger = landed(&records(0..10, "a", at(1000)));
    let anew = records(0..5, "b", at(2000));
    placed(&mut ledger, &anew, None);
    land(&mut ledger, 2, &anew);
    let mut restored = records(6..8, "a", at(1000));
    assert_eq!(placed(&mut ledger.clone(), &restored, None), expect("..", 1));
    restored.extend(records(8..12, "c", at(3000)));
    assert_eq!(placed(&mut ledger, &restored, None), expect("..++++", 3));
    assert_eq!((ledger.current, ledger.current().landed.last()), (3, Some(7)));

    // What had landed may be an old event that somebody sent again; what goes on there says where the log is.
    placed(&mut ledger, &records(0..10, "a", at(1000)), None);
    assert_eq!((ledger.current, ledger.seen), (3, Some(1)));
    land(&mut ledger, 3, &records(8..20, "c", at(3000)));
    assert_eq!(placed(&mut ledger.clone(), &records(20..22, "c", at(3000)), None), expect("++", 3));
    assert_eq!(placed(&mut ledger, &records(10..12, "a", at(1000)), None), expect("++", 1));
    assert_eq!((ledger.current, ledger.seen, ledger.current().opened_ms), (1, None, Some(NOW.0)));
}

#[test]
fn what_was_given_up_belongs_to_the_life_of_that_time() {
    let mut ledger = landed(&records(0..10, "a", at(1000)));
    let anew = records(0..10, "b", at(2000));
    placed(&mut ledger, &anew, None);
    land(&mut ledger, 2, &anew);
    let given_up = records(10..15, "a", at(1000));
    assert_eq!(placed(&mut ledger, &given_up, Some(NOW.0 - 1)), expect("+++++", 1));
    assert_eq!(placed(&mut ledger, &given_up, Some(NOW.0)), expect("+++++", 2));
    // It says nothing of the log as it is now, whether it fits or not.
    assert_eq!(placed(&mut ledger, &records(5..12, "c", at(1000)), Some(NOW.0 - 1)), expect("+++++++", 3));
    assert_eq!((ledger.current, ledger.life(3).unwrap().opened_ms), (2, None));
    assert_eq!(placed(&mut ledger, &given_up, Some(NOW.0 + 1)).1, 2);
}

#[test]
fn an_invocation_that_slept_since_another_life_does_not_bring_it_back() {
    let mut ledger = landed(&records(0..10, "a", at(1000)));
    let anew = records(0..10, "b", at(2000));
    placed(&mut ledger, &anew, None);
    land(&mut ledger, 2, &anew);
    let before = ledger.clone();
    let slept = LandingTime(NOW.0 - 1);
    let slept = |ledger: &mut Ledger, records: &[Record<'_>]| place(ledger, records, slept, None).verdicts;
    assert_eq!(slept(&mut ledger, &records(5..10, "a", at(1000))), [Verdict::Landed; 5]);
    assert_eq!(ledger, before);
    slept(&mut ledger, &records(5..10, "c", at(1000)));
    assert_eq!(ledger.current, 2);
}

#[test]
fn far_behind_the_end_the_neighbours_tell_and_then_time_and_then_it_is_kept() {
    // Minutes apart.
    let at = |start: i64| move |offset: i64| Some(60_000 * (start + offset));
    let ledger = || with_few_marks(landed(&records(0..100, "a", at(1000))), 10);
    // A mark on both sides, on one, or times like those around: but a mark alone proves it.
    assert_eq!(placed(&mut ledger(), &records(8..23, "a", at(1000)), None).0, "??.?????????.??");
    assert_eq!(placed(&mut ledger(), &records(11..14, "a", at(1000)), None).0, "???");
    // What was given up is not skipped but for a mark.
    assert_eq!(placed(&mut ledger(), &records(18..23, "a", at(1000)), Some(0)).0, "!!.!!");
    // Newer than all that landed up to there.
    assert_eq!(placed(&mut ledger(), &records(11..14, "b", at(900_000)), None), expect("+++", 2));
    // Older than all around, or of the time before the mark.
    assert_eq!(placed(&mut ledger(), &records(11..14, "b", at(0)), None), expect("!!!", 1));
    // Another one from a mark on, and nobody knows from where.
    let mut cut = records(18..23, "a", at(1000));
    cut.extend(records(23..33, "b", at(1000 - 23)));
    assert_eq!(placed(&mut ledger(), &cut, None), expect("??.!!!!!!!!!+++", 2));
    // Times that were newer show where.
    let mut cut = records(18..23, "a", at(1000));
    cut.extend(records(23..33, "b", at(2000)));
    assert_eq!(placed(&mut ledger(), &cut, None), expect("??.??++++++++++", 2));

    let ledger = || with_few_marks(landed(&records(0..100, "a", never)), 10);
    assert_eq!(placed(&mut ledger(), &records(8..23, "a", never), None).0, "??.?????????.!!");
    assert_eq!(placed(&mut ledger(), &records(11..14, "b", never), None), expect("!!!", 1));
}

#[test]
fn a_time_beyond_now_tells_nothing_of_those_around_it() {
    let at = |offset| Some(if offset == 15 { NOW.0 + 3_600_000 } else { 60_000 * offset });
    let mut ledger = with_few_marks(landed(&records(0..100, "a", at)), 10);
    assert_eq!(placed(&mut ledger, &records(11..14, "b", at), None), expect("!!!", 1));
}

#[test]
fn what_fills_a_hole_is_told_by_nothing_but_itself() {
    let at = |offset: i64| Some(60_000 * offset);
    let mut ledger = landed(&records(0..10, "a", at));
    land(&mut ledger, 1, &records(20..100, "a", at));
    land(&mut ledger, 1, &records(11..15, "b", at));
    let mut ledger = with_few_marks(ledger, 10);
    assert_eq!(ledger.current().filled.last(), Some(14));
    assert_eq!(placed(&mut ledger, &records(8..21, "a", at), None).0, "??+!!!!+++++.");
}

#[test]
fn what_has_landed_in_another_life_is_not_landed_again_out_of_turn() {
    let at = |start: i64| move |offset: i64| Some(60_000 * (start + offset));
    let mut ledger = landed(&records(0..100, "a", at(1000)));
    let anew = records(0..10, "b", at(5000));
    placed(&mut ledger, &anew, None);
    land(&mut ledger, 2, &anew);
    let mut ledger = with_few_marks(ledger, 50);
    // In turn it goes on; what falls behind may be of the life before, and so may what was given up.
    assert_eq!(placed(&mut ledger.clone(), &records(10..13, "b", at(5000)), None), expect("+++", 2));
    assert_eq!(placed(&mut ledger.clone(), &records(10..13, "b", at(0)), None), expect("+++", 2));
    assert_eq!(placed(&mut ledger.clone(), &records(11..13, "b", never), None), expect("++", 2));
    assert_eq!(placed(&mut ledger.clone(), &records(21..23, "a", at(1000)), None), expect("!!", 2));
    assert_eq!(placed(&mut ledger.clone(), &records(10..13, "a", at(1000)), Some(NOW.0)), expect("!!!", 2));
    // What is older than all that landed there has not, if times there say something.
    assert_eq!(placed(&mut ledger.clone(), &records(60..63, "c", at(0)), Some(NOW.0)), expect("+++", 2));
    ledger.lives[0].unordered = true;
    assert_eq!(placed(&mut ledger, &records(60..63, "c", at(0)), Some(NOW.0)), expect("!!!", 2));
}

#[test]
fn where_much_alternates_all_in_between_is_kept() {
    let alternating = |count| [Verdict::Lands].into_iter().chain([Verdict::Undecided, Verdict::Landed].repeat(count));
    let mut few: Vec<_> = alternating(16).collect();
    let before = few.clone();
    keep_together(&mut few);
    assert_eq!(few, before);
    let mut many: Vec<_> = alternating(17).collect();
    keep_together(&mut many);
    assert_eq!((many[0], many[34]), (Verdict::Lands, Verdict::Landed));
    assert_eq!(many[1..34], [Verdict::Undecided; 33]);
}

#[test]
fn what_comes_for_a_closed_hole_is_kept_but_what_is_newer_lands() {
    let mut ledger = Ledger::default();
    for place in 0..1003 {
        land(&mut ledger, 1, &records(2 * place..2 * place + 1, "a", at(1000)));
        ledger.close_holes(1000);
    }
    assert_eq!(ledger.current().closed_through, Some(3));
    assert_eq!(placed(&mut ledger, &records(1..2, "a", at(900)), None), expect("!", 1));
    assert_eq!(placed(&mut ledger, &records(1..2, "a", never), None), expect("!", 1));
    assert_eq!(placed(&mut ledger, &records(1..2, "a", at(90_000)), None), expect("+", 1));
    assert_eq!(placed(&mut ledger, &records(7..8, "a", at(0)), None), expect("+", 1));
    // A topic made anew is still told from it.
    assert_eq!(placed(&mut ledger, &records(0..3, "b", at(0)), None), expect("+++", 2));
}

#[test]
fn of_a_ledger_of_before_only_what_is_newer_is_told() {
    let mut ledger = landed(&records(0..100, "a", at(1000)));
    ledger.lives[0].marks.retain(|_| false);
    assert_eq!(placed(&mut ledger.clone(), &records(0..3, "a", at(1000)), None), expect("!!!", 1));
    assert_eq!(placed(&mut ledger.clone(), &records(0..3, "b", at(5000)), None), expect("+++", 2));
    // What lands now has marks.
    land(&mut ledger, 1, &records(100..110, "a", at(1000)));
    assert_eq!(placed(&mut ledger, &records(100..103, "b", at(0)), None), expect("+++", 2));
}
