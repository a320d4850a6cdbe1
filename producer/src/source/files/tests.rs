use super::*;
use crate::source::listing;

struct Folder(tempfile::TempDir);

impl Folder {
    fn new(files: &[(&str, &str)]) -> Folder {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in files {
            std::fs::write(folder.path().join(name), text).unwrap();
        }
        Folder(folder)
    }

    fn files(&self, names: &[&str]) -> Files {
        let paths = names.iter().map(|name| self.0.path().join(name)).collect();
        Files { named: paths, choices: Choices::default() }
    }

    /// What is said of the files, without the folder's name.
    fn read(&self, names: &[&str]) -> String {
        let said = match self.files(names).open() {
            Ok(rows) => listing(rows),
            Err(error) => format!("refused: {error:#}"),
        };
        said.replace(&format!("{}/", self.0.path().display()), "")
    }
}

fn bars(symbol: &str, rest: &str) -> String {
    format!("Index,Date,Open,High,Low,Close\n{symbol},2024-02-19,1,1,1,1\n{rest}")
}

#[test]
fn files_are_read_one_after_the_other_each_as_what_it_is() {
    let folder =
        Folder::new(&[("a.csv", &bars("A", "bad,row,1,1,1,1\n")), ("b.csv", &bars("B", "").replace(',', ";"))]);
    insta::assert_snapshot!(folder.read(&["b.csv", "a.csv"]));
    assert_eq!(folder.read(&["*.csv"]), folder.read(&["a.csv", "b.csv"]));
}

#[test]
fn of_many_files_some_may_have_no_rows() {
    let folder =
        Folder::new(&[("a.csv", ""), ("b.csv", &bars("B", "")), ("c.csv", "Index,Date,Open,High,Low,Close\n")]);
    insta::assert_snapshot!(folder.read(&["*.csv"]));
    assert!(folder.read(&["a.csv"]).starts_with("refused: cannot read a.csv: the file is empty"));
    assert!(folder.read(&["c.csv"]).ends_with("broken: the file has a header and no rows\n"));
}

#[test]
fn a_name_with_a_star_in_it_is_a_name_where_there_is_such_a_file() {
    let folder = Folder::new(&[("a*.csv", &bars("STAR", "")), ("ab.csv", &bars("B", ""))]);
    assert!(folder.read(&["a*.csv"]).contains("STAR"));
    assert!(!folder.read(&["a*.csv"]).contains("\"B\""));
}

#[test]
fn what_cannot_be_read_is_told_before_the_first_row() {
    let folder = Folder::new(&[("a.csv", &bars("A", "")), ("b.csv", "Date,Open\n")]);
    let refused = folder.read(&["a.csv", "b.csv"]);
    assert!(refused.starts_with("refused: cannot read b.csv: "), "{refused}");
    assert!(refused.ends_with("`producer inspect b.csv` shows what it is taken for"), "{refused}");
    assert!(folder.read(&["none.csv"]).starts_with("refused: cannot read none.csv: No such file"));
    assert!(folder.read(&["*.tsv"]).starts_with("refused: no file is called *.tsv"));
    assert!(folder.read(&["."]).contains("it is a folder"));
}

#[test]
fn a_day_far_down_that_contradicts_the_order_is_told_before_the_first_row() {
    let far = format!("A,01/13/2024,1,1,1,1\n{}A,13/01/2024,1,1,1,1\n", "A,02/03/2024,1,1,1,1\n".repeat(20_000));
    let folder = Folder::new(&[("a.csv", &bars("A", &far))]);
    let refused = folder.read(&["a.csv"]);
    assert!(
        refused.starts_with("refused: cannot read a.csv: line 20004: Date is a day only as day/month/year"),
        "{refused}"
    );
}

#[test]
fn standard_input_can_be_named_once() {
    let files = Files { named: vec!["-".into(), "-".into()], choices: Choices::default() };
    assert!(files.paths().is_err());
}

#[test]
fn a_symbol_is_the_name_without_its_form() {
    for (path, symbol) in [
        ("data/ACME.csv", "ACME"),
        ("acme.us.txt", "acme.us"),
        ("BRK.B.csv.gz", "BRK.B"),
        ("000001.SS", "000001.SS"),
        (".csv", ".csv"),
    ] {
        assert_eq!(stem(Path::new(path)).as_deref(), Some(symbol), "{path}");
    }
    assert_eq!(stem(Path::new("-")), None);
}

#[test]
fn the_rows_of_plain_files_are_counted_beforehand() {
    let folder =
        Folder::new(&[("a.csv", "header\r\n1\r\n2\r\n\r\n3"), ("b.csv", "header\n1\n"), ("c.gz", "\x1f\u{8b}")]);
    std::fs::write(folder.0.path().join("c.gz"), [0x1f, 0x8b]).unwrap();
    assert_eq!(count(&folder.files(&["a.csv", "b.csv"])), Some(4));
    assert_eq!(count(&folder.files(&["a.csv", "c.gz"])), None);
}
