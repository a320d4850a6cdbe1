use super::*;
use crate::making::{Files, Making};
use crate::record::Record;
use crate::result::Place;
use crate::table::Value;

const DECLARATION: &str = r#"
title = "Small"
description = "Shows <b>little</b>."
empty = "No bar on or before {date}."
headline = "{Rising} rose"
method = ["By <i>hand</i>."]

[[columns]]
name = "symbol"
label = "Symbol"
format = "text"

[[columns]]
name = "change"
label = "Change"
group = "On the day"
unit = "USD"
format = "decimal"
signed = true

[[columns]]
name = "rejects"
label = "Rejects"
group = "On the day"
format = "integer"
sparse = true

[[columns]]
name = "closes"
label = "Closes"
format = "numbers"

[[columns]]
name = "dates"
label = "Dates"
format = "dates"
csv_only = true

[[facts]]
label = "Rising"
column = "change"
of = "rising"

[[charts]]
kind = "indexed-lines"
title = "Closes"
label = "symbol"
x = "dates"
y = "closes"
days = 30
empty = "One bar makes no line."
"#;

fn report() -> Report {
    Report::parse("small", DECLARATION, "SELECT 1", &[]).unwrap()
}

fn answer() -> Answer {
    Answer {
        place: Place { bucket: "lake".to_owned(), key: "queries/query-1.csv".to_owned() },
        query_id: "query-1".to_owned(),
        scanned_bytes: 12_345,
        engine_milliseconds: 1_234,
    }
}

fn moment() -> Moment {
    Moment {
        date: "2026-11-22".parse().unwrap(),
        as_of: "2026-11-22T23:50:00Z".parse().unwrap(),
        generated_at: "2026-11-22T23:50:03Z".parse().unwrap(),
    }
}

/// The page and the CSV, as the function makes them of the rows.
fn render_rows(rows: &[[Option<&str>; 5]]) -> (String, String) {
    let report = report();
    let (mut csv, mut json) = (Vec::new(), Vec::new());
    let mut files = Files { csv: &mut csv, json: &mut json };
    let heading = Record::of(["symbol", "change", "rejects", "closes", "dates"].into_iter().map(Some));
    let mut making = Making::begin(&report, moment(), &heading, &mut files).unwrap();
    for row in rows {
        making.add(&Record::of(row.iter().copied()), &mut files).unwrap();
    }
    let page = making.finish(&answer(), &mut files).unwrap().html;
    (page, String::from_utf8(csv).unwrap())
}

/// Without style sheet and script, a tag a line.
fn body(page: &str) -> String {
    let (_, body) = page.split_once("</head>").unwrap();
    let (body, _) = body.split_once("<script").unwrap();
    body.replace("><", ">\n<")
}

