//! `make demo` with a file of which nothing can be published: no success, and said before anything starts.

use std::fs;
use std::process::{Command, Output};

use tests::built;

fn demo(bars: &str) -> Output {
    // As a folder and a file may be called.
    let folder = tempfile::Builder::new().prefix("my bärs ").tempdir().unwrap();
    let file = folder.path().join("the bars.csv");
    fs::write(&file, bars).unwrap();
    Command::new(built("local")).args(["demo", "--name", "nothing", "--data"]).arg(&file).output().unwrap()
}

#[test]
fn a_file_without_a_single_bar_is_refused_with_the_reasons_before_anything_starts() {
    let dates =
        "Index,Date,Open,High,Low,Close,Volume\nACME,2024-02-30,101.0,103.25,100.75,101.5,7\nACME,never,1,1,1,1,1\n";
    for (bars, reason) in [
        (dates, "header in line 1\n    line 2 skipped: Date is not a day: \"2024-02-30\"\n    line 3 skipped: "),
        (
            "a,b,c\n1,2,3\n",
            "none of the first 2 lines is a header with Date, Open, High, Low and Close; the first reads \"a,b,c\"",
        ),
        ("Index,Date,Open,High,Low,Close,Volume\n", "the file has a header and no rows"),
        ("", "the file is empty"),
    ] {
        let ended = demo(bars);
        let said = String::from_utf8_lossy(&ended.stderr);
        assert_eq!(ended.status.code(), Some(1), "{said}");
        assert!(said.contains("the bars.csv can be published") && said.contains(reason), "{said}");
        assert!(said.contains("run make demo without DATA"), "{said}");
        assert!(ended.stdout.is_empty(), "{}", String::from_utf8_lossy(&ended.stdout));
    }
}
