//! A `CloudFormation` template as JSON, its short forms written out: `!Ref Topic` is `{"Ref": "Topic"}`.

use std::fs;

use local::project_root;
use saphyr::{LoadableYamlNode, Scalar, Yaml};
use serde_json::{Map, Value, json};

/// The template in the project's folder.
pub(crate) fn template() -> Value {
    let text = read("template.yaml");
    let documents = Yaml::load_from_str(&text).unwrap();
    written_out(&documents[0])
}

/// A file of the project.
pub(crate) fn read(path: &str) -> String {
    fs::read_to_string(project_root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The entries of an object.
pub(crate) fn entries(object: &Value) -> impl Iterator<Item = (&str, &Value)> {
    object.as_object().into_iter().flatten().map(|(name, value)| (name.as_str(), value))
}

/// What stands at each end of the branches of an `Fn::If`, but for the value that is none and what is for the emulator only.
pub(crate) fn branches(value: &Value) -> Vec<&Value> {
    match value.get("Fn::If").and_then(Value::as_array).map(Vec::as_slice) {
        Some([condition, _, otherwise]) if condition == "OnEmulator" => branches(otherwise),
        Some([_, then, otherwise]) => [branches(then), branches(otherwise)].concat(),
        _ if *value == json!({"Ref": "AWS::NoValue"}) => Vec::new(),
        _ => vec![value],
    }
}

fn written_out(node: &Yaml<'_>) -> Value {
    match node {
        Yaml::Value(Scalar::String(text)) => json!(text),
        Yaml::Value(Scalar::Integer(number)) => json!(number),
        Yaml::Value(Scalar::Boolean(truth)) => json!(truth),
        Yaml::Sequence(items) => items.iter().map(written_out).collect(),
        Yaml::Mapping(fields) => {
            let key = |key: &Yaml<'_>| key.as_str().unwrap_or_else(|| panic!("{key:?} is no key")).to_owned();
            fields.iter().map(|(name, value)| (key(name), written_out(value))).collect::<Map<_, _>>().into()
        }
        Yaml::Tagged(tag, argument) => call(&tag.suffix, &written_out(argument)),
        other => panic!("{other:?} is nothing that a template has"),
    }
}

fn call(function: &str, argument: &Value) -> Value {
    match (function, argument.as_str().and_then(|text| text.split_once('.'))) {
        ("Ref" | "Condition", _) => json!({function: argument}),
        ("GetAtt", Some((resource, attribute))) => json!({"Fn::GetAtt": [resource, attribute]}),
        _ => json!({format!("Fn::{function}"): argument}),
    }
}
