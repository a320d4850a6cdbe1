//! Text of records as people can see it: a character that would hide, move or turn the text around it stands as a symbol.

use std::fmt::Write as _;

use unicode_width::UnicodeWidthChar as _;

/// More marks than any script puts on one letter.
const MOST_MARKS: usize = 6;

/// What can be seen of a text in so many columns. A wide letter takes two of them, and `…` stands for what does not fit.
pub(crate) fn shown(text: &str, columns: usize) -> String {
    let mut shown = String::new();
    let (mut width, mut marks) = (0, 0);
    // As long as it can be with the dots behind it.
    let mut cut = 0;
    for character in text.chars() {
        let added = push(&mut shown, character, marks);
        marks = if character.width() == Some(0) { marks + 1 } else { 0 };
        width += added;
        if width < columns {
            cut = shown.len();
        } else if width > columns {
            shown.truncate(cut);
            shown.push('…');
            break;
        }
    }
    shown
}

/// A word that fits into a line of any width: to be seen unbroken, also where it has a hyphen.
pub(crate) fn is_word(text: &str) -> bool {
    const MOST: usize = 16;
    !text.contains(char::is_whitespace)
        && text.chars().map(|letter| letter.width().unwrap_or_default()).sum::<usize>() <= MOST
}

/// Appends what stands for the character, behind so many marks on one letter; returns its width.
fn push(shown: &mut String, character: char, marks: usize) -> usize {
    let before = shown.len();
    match character {
        '\0'..='\u{1f}' => shown.extend(char::from_u32(0x2400 + u32::from(character))),
        '\u{7f}' => shown.push('␡'),
        hidden if is_hidden(hidden) => {
            let _ = write!(shown, "‹U+{:04X}›", u32::from(hidden));
        }
        mark if mark.width() == Some(0) && marks >= MOST_MARKS => {
            if marks == MOST_MARKS {
                shown.push('…');
            }
        }
        seen => shown.push(seen),
    }
    shown[before..].chars().map(|seen| seen.width().unwrap_or_default()).sum()
}

/// Controls, line separators, what turns or isolates the direction of text, and what has no width but is part of no letter. (The
/// joiners U+200C and U+200D are part of letters.)
fn is_hidden(character: char) -> bool {
    matches!(
        character,
        '\u{80}'..='\u{9f}'
            | '\u{ad}'
            | '\u{61c}'
            | '\u{180e}'
            | '\u{200b}'
            | '\u{200e}'
            | '\u{200f}'
            | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{feff}'
            | '\u{fff9}'..='\u{fffb}'
            | '\u{fffe}'
            | '\u{ffff}'
            | '\u{e0000}'..='\u{e007f}'
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_seen_stands_as_a_symbol() {
        assert_eq!(shown("a\0\u{1b}[31m\r\n\t\u{7f}b", 99), "a␀␛[31m␍␊␉␡b");
        assert_eq!(
            shown("\u{85}\u{202e}gnp.exe\u{2066}\u{200b}\u{2028}\u{feff}", 99),
            "‹U+0085›‹U+202E›gnp.exe‹U+2066›‹U+200B›‹U+2028›‹U+FEFF›"
        );
        for seen in ["HSI", "^GSPC", "日経225", "تاسي", "नमस्ते", "می‌خواهم", "👩‍👩‍👧", "e\u{301}"]
        {
            assert_eq!(shown(seen, 99), seen);
        }
    }

    #[test]
    fn what_does_not_fit_is_cut_by_its_width() {
        assert_eq!(shown("ABCDE", 5), "ABCDE");
        assert_eq!(shown("ABCDEF", 5), "ABCD…");
        assert_eq!(shown("日経平均", 5), "日経…");
        assert_eq!(shown("\u{1b}\u{202e}x", 5), "␛…", "a symbol is not cut in two");
        assert_eq!(shown(&"x".repeat(1 << 20), 80).chars().count(), 80);
    }

    #[test]
    fn a_symbol_is_a_word_and_what_is_long_is_none() {
        for word in ["000001.SS", "BTC-USD", "日経平均株価", ""] {
            assert!(is_word(word), "{word}");
        }
        for other in ["000001.SS and ^GSPC", "A.VERY.LONG.SYMBOL", "日経平均株価指数日経"] {
            assert!(!is_word(other), "{other}");
        }
    }

    #[test]
    fn marks_do_not_pile_up() {
        let piled = format!("Z{}a{}", "\u{300}".repeat(1_000), "\u{301}".repeat(6));
        assert_eq!(shown(&piled, 99), format!("Z{}…a{}", "\u{300}".repeat(6), "\u{301}".repeat(6)));
    }
}
