//! The scripts that a page may have, each known to its policy by a hash.

use std::sync::OnceLock;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

/// One script. A static, so that the binary has its text once.
#[derive(Debug)]
pub(crate) struct Script {
    pub(crate) text: &'static str,
    hash: OnceLock<String>,
}

/// Tables that sort: on every page.
pub(crate) static SORTING: Script = Script::of(include_str!("sort.js"));
/// Pictures that say what is under the pointer.
pub(crate) static ASKING: Script = Script::of(include_str!("ask.js"));
/// What draws charts that can be zoomed; `vendor/README.md` says where it is from.
pub(crate) static LIBRARY: Script =
    Script::of(include_str!("../../vendor/lightweight-charts/lightweight-charts.standalone.production.js"));
/// What this library shows, and how it is asked.
pub(crate) static EXPLORING: Script = Script::of(include_str!("explore.js"));

impl Script {
    const fn of(text: &'static str) -> Self {
        Self { text, hash: OnceLock::new() }
    }

    /// As a Content-Security-Policy names it.
    pub(super) fn hash(&self) -> &str {
        self.hash.get_or_init(|| format!("'sha256-{}'", STANDARD.encode(Sha256::digest(self.text))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `vendor/README.md` says how another version is taken in.
    const TAKEN: &str = include_str!("../../vendor/lightweight-charts/SHA256");

    #[test]
    fn the_library_is_the_file_that_was_taken_in() {
        assert_eq!(crate::format::hex(&Sha256::digest(LIBRARY.text)), TAKEN.trim());
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
