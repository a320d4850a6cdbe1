//! Names in the pages that are those of something: an option, a variable, a parameter, an output.

use std::collections::BTreeSet;
use std::process::Command;

use tests::built;

use crate::pages::{all, in_backticks, read};

/// The names that a section of a template declares.
pub(crate) fn declared(template: &str, section: &str) -> BTreeSet<String> {
    let text = read(template);
    let (_, rest) = text.split_once(&format!("\n{section}:\n")).unwrap();
    let lines = rest.lines().take_while(|line| line.is_empty() || line.starts_with([' ', '#']));
    let names = lines.filter_map(|line| line.strip_prefix("  ")?.split_once(':').map(|(name, _)| name));
    names.filter(|name| name.starts_with(char::is_uppercase)).map(str::to_owned).collect()
}

pub(crate) fn outputs(template: &str) -> BTreeSet<String> {
    declared(template, "Outputs")
}

#[test]
fn every_parameter_and_output_that_a_page_names_is_there() {
    let both = |section| -> BTreeSet<_> {
        ["template.yaml", "broker.yaml"].into_iter().flat_map(|file| declared(file, section)).collect()
    };
    let (parameters, outputs) = (both("Parameters"), both("Outputs"));
    let (mut set, mut told) = (0, 0);
    for page in all().into_iter().filter(|page| page != "ARCHITECTURE.md" && page != "CHANGELOG.md") {
        for code in in_backticks(&page) {
            let name = code.split(['=', '\'', '"']).next().unwrap();
            if code.contains('=') && is_camel(name) {
                assert!(parameters.contains(name), "{page}: there is no parameter {name}");
                set += 1;
            }
        }
        let text = read(&page).replace('\n', " ");
        for (at, _) in text.match_indices("(output `") {
            let name = text[at + "(output `".len()..].split('`').next().unwrap();
            assert!(outputs.contains(name), "{page}: there is no output {name}");
            told += 1;
        }
    }
    assert!(set > 20 && told > 3, "{set} {told}");
}

/// `BatchSize`, but not `KAFKA_TOPIC`, `Index` and `Restart`.
fn is_camel(name: &str) -> bool {
    name.starts_with(char::is_uppercase)
        && name.chars().all(char::is_alphanumeric)
        && name.chars().filter(|c| c.is_uppercase()).count() > 1
        && name.chars().any(char::is_lowercase)
        && !["ExecStart", "EnvironmentFile", "RestartPreventExitStatus"].contains(&name)
}

#[test]
fn every_option_and_variable_of_the_producer_that_its_page_names_is_there() {
    let help = |arguments: &[&str]| {
        let output = Command::new(built("producer")).args(arguments).output().unwrap();
        assert!(output.status.success(), "{arguments:?}");
        String::from_utf8(output.stdout).unwrap()
    };
    let known = help(&["--help"]) + &help(&["inspect", "--help"]) + &help(&["doctor", "--help"]);
    let known: BTreeSet<_> = known.split(|c: char| !c.is_ascii_alphanumeric() && c != '-' && c != '_').collect();
    let mut named = BTreeSet::new();
    for code in in_backticks("docs/producer.md") {
        let word = code.split([' ', '=']).next().unwrap();
        if word.starts_with("--") || word.starts_with("PRODUCER_") || word.starts_with("KAFKA_") {
            assert!(known.contains(word), "docs/producer.md names {word}");
            named.insert(word.to_owned());
        }
    }
    assert!(named.len() > 40, "{named:?}");
}

/// Those that local/environment.mk lets through because they are meant for this project.
#[test]
fn every_variable_that_is_said_to_make_is_in_the_reference() {
    let list = read("local/environment.mk");
    let (_, said) = list.split_once("\n# What is said to this project.\n").unwrap();
    let lines = said.lines().map_while(|line| line.strip_prefix("KEPT += "));
    let variables: Vec<_> = lines.flat_map(str::split_whitespace).collect();
    let page = read("docs/reference.md");
    let missing: Vec<_> = variables.iter().filter(|name| !page.contains(&format!("`{name}`"))).collect();
    assert!(missing.is_empty(), "docs/reference.md does not name {missing:?}");
    assert!(variables.len() > 15, "{variables:?}");
}
