//! Logs of realistic size, in which most records have no mark any more: what becomes of each record, for each kind of timestamps.

use crate::lab::{Fate, Kinds, Lab, Rec, START_MS};

const DAY_MS: i64 = 86_400_000;

/// Every record is a row, once, and nothing else was written.
fn assert_whole(lab: &Lab, what: &str) {
    let fate = lab.fate();
    let all = Fate { acknowledged: fate.acknowledged, rows: fate.acknowledged, lives: fate.lives, ..Fate::default() };
    assert_eq!((fate, lab.uncertain), (all, 0), "{what}");
}

/// No record is a row twice, and what is not there was said to be uncertain, or is kept.
fn assert_nothing_lost_in_silence(lab: &Lab, what: &str) {
    let fate = lab.fate();
    assert_eq!((fate.twice, fate.silent), (0, 0), "{what}: {fate:?}");
    assert!(fate.gone <= lab.uncertain, "{what}: {fate:?}");
}

fn log(lab: &mut Lab, kind: Kinds, count: i64, from: i64) -> Vec<Rec> {
    lab.log(0..count, |offset| kind.at(offset, from))
}

#[test]
fn a_recent_event_delivered_again_is_known_whatever_its_size_and_times() {
    for (kind, size) in Kinds::ALL.into_iter().flat_map(|kind| [(kind, 200), (kind, 1000)]) {
        let mut lab = Lab::new();
        let log = log(&mut lab, kind, 20 * size, START_MS);
        let size = usize::try_from(size).unwrap();
        lab.deliver_all(&log, size);
        for ago in [1, 2, 11] {
            for cold in [false, true] {
                if cold {
                    lab.cold();
                }
                lab.deliver(&log[(20 - ago) * size..][..size]);
                assert_whole(&lab, &format!("{kind:?}, events of {size}, {ago} ago, cold {cold}"));
            }
        }
        // From where the last but two began, in larger events.
        lab.deliver(&log[17 * size..]);
        assert_whole(&lab, &format!("{kind:?}, three events of {size} as one"));
    }
}

#[test]
fn what_is_cut_anew_or_read_again_is_no_second_row_and_not_lost() {
    for kind in Kinds::ALL {
        let mut lab = Lab::new();
        let log = log(&mut lab, kind, 30_000, START_MS);
        lab.deliver_all(&log, 500);
        lab.deliver(&log[29_760..29_990]);
        assert_eq!(lab.uncertain, 0, "{kind:?}: the last 256 have a mark each");
        lab.deliver(&log[28_250..29_750]);
        lab.deliver_all(&log, 700);
        assert_nothing_lost_in_silence(&lab, &format!("{kind:?}"));
        assert_eq!((lab.fate().gone, lab.fate().rows), (0, 30_000), "{kind:?}");
    }
}

#[test]
fn made_anew_again_and_again_all_lands() {
    for (kind, gap_ms) in Kinds::ALL.into_iter().flat_map(|kind| [(kind, 0), (kind, 60_000), (kind, DAY_MS)]) {
        let mut lab = Lab::new();
        let mut from = START_MS;
        for _ in 0..3 {
            let log = log(&mut lab, kind, 3000, from);
            lab.deliver_all(&log, 300);
            from = lab.now.max(from + 60_000) + gap_ms;
        }
        assert_whole(&lab, &format!("{kind:?}, after {gap_ms} ms"));
    }
}

#[test]
fn made_anew_a_dozen_times_the_ledger_stays_small() {
    let mut lab = Lab::new();
    for _ in 0..12 {
        let from = lab.now + DAY_MS;
        let log = log(&mut lab, Kinds::Increasing, 3000, from);
        lab.deliver_all(&log, 100);
    }
    assert_whole(&lab, "12 lives");
    let (bytes, ledger) = lab.ledger();
    assert!(bytes < 16 * 1024 && ledger.lives.len() == 8, "{bytes} bytes, {} lives", ledger.lives.len());
}

