//! Files of which something was sent before.

use super::*;

/// Something of these files was sent, all of it with this symbol, if there was only one.
struct Sent {
    files: Vec<String>,
    symbol: Option<String>,
}

impl Sent {
    fn of(paths: &[&Path], symbol: Option<&str>) -> Sent {
        let file = |path: &&Path| Incarnation::of(path, &fs::metadata(path).unwrap()).unwrap().file().to_owned();
        Sent { files: paths.iter().map(file).collect(), symbol: symbol.map(ToOwned::to_owned) }
    }
}

impl Past for Sent {
    fn generation(&self, name: &str) -> Option<u32> {
        self.files.iter().any(|file| file == name).then_some(0)
    }

    fn is_empty(&self) -> bool {
        self.files.is_empty()
    }

    fn is_to_begin_anew(&self) -> bool {
        false
    }

    /// What was sent as a file that is gone.
    fn holds(&self, rows: &dyn Fn() -> Result<Rows>) -> Result<Option<String>> {
        let gone = self.files.iter().find(|file| file.starts_with('#')).cloned();
        Ok(gone.filter(|_| rows().is_ok_and(|rows| rows.flatten().next().map(|first| first.key) == self.symbol)))
    }

    fn verdict(&self, _name: &str, rows: &dyn Fn() -> Result<Rows>) -> Result<Verdict> {
        let is_same = |key: String| self.symbol.as_ref().is_none_or(|symbol| *symbol == key);
        let first = rows()?.find_map(Result::ok);
        Ok(if first.is_some_and(|first| is_same(first.key)) { Verdict::Same } else { Verdict::Other(Place::default()) })
    }
}

/// The source of each record, with its symbol.
fn sources(rows: &mut Follow, count: usize) -> Vec<(String, String)> {
    let source = |record: crate::source::Record| (record.key, record.place.source.unwrap_or_default().to_string());
    coming(rows).filter_map(Result::ok).take(count).map(source).collect()
}

#[test]
fn formers_are_taken_in_the_order_that_their_names_say_whoever_touched_them() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    for (number, name) in ["a.csv", "a.csv.1", "a.csv.2"].into_iter().enumerate() {
        fs::write(path(name), format!("{HEADER}{}", bar(["C", "B", "A"][number]))).unwrap();
        let modified = std::time::UNIX_EPOCH + Duration::from_secs(1_700_000_000 + number as u64);
        File::options().append(true).open(path(name)).unwrap().set_modified(modified).unwrap();
    }
    let past = Sent::of(&[&path("a.csv.2")], None);
    let mut rows = open(&[path("a.csv")], &Choices::default(), Box::new(past)).unwrap();
    assert_eq!(symbols(&mut rows, 3), ["A", "B", "C"]);
    let age = |name: &str| names::age(&path(name), &path("a.csv"));
    assert!(age("a.csv.10") < age("a.csv.9") && age("a-20240219.csv") < age("a-20240220.csv"));
    assert!(age("a.csv-2024-02-19") < age("a.csv-2024-03-01") && age("a.csv-19-02-2024").is_none());
}

#[test]
fn what_a_former_file_has_of_one_that_is_gone_is_gone_on_with() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let sent = || Box::new(Sent { files: vec!["#AAAAAAAA".to_owned()], symbol: Some("A".to_owned()) });
    fs::write(path("a.csv.1"), format!("{HEADER}{}", bar("A"))).unwrap();
    // Nothing has the name now.
    let mut rows = open(&[folder.path().to_owned()], &Choices::default(), sent()).unwrap();
    assert_eq!(sources(&mut rows, 1), [("A".to_owned(), "#AAAAAAAA".to_owned())]);
    fs::write(path("a.csv"), format!("{HEADER}{}", bar("B"))).unwrap();
    let mut rows = open(&[path("a.csv")], &Choices::default(), sent()).unwrap();
    let sources = sources(&mut rows, 2);
    assert_eq!((&*sources[0].1, &*sources[1].0), ("#AAAAAAAA", "B"));
}

#[test]
fn what_is_passed_over_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    for name in ["a.csv", "a.csv.1", "a.csv.2"] {
        fs::write(path(name), format!("{HEADER}{}", bar("A"))).unwrap();
    }
    fs::write(path("a.csv"), format!("{HEADER}{}", bar("C"))).unwrap();
    let past = Sent { files: vec!["of another".to_owned()], symbol: None };
    let mut rows = open(&[path("a.csv")], &Choices::default(), Box::new(past)).unwrap();
    let told = &next(&mut rows, 1)[0];
    let passed_over = format!("passed over: {}, {}: nothing", path("a.csv.2").display(), path("a.csv.1").display());
    assert!(told.contains(&passed_over), "{told}");
}

#[test]
fn what_a_name_was_before_is_nothing_of_its_own_where_no_file_has_the_name_for_a_while() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    fs::write(path("a.csv.1"), format!("{HEADER}{}", bar("X"))).unwrap();
    fs::write(path("a.csv"), format!("{HEADER}{}", bar("A"))).unwrap();
    let mut rows = open(&[folder.path().to_owned()], &Choices::default(), Box::new(NoPast)).unwrap();
    assert_eq!(symbols(&mut rows, 1), ["A"]);
    fs::rename(path("a.csv.1"), path("a.csv.2")).unwrap();
    fs::rename(path("a.csv"), path("a.csv.1")).unwrap();
    // It comes after what a.csv.2 would be taken for.
    fs::write(path("z.csv"), format!("{HEADER}{}", bar("Z"))).unwrap();
    assert_eq!(symbols(&mut rows, 1), ["Z"]);
}

