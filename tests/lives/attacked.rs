//! What attacks have found.

use crate::lab::{Kinds, Lab, Rec, START_MS};

const DAY_MS: i64 = 86_400_000;

fn log(lab: &mut Lab, kind: Kinds, offsets: std::ops::Range<i64>, from: i64) -> Vec<Rec> {
    lab.log(offsets, |offset| kind.at(offset, from))
}

/// A topic of which 3,000 records landed, made anew a day later: the old log, and the first 600 records of the new one, landed.
fn made_anew(kind: Kinds) -> (Lab, Vec<Rec>, Vec<Rec>) {
    let mut lab = Lab::new();
    let old = log(&mut lab, kind, 0..3000, START_MS);
    lab.deliver_all(&old, 20);
    let from = lab.now + DAY_MS;
    let new = log(&mut lab, kind, 0..600, from);
    lab.deliver_all(&new, 20);
    lab.cold();
    (lab, old, new)
}

#[test]
fn an_old_event_that_comes_again_beyond_the_end_of_the_new_life_is_no_second_row() {
    for kind in Kinds::ALL {
        let (mut lab, old, _) = made_anew(kind);
        // Between two marks.
        let outcome = lab.deliver(&old[1030..1150]);
        assert_eq!(lab.fate().twice, 0, "{kind:?}: {outcome:?}");
    }
}

#[test]
fn an_old_event_that_comes_again_below_the_end_of_the_new_life_is_no_second_row() {
    for kind in Kinds::ALL {
        for start in 101..110 {
            let (mut lab, old, _) = made_anew(kind);
            let outcome = lab.deliver(&old[start..start + 5]);
            assert_eq!(lab.fate().twice, 0, "{kind:?}, from {start}: {outcome:?}");
        }
    }
}

#[test]
fn an_old_event_of_which_nothing_lands_begins_no_life() {
    for kind in Kinds::ALL {
        for start in 101..110 {
            let (mut lab, old, new) = made_anew(kind);
            let outcome = lab.deliver(&old[start..start + 5]);
            let what = format!("{kind:?}, from {start}: {outcome:?}");
            if outcome.rejected == outcome.undecided {
                let ledger = lab.ledger().1;
                assert_eq!((ledger.lives.len(), ledger.current), (2, 2), "{what}");
                lab.deliver(&new[225..228]);
                assert_eq!(lab.fate().twice, 0, "{what}");
            }
        }
    }
}

/// `BisectBatchOnFunctionError` is what the template asks for in provisioned mode. What is below a mark is known, and there are marks at least
/// every sixteenth of the way to the end.
#[test]
fn an_event_that_landed_but_failed_and_comes_again_in_halves_is_known_up_to_the_last_mark() {
    for kind in Kinds::ALL {
        let mut lab = Lab::new();
        let log = log(&mut lab, kind, 0..12_000, START_MS);
        lab.deliver_all(&log[..10_000], 1000);
        lab.fault("bars/", true);
        lab.try_deliver(&log[10_000..], None).unwrap_err();
        lab.cold();
        let first = lab.deliver(&log[10_000..11_000]).uncertain;
        let second = lab.deliver(&log[11_000..]).uncertain;
        let fate = lab.fate();
        assert!(first <= 1000 / 16 && second == 0, "{kind:?}: {first}, {second}");
        assert_eq!((fate.gone, fate.twice), (0, 0), "{kind:?}");
    }
}

#[test]
fn what_was_given_up_in_halves_though_it_had_landed_is_known_up_to_the_last_mark() {
    for kind in Kinds::ALL {
        let mut lab = Lab::new();
        let log = log(&mut lab, kind, 0..12_000, START_MS);
        lab.deliver_all(&log[..10_000], 1000);
        let at = lab.now;
        lab.deliver_all(&log[10_000..], 1000);
        lab.now += DAY_MS;
        for half in log[9000..10_000].chunks(500) {
            let uncertain = lab.try_deliver(half, Some(at)).unwrap().uncertain;
            assert!(uncertain <= 3000 / 16, "{kind:?}: {uncertain}");
        }
        assert_eq!((lab.fate().gone, lab.fate().twice), (0, 0), "{kind:?}");
    }
}

