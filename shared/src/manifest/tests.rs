use super::*;

const HOUR_MS: i64 = 3_600_000;

fn hour(text: &str) -> Hour {
    text.parse().unwrap()
}

fn part(id: &str, from: &str, through: &str) -> Part {
    Part { id: id.to_owned(), from: hour(from), through: hour(through), ..Part::default() }
}

#[test]
fn a_lake_that_was_never_compacted_is_what_has_landed() {
    let select = Manifest::default().select(Table::Bars, &["symbol", "dt"], None);
    assert_eq!(select, "SELECT symbol, dt FROM bars_landed");
}

#[test]
fn a_version_is_read_in_its_parts_and_from_its_hour_on() {
    let first = Manifest::default();
    let a = (Table::Bars, part("a", "2026-11-22T00", "2026-11-22T19"));
    let b = (Table::Bars, part("b", "2026-11-22T19", "2026-11-23T00"));
    let d = (Table::Daily, part("d", "2026-11-22T00", "2026-11-23T00"));
    let second = first.next(hour("2026-11-23T00"), &[b, a, d], &[], LandingTime(5));
    assert_eq!(
        second.select(Table::Bars, &["symbol", "hour"], Some("lake")),
        "SELECT symbol, hour FROM \"lake\".bars_compacted WHERE part IN ('a', 'b') UNION ALL \
         SELECT symbol, hour FROM \"lake\".bars_landed WHERE dt >= '2026-11-23' AND (dt > '2026-11-23' OR hour >= '00')"
    );
    let c = (Table::Bars, part("c", "2026-11-22T00", "2026-11-23T00"));
    let merged = [(Table::Bars, "a".to_owned()), (Table::Bars, "b".to_owned())];
    let third = second.next(second.through, &[c], &merged, LandingTime(7));
    assert_eq!((third.version, third.bars.len(), third.daily.len(), third.retired.len()), (2, 1, 1, 2));
    assert!(third.names(Table::Bars, "a") && third.names(Table::Bars, "c") && !third.names(Table::Daily, "a"));
    assert_eq!(third.switches, [Switch { through: hour("2026-11-23T00"), at_ms: 5 }]);
    assert_eq!(Manifest::parse(&third.to_bytes()).unwrap(), third);
}

#[test]
fn a_part_is_named_after_the_version_that_it_is_made_of() {
    let id = part_id(hour("2026-11-22T19"), 17, "k3j", 2);
    assert_eq!((id.as_str(), base_of(&id)), ("2026-11-22T19-v17-k3j-2", Some(17)));
    let key = Table::Daily.key(&id);
    assert_eq!(key, "compacted/daily/part=2026-11-22T19-v17-k3j-2/daily.parquet");
    assert_eq!((Table::Daily.part_of(&key), Table::Bars.part_of(&key)), (Some(id.as_str()), None));
    assert_eq!(base_of("something"), None);
}

#[test]
fn for_how_long_an_hour_has_been_read_in_parts_is_told_too_short_and_never_too_long() {
    let mut manifest = Manifest::default();
    let hours = 24 * 400;
    for done in 1..=hours {
        manifest = manifest.next(Hour(done), &[], &[], LandingTime(done * HOUR_MS));
        assert!(manifest.switches.len() <= MOST_SWITCHES);
    }
    let now = LandingTime(hours * HOUR_MS);
    for grace_hours in [0, 1, 5, 24, 24 * 7, 24 * 30, 24 * 365] {
        let told = hours - manifest.through_for(grace_hours * HOUR_MS, now).0;
        assert!(told >= grace_hours, "{told} hours ago is less than {grace_hours}");
        assert!(told <= grace_hours + 2 + grace_hours / 2, "{told} hours ago is much more than {grace_hours}");
    }
    assert_eq!(manifest.through_for(i64::MAX, now), Hour::default());
}

#[test]
fn landed_objects_are_counted_by_their_day_in_any_order() {
    let count = |keys: &[(&str, &str)]| {
        let mut manifest = Manifest::default();
        manifest.count_landed(keys.iter().map(|(at, key)| (hour(at), *key)));
        assert_eq!(Manifest::parse(&manifest.to_bytes()).unwrap(), manifest);
        manifest.landed
    };
    let landed = count(&[("2026-11-20T23", "a"), ("2026-11-21T00", "b"), ("2026-11-21T10", "c")]);
    assert_eq!(
        landed.iter().map(|(day, landed)| (day.as_str(), landed.objects)).collect::<Vec<_>>(),
        [("2026-11-20", 1), ("2026-11-21", 2)]
    );
    assert_eq!(landed, count(&[("2026-11-21T10", "c"), ("2026-11-21T00", "b"), ("2026-11-20T23", "a")]));
    assert_ne!(landed, count(&[("2026-11-21T10", "c"), ("2026-11-21T00", "B"), ("2026-11-20T23", "a")]));
}
