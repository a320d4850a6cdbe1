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
fn a_day_of_which_some_objects_are_not_counted_is_not_counted_at_all() {
    let count = |manifest: &mut Manifest, through: &str, objects: &[(&str, &str)], to_be_hollow: bool| {
        manifest.through = hour(through);
        manifest.count_landed(objects.iter().map(|(at, key)| (hour(at), *key)), to_be_hollow);
        manifest
            .landed
            .iter()
            .map(|(day, landed)| format!("{day} {} {}", landed.objects, landed.partial))
            .collect::<Vec<_>>()
    };
    let mut manifest = Manifest::default();
    let days = count(&mut manifest, "2026-11-20T06", &[("2026-11-19T03", "a"), ("2026-11-20T03", "b")], false);
    assert_eq!(days, ["2026-11-20 0 true"]);
    let days = count(&mut manifest, "2026-11-20T12", &[("2026-11-20T09", "c")], true);
    assert_eq!(days, ["2026-11-20 0 true"]);
    let days = count(&mut manifest, "2026-11-21T12", &[("2026-11-20T19", "d"), ("2026-11-21T09", "e")], true);
    assert_eq!(days, ["2026-11-21 1 false"]);
    let days = count(&mut manifest, "2026-11-22T00", &[("2026-11-21T10", "f"), ("2026-11-21T11", "g")], true);
    assert_eq!(days, ["2026-11-21 3 false"]);
    assert_eq!(Manifest::parse(&manifest.to_bytes()).unwrap(), manifest);
    // What was to be hollow is so no more.
    let days = count(&mut manifest, "2026-11-22T00", &[("2026-11-21T12", "h")], false);
    assert_eq!(days, [""; 0]);
}
