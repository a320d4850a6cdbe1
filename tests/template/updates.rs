//! What an update of the stack does to each parameter, by AWS's own schemas of the resources, which cfn-lint carries.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::PathBuf;
use std::sync::OnceLock;

use local::project_root;
use serde_json::Value;

use crate::document::{entries, parsed, read, references, transformed};

/// The resource that refuses a change of what stays.
const STAYS: &str = "KafkaTopicAndConsumerGroupAndDatabaseNameStay";

#[test]
fn the_readme_says_of_each_parameter_what_an_update_does() {
    for (parameter, cell) in cells() {
        let replaced = replaced_by(&parameter);
        let said: BTreeSet<_> = cell.split('`').skip(1).step_by(2).map(str::to_owned).collect();
        if replaced.contains(STAYS) {
            assert!(
                cell.starts_with("stays"),
                "{parameter} stays for the life of the stack; docs/reference.md: {cell:?}"
            );
        } else {
            assert_eq!(
                said, replaced,
                "{parameter}: what docs/reference.md says is replaced, and what is; docs/reference.md: {cell:?}"
            );
        }
    }
}

/// `KafkaTopic` is not create-only, and the API has no `Topics` in an update: `CloudFormation` says that it has updated the event source,
/// and has not (aws-cloudformation/cloudformation-coverage-roadmap#2140). Another group it refuses. Another database has no folders.
#[test]
fn what_must_stay_is_in_what_cannot_be_changed() {
    for parameter in ["KafkaTopic", "KafkaConsumerGroup", "DatabaseName"] {
        assert!(replaced_by(parameter).contains(STAYS), "{parameter} may be changed");
    }
    let resources = &transformed()["Resources"];
    // "You can't perform an update that causes a custom-named resource to be replaced": the CloudFormation user guide, "Name type".
    let guard = &resources[STAYS]["Properties"];
    assert!(
        guard["ManagedPolicyName"].is_object() && create_only(&resources[STAYS]).contains(&"Description".to_owned())
    );
    for kept in ["IngestEventSource", "Database"] {
        assert!(resources[kept]["DependsOn"].to_string().contains(STAYS), "{kept} is updated before it is refused");
    }
    let samconfig = read("samconfig.toml");
    assert_eq!(
        samconfig.matches("capabilities = \"CAPABILITY_NAMED_IAM\"").count(),
        2,
        "AWS asks leave for a policy's name"
    );
}

/// A stack that cannot be made leaves nothing that costs; what has landed is kept for ever.
#[test]
fn what_is_kept_is_not_left_over_from_a_creation_that_failed() {
    for file in ["template.yaml", "broker.yaml"] {
        let template = parsed(file);
        let mut kept = 0;
        for (name, resource) in
            entries(&template["Resources"]).filter(|(_, found)| found.get("DeletionPolicy").is_some())
        {
            assert_eq!(resource["DeletionPolicy"], "RetainExceptOnCreate", "{file}: {name}");
            assert_eq!(resource["UpdateReplacePolicy"], "Retain", "{file}: {name}");
            kept += 1;
        }
        assert!(kept > 0, "{file} keeps nothing");
    }
}

/// The last cell of each parameter's row in docs/reference.md.
fn cells() -> BTreeMap<String, String> {
    let reference = read("docs/reference.md");
    let (_, table) = reference.split_once("\n## Parameters of the template\n").unwrap();
    let (table, _) = table.split_once("\n## ").unwrap();
    let rows = table.lines().filter_map(|line| line.strip_prefix("| `")?.strip_suffix('|'));
    rows.flat_map(|row| {
        let cells: Vec<_> = row.split('|').map(str::trim).collect();
        assert_eq!(cells.len(), 4, "{row}");
        let names = cells[0].split(", ").map(|name| name.trim_matches('`').to_owned());
        names.map(|name| (name, cells[3].to_owned())).collect::<Vec<_>>()
    })
    .collect()
}

/// The resources that an update makes anew when this parameter changes: those that have it where AWS changes nothing in place, and those
/// that have one of these there.
fn replaced_by(parameter: &str) -> BTreeSet<String> {
    let template = transformed();
    let conditions = conditions_on(parameter, &template["Conditions"]);
    let mut causes: BTreeSet<String> = conditions.into_iter().chain([parameter.to_owned()]).collect();
    let mut replaced = BTreeSet::new();
    loop {
        let more: Vec<_> = entries(&template["Resources"])
            .filter(|(name, resource)| !replaced.contains(*name) && is_replaced(resource, &causes))
            .map(|(name, _)| name.to_owned())
            .collect();
        if more.is_empty() {
            return replaced;
        }
        causes.extend(more.clone());
        replaced.extend(more);
    }
}

fn is_replaced(resource: &Value, causes: &BTreeSet<String>) -> bool {
    let fixed = create_only(resource);
    let values = fixed.iter().map(|path| path.split('/').fold(&resource["Properties"], |value, key| &value[key]));
    values.flat_map(references).any(|reference| causes.contains(reference))
}

/// Conditions that depend on a parameter.
fn conditions_on(parameter: &str, conditions: &Value) -> BTreeSet<String> {
    let mut found = BTreeSet::from([parameter.to_owned()]);
    loop {
        let before = found.len();
        for (name, condition) in entries(conditions) {
            if references(condition).into_iter().any(|reference| found.contains(reference)) {
                found.insert(name.to_owned());
            }
        }
        if found.len() == before {
            return found;
        }
    }
}

/// Paths of the properties that AWS does not change in place, as in `TableInput/Name`.
fn create_only(resource: &Value) -> &'static [String] {
    static BY_KIND: OnceLock<BTreeMap<String, Vec<String>>> = OnceLock::new();
    let by_kind = BY_KIND.get_or_init(|| {
        let kinds = entries(&transformed()["Resources"]).map(|(_, resource)| resource["Type"].as_str().unwrap());
        kinds.map(|kind| (kind.to_owned(), create_only_by_schema(kind))).collect()
    });
    &by_kind[resource["Type"].as_str().unwrap()]
}

fn create_only_by_schema(kind: &str) -> Vec<String> {
    let schemas = schemas();
    let json = |path: PathBuf| -> Value { serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap() };
    let files = json(schemas.join("providers/us-east-1.json"));
    let file = files[kind].as_str().unwrap_or_else(|| panic!("cfn-lint has no schema of {kind}"));
    let schema = json(schemas.join("resources").join(file).with_extension("json"));
    assert_eq!(schema["typeName"], kind);
    let paths = schema["createOnlyProperties"].as_array().into_iter().flatten();
    paths.map(|path| path.as_str().unwrap().trim_start_matches("/properties/").to_owned()).collect()
}

fn schemas() -> PathBuf {
    let versions = fs::read_dir(project_root().join("target/tools/venv/lib")).unwrap();
    let folders = versions.map(|version| version.unwrap().path().join("site-packages/cfnlint/data/schemas"));
    folders.into_iter().find(|folder| folder.is_dir()).unwrap_or_else(|| panic!("cfn-lint has no schemas"))
}
