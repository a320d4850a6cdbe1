//! A CSV as a spreadsheet takes it.

/// The first cell that it would run.
pub(crate) fn first_formula(csv: &str) -> Option<String> {
    cells(csv).into_iter().find(|cell| {
        let begins = cell.trim_start().trim_start_matches(char::is_control).trim_start();
        begins.starts_with(['=', '+', '-', '@', '＝', '＋', '－', '＠']) && cell.parse::<f64>().is_err()
    })
}

/// Of all lines, by RFC 4180.
fn cells(csv: &str) -> Vec<String> {
    let (mut cells, mut cell, mut is_quoted) = (Vec::new(), String::new(), false);
    let mut letters = csv.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            '"' if is_quoted && letters.peek() == Some(&'"') => cell.extend(letters.next()),
            '"' => is_quoted = !is_quoted,
            ',' | '\n' if !is_quoted => cells.push(std::mem::take(&mut cell)),
            other => cell.push(other),
        }
    }
    assert!(!is_quoted, "a cell that does not end");
    cells
}

#[test]
fn a_formula_is_found_and_a_number_is_none() {
    assert_eq!(first_formula("a,-1.5,\"'=1\",\"x\"\"y\"\n-2e-7,,[1]\n"), None);
    assert_eq!(first_formula("a,\"b\n\",\" =1+1,\"\"x\"\"\"\n").as_deref(), Some(" =1+1,\"x\""));
    assert_eq!(first_formula("-1+1|x,\n").as_deref(), Some("-1+1|x"));
}