#[test]
fn what_is_kept_is_told_whoever_finishes_it() {
    for (prefix, done, settles) in [
        ("ledger/", true, false),
        ("rejects/", false, false),
        ("rejects/", true, false),
        ("bars/", false, false),
        ("bars/", true, true),
    ] {
        let mut lab = Lab::new();
        let old = log(&mut lab, Kinds::None, 0..20_000, START_MS);
        lab.deliver_all(&old, 1000);
        let new = log(&mut lab, Kinds::None, 5000..6000, START_MS);
        let mut told = 0;
        for chunk in new.chunks(20) {
            lab.fault(prefix, done);
            lab.try_deliver(chunk, None).unwrap_err();
            lab.cold();
            if settles {
                lab.now += 7_200_000;
                lab.settle();
            }
            told += lab.deliver(chunk).uncertain;
        }
        let kept = lab.fate().only_kept;
        assert!(kept > 0 && told >= kept, "{prefix} done {done}, settled {settles}: {kept} are kept, {told} were told");
    }
}

/// Kafka drops what is old: the first record that was ever read is seldom that of offset 0.
#[test]
fn a_topic_that_was_read_from_a_high_offset_and_is_made_anew_begins_a_life() {
    for kind in Kinds::ALL {
        let mut lab = Lab::new();
        let old = log(&mut lab, kind, 1_000_000..1_003_000, START_MS - 10_000_000);
        lab.deliver_all(&old, 300);
        for life in 2..4 {
            let from = lab.now + DAY_MS;
            let new = log(&mut lab, kind, 0..3000, from);
            lab.deliver_all(&new, 300);
            // Of the newest, cut otherwise.
            lab.deliver(&new[2950..2990]);
            let fate = lab.fate();
            assert_eq!((lab.uncertain, fate.only_kept, fate.noise), (0, 0, 0), "{kind:?}, life {life}");
            assert_eq!(fate.lives, life, "{kind:?}");
        }
    }
}

#[test]
fn an_old_event_in_the_new_life_does_not_keep_the_new_log_out_of_bars() {
    for kind in Kinds::ALL {
        let mut lab = Lab::new();
        let old = log(&mut lab, kind, 0..10_000, START_MS);
        lab.deliver_all(&old[..9000], 1000);
        let slept_since = lab.now;
        lab.now += DAY_MS;
        let from = lab.now;
        let new = log(&mut lab, kind, 0..12_000, from);
        lab.deliver_all(&new[..300], 300);
        let now = lab.now;
        // The invocation began before there was the new life.
        lab.now = slept_since;
        lab.deliver(&old[9000..]);
        lab.now = now;
        lab.deliver_all(&new[300..], 300);
        let fate = lab.fate();
        assert_eq!((fate.only_kept, fate.gone, fate.twice), (0, 0, 0), "{kind:?}: {fate:?}");
    }
}

/// From a cold start: side by side, either could swap first.
#[test]
fn two_logs_in_one_event_land_one_after_the_other() {
    for kind in Kinds::ALL {
        let mut lab = Lab::new();
        let old = log(&mut lab, kind, 0..10_000, START_MS);
        lab.deliver_all(&old[..9000], 1000);
        lab.cold();
        let from = lab.now + DAY_MS;
        let new = log(&mut lab, kind, 0..12_000, from);
        lab.now += DAY_MS + 1000;
        lab.try_deliver_logs(&[&old[9000..], &new[..100]], None).unwrap();
        lab.deliver_all(&new[100..], 300);
        let (fate, ledger) = (lab.fate(), lab.ledger().1);
        assert_eq!((fate.only_kept, fate.gone, fate.twice), (0, 0, 0), "{kind:?}: {fate:?}");
        assert_eq!(ledger.current, 2, "{kind:?}");
    }
}