#[test]
fn a_log_cut_short_loses_nothing_in_silence() {
    for (kind, by) in Kinds::ALL.into_iter().flat_map(|kind| [(kind, 1), (kind, 300), (kind, 5000)]) {
        let mut lab = Lab::new();
        let end = 20_000;
        let old = log(&mut lab, kind, end, START_MS);
        lab.deliver_all(&old, 1000);
        let from = lab.now + 60_000 - (end - by) * 10;
        let again = lab.log(end - by..end + 2000, |offset| kind.at(offset, from));
        lab.deliver_all(&again, 200);
        let what = format!("{kind:?}, cut by {by}");
        assert_nothing_lost_in_silence(&lab, &what);
        if by < 256 || matches!(kind, Kinds::Increasing) {
            assert_whole(&lab, &what);
        }
    }
}

#[test]
fn a_producer_that_is_late_or_years_ahead_keeps_nothing_out_of_a_second_life() {
    let at = |from: i64, ahead: bool, late_ms: i64| {
        move |offset: i64| match offset {
            50 if ahead => Some(2_051_222_400_000),
            _ => Some(from + offset * 10 - if offset % 3 == 0 { late_ms } else { 0 }),
        }
    };
    for (old_ahead, new_ahead, late_ms) in
        [(true, true, 0), (false, true, 0), (true, false, 120_000), (false, false, 120_000)]
    {
        let mut lab = Lab::new();
        let old = lab.log(0..20_000, at(START_MS, old_ahead, late_ms));
        lab.deliver_all(&old, 1000);
        let new = lab.log(0..20_000, at(START_MS + DAY_MS, new_ahead, late_ms));
        lab.deliver_all(&new, 100);
        assert_whole(
            &lab,
            &format!("ahead in the old one {old_ahead}, in the new one {new_ahead}, late by {late_ms} ms"),
        );
    }
}

#[test]
fn an_event_that_was_given_up_though_it_had_landed_is_skipped_or_kept() {
    for (kind, since) in Kinds::ALL.into_iter().flat_map(|kind| [(kind, 0), (kind, 40), (kind, 100)]) {
        let mut lab = Lab::new();
        let log = log(&mut lab, kind, 1000 * (since + 2), START_MS);
        lab.deliver_all(&log[..2000], 1000);
        let at = lab.now;
        lab.deliver_all(&log[2000..], 1000);
        lab.cold();
        lab.now += DAY_MS;
        let outcome = lab.try_deliver(&log[1000..2000], Some(at)).unwrap();
        let what = format!("{kind:?}, {since} events ago: {outcome:?}");
        if since < 64 {
            assert_whole(&lab, &what);
        }
        // So redriving it is over: what is uncertain is kept.
        assert_eq!((outcome.uncertain, lab.fate().gone, lab.fate().twice), (outcome.undecided, 0, 0), "{what}");
    }
}

#[test]
fn what_was_given_up_in_any_life_lands_where_it_belongs() {
    for (kind, of_life) in Kinds::ALL.into_iter().flat_map(|kind| [(kind, 1), (kind, 2), (kind, 3)]) {
        let mut lab = Lab::new();
        let mut given_up = (Vec::new(), 0);
        for life in 1..=3 {
            let all = log(&mut lab, kind, 10_000, START_MS + life * 10_000_000);
            lab.deliver_all(&all[..6000], 500);
            let left_out = if life == of_life { 500 } else { 0 };
            if life == of_life {
                given_up = (all[6000..6500].to_vec(), lab.now);
            }
            lab.deliver_all(&all[6000 + left_out..], 500);
        }
        lab.now += DAY_MS;
        for _ in 0..2 {
            lab.try_deliver(&given_up.0, Some(given_up.1)).unwrap();
            assert_nothing_lost_in_silence(&lab, &format!("{kind:?}, of life {of_life}"));
            assert_eq!(lab.fate().gone, 0, "{kind:?}, of life {of_life}");
        }
        if matches!(kind, Kinds::Increasing | Kinds::Bursts | Kinds::Jitter) {
            assert_eq!(lab.fate().only_kept, 0, "{kind:?}, of life {of_life}");
        }
    }
}

