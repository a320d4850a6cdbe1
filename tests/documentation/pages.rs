//! The pages, and what is in them.

use std::fs;
use std::path::Path;

use local::project_root;

/// Those at the top of the project; the others are in `docs/`.
pub(crate) const PAGES: [&str; 6] =
    ["README.md", "RUNBOOK.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "CHANGELOG.md", "SECURITY.md"];

pub(crate) fn read(page: &str) -> String {
    fs::read_to_string(project_root().join(page)).unwrap()
}

/// Every page of the book, by its path.
pub(crate) fn all() -> Vec<String> {
    let docs = fs::read_dir(project_root().join("docs")).unwrap();
    let names = docs.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let pages = names.filter(|name| Path::new(name).extension().is_some_and(|end| end == "md") && name != "SUMMARY.md");
    let mut pages: Vec<_> = pages.map(|name| format!("docs/{name}")).chain(PAGES.map(str::to_owned)).collect();
    pages.sort();
    pages
}

/// The blocks of a page that are to be typed into a shell (`sh`) or to Athena (`sql`), one after the other.
pub(crate) fn typed(page: &str, language: &str) -> String {
    let opening = format!("```{language}");
    let text = read(page);
    let mut typed = String::new();
    let mut inside = None;
    for line in text.lines() {
        let begin = line.trim_start();
        match inside {
            None if begin == opening => inside = Some(line.len() - begin.len()),
            Some(_) if begin == "```" => inside = None,
            Some(indented) => {
                typed += line.get(indented..).unwrap_or_default();
                typed.push('\n');
            }
            None => {}
        }
    }
    assert!(inside.is_none(), "{page} has a block without an end");
    typed
}

/// What stands between backticks in the prose of a page.
pub(crate) fn in_backticks(page: &str) -> Vec<String> {
    let text = read(page);
    let mut found = Vec::new();
    let mut fenced = false;
    for line in text.lines() {
        if line.trim_start().starts_with("```") {
            fenced = !fenced;
        } else if !fenced {
            found.extend(line.split('`').skip(1).step_by(2).map(|code| code.replace("\\|", "|")));
        }
    }
    found
}

/// Files that send their reader to a page, each with its text.
pub(crate) fn sources() -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut folders = ["functions", "local", "producer", "shared", "store", "doctor", "broker"]
        .map(|name| project_root().join(name))
        .to_vec();
    let mut files =
        ["template.yaml", "broker.yaml", "samconfig.toml", "Makefile"].map(|name| project_root().join(name)).to_vec();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            if path.is_dir() && name != "target" && name != "node_modules" {
                folders.push(path);
            } else if path
                .extension()
                .is_some_and(|end| ["rs", "py", "sh", "toml", "env", "sql"].iter().any(|known| end == *known))
            {
                files.push(path);
            }
        }
    }
    for path in files {
        let name = path.strip_prefix(project_root()).unwrap().display().to_string();
        found.push((name, fs::read_to_string(&path).unwrap()));
    }
    found
}