#[test]
fn transactions_in_a_second_life_land_whatever_their_times() {
    for (kind, every) in Kinds::ALL.into_iter().flat_map(|kind| [(kind, 101), (kind, 11)]) {
        let mut lab = Lab::new();
        let mut old = log(&mut lab, kind, 0..8000, START_MS);
        old.retain(|rec| rec.offset % every != every - 1);
        lab.deliver_all(&old, 500);
        let from = lab.now + DAY_MS;
        let mut new = log(&mut lab, kind, 0..6000, from);
        new.retain(|rec| rec.offset % every != every - 1);
        // Each event begins behind a marker.
        lab.deliver_all(&new, 100);
        let fate = lab.fate();
        assert_eq!((lab.uncertain, fate.only_kept), (0, 0), "{kind:?}, a marker every {every}: {fate:?}");
    }
}

#[test]
fn below_closed_holes_too_a_log_cut_short_begins_a_life() {
    for kind in Kinds::ALL {
        let mut lab = Lab::new();
        let mut old = log(&mut lab, kind, 0..20_000, START_MS);
        old.retain(|rec| rec.offset % 3 != 2);
        lab.deliver_all(&old, 500);
        let from = lab.now + DAY_MS;
        let mut new = log(&mut lab, kind, 10_005..11_000, from);
        new.retain(|rec| rec.offset % 3 != 2);
        lab.deliver_all(&new, 20);
        assert_eq!(lab.shared_keys(), 0, "{kind:?}: rows of one life and offset");
    }
}

/// Offsets that keep their marks when the log is so long.
fn that_keep_their_mark(end: i64) -> Vec<i64> {
    let kept = (0..45).flat_map(|k| {
        let step = 1_i64 << k;
        ((end / step - 63).max(1)..=end / step).map(move |times| times * step)
    });
    let offsets: std::collections::BTreeSet<_> = kept.filter(|offset| (1000..end - 20_000).contains(offset)).collect();
    offsets.into_iter().collect()
}

#[test]
fn the_ledger_of_many_long_lives_stays_below_16_kib_whatever_the_size_of_an_event() {
    for (end, kind) in
        [1_000_000, 1_000_000_000].into_iter().flat_map(|end| [(end, Kinds::Increasing), (end, Kinds::Jitter)])
    {
        let mut lab = Lab::new();
        for life in 1..=8 {
            let from = START_MS + life * end * 10;
            let mut begin = log(&mut lab, kind, 0..1000, from);
            for offset in that_keep_their_mark(end) {
                begin.extend(log(&mut lab, kind, offset..offset + 1, from));
            }
            lab.deliver_all(&begin, 400);
            let tail = log(&mut lab, kind, end - 20_000..end, from);
            lab.deliver_all(&tail[..10_000], 150);
            lab.close_gaps();
            lab.deliver_all(&tail[10_000..], 10_000);
            lab.close_gaps();
            let (bytes, ledger) = lab.ledger();
            assert!(bytes < 16 * 1024, "{kind:?}, {} lives of {end} records: {bytes} bytes", ledger.lives.len());
        }
    }
}

#[test]
fn an_ordinary_event_costs_as_many_requests_in_a_later_life_as_in_the_first() {
    let mut lab = Lab::new();
    for life in 1..=3 {
        let from = lab.now + DAY_MS;
        let log = log(&mut lab, Kinds::Increasing, 0..3000, from);
        for (place, event) in log.chunks(300).enumerate() {
            let before = lab.requests();
            lab.deliver(event);
            // Ledger, rejects, bars. The very first looks for a ledger, creates it, and looks what is sealed.
            assert_eq!(
                lab.requests() - before,
                if (life, place) == (1, 0) { 6 } else { 3 },
                "life {life}, event {place}"
            );
        }
    }
}
