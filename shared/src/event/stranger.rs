//! What names a stray and says what is wrong with it, which may be as long as the event, and stands in the lake once for each stray.

use std::fmt::{self, Display, Write};

/// A topic of 249 letters, a hyphen, and the largest partition.
const LONGEST_NAME: usize = 260;
const LONGEST_DETAIL: usize = 300;

/// The name under which it was delivered. What is longer than any is cut: a broker has no such topic.
pub(super) fn name(name: &str) -> String {
    beginning(name, LONGEST_NAME)
}

/// An error in words: `serde_json` repeats in them what it found, however long that is.
pub(super) fn detail(error: &serde_json::Error) -> String {
    beginning(error, LONGEST_DETAIL)
}

/// So many bytes at most, and `…` where there is more.
fn beginning(text: impl Display, most: usize) -> String {
    let mut beginning = Beginning { text: String::new(), most };
    // An error says no more than that the rest was left away.
    let _ = write!(beginning, "{text}");
    beginning.text
}

struct Beginning {
    text: String,
    most: usize,
}

impl Write for Beginning {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let room = self.most - self.text.len();
        if text.len() <= room {
            self.text.push_str(text);
            return Ok(());
        }
        self.text.push_str(&text[..text.floor_char_boundary(room)]);
        self.text.push('…');
        Err(fmt::Error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_longer_than_it_may_be_is_cut_between_two_letters() {
        assert_eq!(beginning("日経", 6), "日経");
        assert_eq!(beginning("日経", 5), "日…");
        assert_eq!(beginning(format_args!("{}{}", "ab", "cd"), 3), "abc…");
        let longest = format!("{}-{}", "t".repeat(249), i32::MAX);
        assert_eq!(name(&longest), longest);
    }
}
