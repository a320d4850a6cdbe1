//! The pages that people read: that they can be read, that they lead somewhere, and that what they say to type is right.

#![expect(clippy::unwrap_used, reason = "in a test a panic is the message")]

mod commands;
mod pages;
mod session;
mod words;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use local::project_root;

use pages::{PAGES, all, read};

#[test]
fn the_readme_is_read_in_minutes() {
    let lines = read("README.md").lines().count();
    assert!(lines <= 200, "README.md has {lines} lines; what is more belongs into docs/");
}

#[test]
fn every_page_is_in_the_book_and_the_readme_leads_to_it() {
    let (summary, readme) = (read("docs/SUMMARY.md"), read("README.md"));
    let pages = all();
    let named = |text: &str, link: &str| text.contains(&format!("]({link})"));
    let missing = pages.iter().filter(|page| {
        let from_docs = page.strip_prefix("docs/").map_or_else(|| format!("../{page}"), str::to_owned);
        !named(&summary, &from_docs) || *page != "README.md" && !named(&readme, page)
    });
    assert_eq!(
        missing.collect::<Vec<_>>(),
        Vec::<&String>::new(),
        "pages that docs/SUMMARY.md or README.md does not name"
    );
    assert!(pages.len() > PAGES.len() + 10, "{pages:?}");
}

#[test]
fn pictures_are_small() {
    for entry in fs::read_dir(project_root().join("docs/images")).unwrap() {
        let entry = entry.unwrap();
        assert!(entry.metadata().unwrap().len() < 150_000, "{}", entry.path().display());
    }
}

/// A table of figures says which command prints them: in its section, or in what stands above all sections.
#[test]
fn every_table_of_figures_stands_with_the_command_that_prints_them() {
    let page = read("docs/speed.md");
    let sections: Vec<_> = page.split("\n## ").skip(1).collect();
    let tables = sections.iter().filter(|section| section.contains("\n| figure | goal | here |\n"));
    let named = tables.clone().filter(|section| section.contains("`make bench`") || section.contains("`cargo test "));
    assert_eq!((tables.count(), named.count()), (4, 4));
}

fn links(arguments: &[&Path]) -> Output {
    let script = project_root().join("local/links.py");
    Command::new("python3").arg("-B").arg(script).args(arguments).output().unwrap()
}

fn complaints(output: &Output) -> BTreeSet<String> {
    String::from_utf8_lossy(&output.stderr).lines().map(str::to_owned).collect()
}

#[test]
fn no_link_leads_nowhere() {
    let output = links(&[project_root()]);
    assert!(output.status.success(), "{:#?}", complaints(&output));
}

#[test]
fn a_link_that_leads_nowhere_is_told_with_its_page_and_line() {
    let project = tempfile::tempdir().unwrap();
    fs::create_dir(project.path().join("docs")).unwrap();
    let readme = "# One `two`: three\n\n[there](docs/page.md#a-heading) [itself](#one-two-three) [web](https://example.org/none)\n\
                  `[code](none.md)`\n\n```\n[code](none.md)\n```\n\n[gone](docs/none.md)\n[gone](docs/page.md#none) ![gone](none.png)\n[folder](docs)\n";
    fs::write(project.path().join("README.md"), readme).unwrap();
    fs::write(project.path().join("docs/page.md"), "## A heading\n\n[out](../../none.md)\n[up](../README.md)\n")
        .unwrap();
    let output = links(&[project.path()]);
    let told = [
        "5 links lead nowhere",
        "README.md:10: docs/none.md: there is no such file",
        "README.md:11: docs/page.md#none: there is no such heading",
        "README.md:11: none.png: there is no such file",
        "README.md:12: docs: there is no such file",
        "docs/page.md:3: ../../none.md: it is outside of the project",
    ];
    assert_eq!(complaints(&output), told.map(str::to_owned).into());
    assert_eq!(output.status.code(), Some(1));
}

#[test]
fn a_link_of_the_book_that_leads_nowhere_is_told() {
    let book = tempfile::tempdir().unwrap();
    fs::write(book.path().join("index.html"), "<h1 id=\"top\"></h1>\n<a href=\"#top\"></a><a href=\"none.html\"></a>")
        .unwrap();
    fs::write(book.path().join("page.html"), "<a href=\"index.html#top\"></a><a href=\"index.html#none\"></a>")
        .unwrap();
    let output = links(&[Path::new("--book"), book.path()]);
    let told = complaints(&output);
    assert_eq!(told.len(), 3, "{told:?}");
    assert!(told.iter().any(|line| line.ends_with("index.html:2: none.html: there is no such file")), "{told:?}");
    assert!(
        told.iter().any(|line| line.ends_with("page.html:1: index.html#none: there is no such heading")),
        "{told:?}"
    );
    assert!(!links(&[Path::new("--book"), &book.path().join("none")]).status.success(), "no book is no good book");
}

/// Where an alarm, an error or a description sends its reader.
#[test]
fn pages_that_code_and_templates_name_are_there() {
    let mut named = 0;
    for (file, text) in pages::sources() {
        for word in text.split(|c: char| !c.is_ascii_alphanumeric() && !"/-_.".contains(c)) {
            if let Some(page) = word.strip_prefix("docs/").and_then(|rest| rest.split_once(".md")) {
                let page = format!("docs/{}.md", page.0);
                assert!(project_root().join(&page).is_file(), "{file} names {page}");
                named += 1;
            }
        }
        assert!(!text.contains("in README.md"), "{file}: what README.md told is in docs/ now");
    }
    assert!(named > 5, "{named}");
}