#[test]
fn offsets_with_gaps_by_nature_are_no_trouble() {
    for (kind, every) in
        [Kinds::Increasing, Kinds::None].into_iter().flat_map(|kind| [(kind, 101), (kind, 11), (kind, 3)])
    {
        let mut lab = Lab::new();
        let mut log = log(&mut lab, kind, 40_000, START_MS);
        log.retain(|rec| rec.offset % every != every - 1);
        lab.deliver_all(&log, 1000);
        for ago in [1, 2, 10] {
            lab.cold();
            let from = log.len() - 1000 * ago;
            lab.deliver(&log[from - from % 1000..][..1000]);
        }
        assert_whole(&lab, &format!("{kind:?}, one of {every} left out"));
        let (bytes, _) = lab.ledger();
        assert!(bytes < 64 * 1024, "{bytes} bytes");
        lab.deliver_all(&log, 1000);
        assert_eq!((lab.fate().gone, lab.fate().twice), (0, 0));
    }
}

#[test]
fn a_topic_of_before_the_upgrade_loses_nothing_whatever_comes() {
    for (kind, ago_ms) in Kinds::ALL.into_iter().flat_map(|kind| [(kind, -DAY_MS), (kind, 0), (kind, 365 * DAY_MS)]) {
        let mut lab = Lab::new();
        let old = log(&mut lab, kind, 3000, START_MS);
        lab.put_former_ledger(&old[..2000]);
        lab.deliver_all(&old[2000..], 100);
        assert_whole(&lab, &format!("{kind:?}: what follows"));
        let new = log(&mut lab, kind, 3000, START_MS - ago_ms);
        lab.deliver_all(&new, 100);
        lab.deliver_all(&new[2500..], 100);
        assert_eq!((lab.fate().gone, lab.fate().twice), (0, 0), "{kind:?}, {ago_ms} ms older: {:?}", lab.fate());
    }
}

#[test]
fn every_request_of_an_event_that_begins_a_life_may_fail() {
    for (kind, prefix) in
        Kinds::ALL.into_iter().flat_map(|kind| ["ledger/", "rejects/", "bars/"].map(|prefix| (kind, prefix)))
    {
        for (done, settles) in [(false, false), (false, true), (true, false), (true, true)] {
            let mut lab = Lab::new();
            let old = log(&mut lab, kind, 1000, START_MS);
            lab.deliver_all(&old, 100);
            let new = log(&mut lab, kind, 500, START_MS + DAY_MS);
            lab.fault(prefix, done);
            lab.try_deliver(&new[..100], None).unwrap_err();
            if settles {
                lab.cold();
                lab.now += 7_200_000;
                lab.settle();
            }
            lab.cold();
            lab.deliver(&new[..130]);
            lab.deliver(&new[50..200]);
            lab.deliver(&old[950..]);
            lab.deliver(&new[200..500]);
            lab.deliver(&new[200..500]);
            assert_whole(&lab, &format!("{kind:?}, {prefix} done {done}, settled {settles}"));
        }
    }
}

#[test]
fn what_is_kept_by_an_invocation_that_fails_is_told_by_the_next() {
    let mut lab = Lab::new();
    let old = log(&mut lab, Kinds::None, 20_000, START_MS);
    lab.deliver_all(&old, 1000);
    // Cut short where marks are rare, and nothing else tells where.
    let new = lab.log(5000..6000, |_| None);
    let mut told = 0;
    for chunk in new.chunks(20) {
        lab.fault("bars/", true);
        lab.try_deliver(chunk, None).unwrap_err();
        lab.cold();
        told += lab.deliver(chunk).uncertain;
    }
    let kept = lab.fate().only_kept;
    assert!(kept > 0 && told >= kept, "{kept} are kept, {told} were told");
}

#[test]
fn one_event_of_the_old_life_does_not_bring_the_log_back_to_it() {
    let mut lab = Lab::new();
    let old = log(&mut lab, Kinds::Increasing, 1000, START_MS);
    lab.deliver_all(&old, 100);
    let new = log(&mut lab, Kinds::Increasing, 3000, START_MS + DAY_MS);
    lab.deliver_all(&new[..2000], 100);
    lab.now += 1000;
    lab.deliver(&old[900..]);
    lab.deliver_all(&new[2000..], 100);
    // The last run is pending.
    assert_eq!(lab.ledger().1.life(2).unwrap().landed.last(), Some(2899));
    assert_whole(&lab, "an old event");
}
