//! What every page has around its content.

use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::script::Script;

const STYLE: &str = concat!(include_str!("../page.css"), include_str!("sort.css"), include_str!("ask.css"));

/// A whole page: it needs nothing from elsewhere. Nothing is fetched and no other script runs, whatever a record has in it. `data` is
/// JSON for the scripts, escaped for where it stands.
pub(crate) fn frame(title: &str, body: &Markup, data: Option<&str>, scripts: &[&Script]) -> String {
    let hashes: Vec<&str> = scripts.iter().map(|script| script.hash()).collect();
    let policy = format!(
        "default-src 'none'; style-src 'unsafe-inline'; script-src {}; base-uri 'none'; form-action 'none'",
        hashes.join(" ")
    );
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta http-equiv="Content-Security-Policy" content=(policy);
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (title) }
                style { (PreEscaped(STYLE)) }
            }
            body {
                (body)
                @if let Some(data) = data { script type="application/json" id="charts" { (PreEscaped(data)) } }
                @for script in scripts { script { (PreEscaped(script.text)) } }
            }
        }
    };
    page.into_string()
}