#[test]
fn a_link_is_the_file_that_it_leads_to() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    fs::create_dir(path("sub")).unwrap();
    fs::write(path("sub/a.csv"), "").unwrap();
    std::os::unix::fs::symlink(path("sub/a.csv"), path("link.csv")).unwrap();
    let [file, link] = ["sub/a.csv", "link.csv"]
        .map(|name| Incarnation::of(&path(name), &fs::metadata(path(name)).unwrap()).unwrap().file().to_owned());
    assert_eq!(file, link);
}

#[test]
fn what_was_sent_as_a_file_that_is_read_once_is_gone_on_with() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.csv");
    fs::write(&path, format!("{HEADER}{}", bar("A"))).unwrap();
    let name = path.canonicalize().unwrap().to_str().unwrap().to_owned();
    for (symbol, is_same) in [("A", true), ("B", false)] {
        let past = Sent { files: vec![name.clone()], symbol: Some(symbol.to_owned()) };
        let mut rows = open(std::slice::from_ref(&path), &Choices::default(), Box::new(past)).unwrap();
        assert_eq!(sources(&mut rows, 1)[0].1 == name, is_same);
    }
}

#[test]
fn a_file_that_is_not_what_was_sent_of_it_is_begun_again_aloud() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.csv");
    fs::write(&path, format!("{HEADER}{}", bar("A"))).unwrap();
    let mut rows =
        open(std::slice::from_ref(&path), &Choices::default(), Box::new(Sent::of(&[&path], Some("B")))).unwrap();
    let told = &next(&mut rows, 1)[0];
    assert!(told.ends_with("is not what was sent of this file before (the symbol counts, too): begun again"), "{told}");
}

/// A former file with more rows than are read ahead, and the one that has its name now.
fn much_is_left_of_a_former_one(folder: &Path) -> Follow {
    let [former, now] = ["a.csv.1", "a.csv"].map(|name| folder.join(name));
    let many: String = (0..5000).map(|number| bar(&format!("S{number}"))).collect();
    fs::write(&former, format!("{HEADER}{many}")).unwrap();
    fs::write(&now, format!("{HEADER}{}", bar("B"))).unwrap();
    open(std::slice::from_ref(&now), &Choices::default(), Box::new(Sent::of(&[&former], None))).unwrap()
}

#[test]
fn a_file_that_turns_while_what_was_left_of_others_is_read_is_read_too() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let mut rows = much_is_left_of_a_former_one(folder.path());
    assert_eq!(symbols(&mut rows, 1), ["S0"]);
    fs::rename(path("a.csv.1"), path("a.csv.2")).unwrap();
    fs::rename(path("a.csv"), path("a.csv.1")).unwrap();
    fs::write(path("a.csv"), format!("{HEADER}{}", bar("C"))).unwrap();
    assert_eq!(symbols(&mut rows, 5001)[4999..], ["B", "C"]);
}

#[test]
fn a_file_that_is_cut_short_before_it_is_read_is_read_from_its_copy() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let mut rows = much_is_left_of_a_former_one(folder.path());
    assert_eq!(symbols(&mut rows, 1), ["S0"]);
    fs::copy(path("a.csv"), path("a.csv.0")).unwrap();
    fs::write(path("a.csv"), format!("{HEADER}{}", bar("C"))).unwrap();
    assert_eq!(symbols(&mut rows, 5001)[4999..], ["B", "C"]);
}

#[test]
fn a_former_file_that_is_still_written_is_read_on() {
    let folder = tempfile::tempdir().unwrap();
    let [former, now] = ["a.csv.1", "a.csv"].map(|name| folder.path().join(name));
    fs::write(&former, format!("{HEADER}{}", bar("A"))).unwrap();
    fs::write(&now, format!("{HEADER}{}", bar("C"))).unwrap();
    let mut rows = open(&[now], &Choices::default(), Box::new(Sent::of(&[&former], None))).unwrap();
    assert_eq!(symbols(&mut rows, 2), ["A", "C"]);
    append(&former, &bar("B"));
    assert_eq!(symbols(&mut rows, 1), ["B"]);
}

#[test]
fn a_symbol_from_a_name_is_that_of_the_name_before_it_was_turned() {
    let choices = Choices { symbol: Some(SymbolIs::FileName), ..Choices::default() };
    for name in ["ACME.csv.1", "ACME-20240219.csv"] {
        for has_next in [true, false] {
            let folder = tempfile::tempdir().unwrap();
            let turned = folder.path().join(name);
            fs::write(&turned, "Date,Open,High,Low,Close\n2024-02-19,1,1,1,1\n").unwrap();
            if has_next {
                fs::write(folder.path().join("ACME.csv"), "").unwrap();
            }
            let past = Sent::of(&[&turned], Some("ACME"));
            let source = past.files[0].clone();
            let mut rows = open(&[folder.path().to_owned()], &choices, Box::new(past)).unwrap();
            let record = coming(&mut rows).find_map(Result::ok).unwrap();
            assert_eq!((record.key.as_str(), record.place.source.as_deref()), ("ACME", Some(&*source)), "{name}");
        }
    }
}
