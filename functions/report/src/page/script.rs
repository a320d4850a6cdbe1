//! The scripts that a page may have, each known to its policy by a hash.

use std::sync::LazyLock;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

/// One script.
#[derive(Debug)]
pub(crate) struct Script {
    pub(crate) text: &'static str,
    hash: LazyLock<String>,
}

impl Script {
    /// As a Content-Security-Policy names it.
    pub(super) fn hash(&self) -> &str {
        &self.hash
    }
}

/// Tables that sort: on every page.
pub(crate) static SORTING: Script = Script { text: SORT, hash: LazyLock::new(|| hash_of(SORT)) };
/// Pictures that say what is under the pointer.
pub(crate) static ASKING: Script = Script { text: ASK, hash: LazyLock::new(|| hash_of(ASK)) };
/// What draws charts that can be zoomed; `vendor/README.md` says where it is from.
pub(crate) static LIBRARY: Script = Script { text: CHARTS, hash: LazyLock::new(|| hash_of(CHARTS)) };
/// What this library shows, and how it is asked.
pub(crate) static EXPLORING: Script = Script { text: EXPLORE, hash: LazyLock::new(|| hash_of(EXPLORE)) };

const SORT: &str = include_str!("sort.js");
const ASK: &str = include_str!("ask.js");
const CHARTS: &str = include_str!("../../vendor/lightweight-charts/lightweight-charts.standalone.production.js");
const EXPLORE: &str = include_str!("explore.js");

fn hash_of(text: &str) -> String {
    format!("'sha256-{}'", STANDARD.encode(Sha256::digest(text)))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `vendor/README.md` says how another version is taken in.
    const TAKEN: &str = include_str!("../../vendor/lightweight-charts/SHA256");

    #[test]
    fn the_library_is_the_file_that_was_taken_in() {
        assert_eq!(crate::format::hex(&Sha256::digest(CHARTS)), TAKEN.trim());
    }

    #[test]
    fn no_script_ends_before_its_end() {
        for script in [&SORTING, &ASKING, &LIBRARY, &EXPLORING] {
            let text = script.text.to_ascii_lowercase();
            for end in ["</script", "<script", "<!--"] {
                assert!(!text.contains(end), "{end}: {}", &script.text[..60]);
            }
        }
    }
}
