//! Foreign text as it is shown to people.

/// Safe on a terminal and not too long for a line.
pub(crate) fn shown(text: &str) -> String {
    const LONGEST: usize = 120;
    let start: String = text.chars().take(LONGEST).collect();
    let more = if start.len() < text.len() { "..." } else { "" };
    format!("{start:?}{more}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_would_move_the_cursor_is_written_out_and_what_is_long_is_cut() {
        assert_eq!(shown("\u{1b}[2J"), "\"\\u{1b}[2J\"");
        assert_eq!(shown(&"é".repeat(121)), format!("\"{}\"...", "é".repeat(120)));
    }
}