const TWO_ROWS: [[Option<&str>; 5]; 2] = [
    [Some("HSI"), Some("1234.5"), Some("0"), Some("[1.0, null]"), Some("[2026-11-20, 2026-11-21]")],
    [Some(r#"<script>alert("A")</script>"#), Some("-0.25"), None, None, None],
];

const CHARTED: [Option<&str>; 5] =
    [Some("HSI"), Some("1.5"), None, Some("[1.0, 2.0]"), Some("[2026-11-20, 2026-11-21]")];

#[test]
fn a_small_page() {
    insta::assert_snapshot!(body(&render_rows(&TWO_ROWS).0));
}

#[test]
fn a_small_csv() {
    insta::assert_snapshot!(render_rows(&TWO_ROWS).1);
}

#[test]
fn markup_in_a_symbol_is_text_also_in_the_legend_of_a_chart() {
    let closes = [Some("[1.0, 2.0]"), Some("[2026-11-20, 2026-11-21]")];
    let (page, csv) = render_rows(&[[Some("<script>alert(1)</script>"), None, None, closes[0], closes[1]]]);
    assert!(!page.contains("<script>alert"));
    assert_eq!(page.matches("&lt;script&gt;alert(1)&lt;/script&gt;").count(), 4, "row and its key, legend, summary");
    assert_eq!(
        page.matches(r"\u003cscript\u003ealert(1)\u003c/script\u003e").count(),
        1,
        "what the chart is asked for"
    );
    assert!(csv.contains("<script>alert(1)</script>"), "the CSV has the bytes as they are");
}

#[test]
fn what_is_not_seen_in_a_symbol_stands_as_a_symbol_everywhere_on_the_page() {
    let hostile = "a\0\u{1b}[31m\u{9b}\u{202e}b\u{2028}";
    let closes = [Some("[1.0, 2.0]"), Some("[2026-11-20, 2026-11-21]")];
    let (page, csv) = render_rows(&[[Some(hostile), None, None, closes[0], closes[1]]]);
    assert_eq!(
        page.matches("a␀␛[31m‹U+009B›‹U+202E›b‹U+2028›").count(),
        5,
        "row and its key, legend, summary, and what the chart is asked for"
    );
    let is_hidden =
        |character: char| (character.is_control() && character != '\n') || "\u{202e}\u{2028}".contains(character);
    assert!(!page.contains(is_hidden), "{page}");
    assert!(csv.contains(hostile), "the CSV has the bytes as they are");
}

#[test]
fn a_symbol_without_end_is_cut_on_the_page_alone() {
    let endless = "Ä".repeat(100_000);
    let closes = [Some("[1.0, 2.0]"), Some("[2026-11-20, 2026-11-21]")];
    let (page, csv) = render_rows(&[[Some(&endless), None, None, closes[0], closes[1]]]);
    assert!(page.len() - script::LIBRARY.text.len() < 80_000 && page.contains("ÄÄ…"), "{} bytes", page.len());
    assert!(csv.contains(&endless));
}

#[test]
fn an_empty_result_says_why() {
    let (page, csv) = render_rows(&[]);
    assert!(page.contains("No bar on or before 2026-11-22."), "{page}");
    assert!(!page.contains("<table"));
    assert_eq!(csv, "symbol,change,rejects,closes,dates\n");
}

#[test]
fn a_sparse_column_is_shown_once_a_row_has_something() {
    let row = |rejects| [Some("HSI"), None, Some(rejects), None, None];
    assert!(!render_rows(&[row("0"), row("0")]).0.contains("Rejects"));
    assert!(render_rows(&[row("0"), row("1")]).0.contains("Rejects"));
}

#[test]
fn a_page_needs_nothing_from_elsewhere() {
    let (page, _) = render_rows(&[CHARTED]);
    // The library can draw a watermark from a picture: the policy would not let it in.
    let page = page.replace(script::LIBRARY.text, "");
    for reference in ["src=", "url(", "@import"] {
        assert!(!page.contains(reference), "{reference}");
    }
    let links: Vec<&str> = page.split("href=\"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
    let library = "https://www.tradingview.com/";
    assert_eq!(
        links,
        ["../../index.html", "report.csv", "report.json", library],
        "what lies beside it, and whose library it has"
    );
}

#[test]
fn no_script_runs_but_those_of_the_page() {
    let (page, _) = render_rows(&[CHARTED, TWO_ROWS[1]]);
    assert_eq!(page.matches("<script>").count(), 4, "the symbol <script> is text");
    assert!(page.contains("default-src 'none'") && page.contains("script-src 'sha256-"), "{page}");
    assert_eq!(page.matches("'sha256-").count(), 4);
    let (nothing_drawn, _) = render_rows(&[]);
    assert_eq!(nothing_drawn.matches("<script").count(), 1, "without a chart there is nothing to ask");
}

const SECTIONS: &str = r#"
title = "Sections"
description = ""
empty = ""
headline = "{Best} up {By}"
sections = "period"

[[columns]]
name = "period"
label = "Period"
format = "text"

[[columns]]
name = "symbol"
label = "Symbol"
format = "text"

[[columns]]
name = "change"
label = "Change"
unit = "%"
format = "percent"
signed = true

[[columns]]
name = "only_week"
label = "Only in a week"
format = "integer"
sparse = true

[[facts]]
label = "Best"
column = "symbol"
of = "first"
section = "Week"

[[facts]]
label = "By"
column = "change"
of = "max"
section = "Week"

[[charts]]
kind = "ranked-bars"
title = "Of the week"
label = "symbol"
value = "change"
unit = "%"
section = "Week"
empty = "Nothing moved."
"#;

fn section_row(period: &str, symbol: &str, change: f64, only_week: Value) -> Vec<Value> {
    vec![Value::Text(period.to_owned()), Value::Text(symbol.to_owned()), Value::Decimal(change), only_week]
}

#[test]
fn each_section_has_its_charts_its_columns_and_its_facts() {
    let report = Report::parse("sections", SECTIONS, "SELECT 1", &[]).unwrap();
    let kept = Kept::of(
        &report.declaration,
        [
            section_row("Day", "A", 1.5, Value::Integer(0)),
            section_row("Week", "B", 9.5, Value::Integer(7)),
            section_row("Day", "C", -2.0, Value::Null),
        ],
    );
    let page = render(&report, &kept, &answer(), moment()).unwrap();
    let (day, week) = page.split_once("<h2>Week</h2>").unwrap();
    let day = day.split_once("<h2>Day</h2>").unwrap().1;
    assert_eq!((day.matches("<svg").count(), week.matches("<svg").count()), (0, 2), "the chart in two sizes");
    assert_eq!((day.contains("Only in a week"), week.contains("Only in a week")), (false, true));
    assert!(day.contains(">A</th>") && day.contains(">C</th>") && !day.contains(">B</th>"), "{day}");
    assert!(!page.contains(">Period<"), "the name of the section is the heading");
    assert_eq!(facts::headline(&kept, moment().date), "B up +9.50 %");
}

#[test]
fn a_section_without_rows_says_so_in_the_place_of_its_chart() {
    let report = Report::parse("sections", SECTIONS, "SELECT 1", &[]).unwrap();
    let kept = Kept::of(&report.declaration, [section_row("Day", "A", 1.5, Value::Integer(0))]);
    let page = render(&report, &kept, &answer(), moment()).unwrap();
    let week = page.split_once("<h2>Week</h2>").unwrap().1;
    assert!(week.contains("Nothing moved.") && !week.contains("<table"), "{week}");
}

#[test]
fn a_headline_is_one_line_whatever_is_in_a_symbol() {
    let report = Report::parse("sections", SECTIONS, "SELECT 1", &[]).unwrap();
    let long = "x".repeat(1_000);
    for (symbol, seen) in [("{By}\nB\u{202e}", "{By}␊B‹U+202E›"), (&long, &(long[..59].to_owned() + "…"))] {
        let kept = Kept::of(&report.declaration, [section_row("Week", symbol, 1.5, Value::Integer(0))]);
        assert_eq!(facts::headline(&kept, moment().date), format!("{seen} up +1.50 %"));
    }
}

#[test]
fn of_very_many_rows_the_page_has_the_first_and_says_so() {
    let row = || [Some("HSI"), Some("1"), None, None, None];
    let (page, csv) = render_rows(&vec![row(); 201]);
    assert_eq!(page.matches("<th scope=\"row\"").count(), 200);
    assert!(page.contains("The first 200 of 201 rows."), "{page}");
    assert_eq!(csv.lines().count(), 202);
}
