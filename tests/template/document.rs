//! A `CloudFormation` template as JSON, its short forms written out: `!Ref Topic` is `{"Ref": "Topic"}`.

use std::fs;
use std::process::Command;
use std::sync::OnceLock;

use local::project_root;
use saphyr::{LoadableYamlNode, Scalar, Yaml};
use serde_json::{Map, Value, json};

/// template.yaml.
pub(crate) fn template() -> Value {
    parsed("template.yaml")
}

/// A template in the project's folder.
pub(crate) fn parsed(path: &str) -> Value {
    let text = read(path);
    let documents = Yaml::load_from_str(&text).unwrap();
    written_out(&documents[0])
}

/// template.yaml as `CloudFormation` gets it: what SAM makes of it, with the translator that the tools of `make` have.
pub(crate) fn transformed() -> &'static Value {
    static TRANSFORMED: OnceLock<Value> = OnceLock::new();
    TRANSFORMED.get_or_init(|| {
        let python = project_root().join("target/tools/venv/bin/python");
        let script = project_root().join("tests/template/transform.py");
        let output = Command::new(python).arg("-B").arg(script).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_slice(&output.stdout).unwrap()
    })
}

/// What `value` names at any depth: parameters and resources, by `Ref`, `Fn::GetAtt` and `${…}`, and conditions.
pub(crate) fn references(value: &Value) -> Vec<&str> {
    match value {
        Value::Object(fields) => fields
            .iter()
            .flat_map(|(function, argument)| match (function.as_str(), argument) {
                ("Ref" | "Condition", Value::String(name)) => vec![name.as_str()],
                ("Fn::GetAtt", Value::Array(path)) => path[0].as_str().into_iter().collect(),
                ("Fn::If", Value::Array(parts)) => {
                    parts[0].as_str().into_iter().chain(parts[1..].iter().flat_map(references)).collect()
                }
                ("Fn::Sub", Value::String(text)) => in_braces(text),
                ("Fn::Sub", Value::Array(parts)) => {
                    let named = in_braces(parts[0].as_str().unwrap());
                    named.into_iter().chain(references(&parts[1])).collect()
                }
                _ => references(argument),
            })
            .collect(),
        Value::Array(items) => items.iter().flat_map(references).collect(),
        _ => Vec::new(),
    }
}

/// `Bucket` of `${Bucket.Arn}`.
fn in_braces(text: &str) -> Vec<&str> {
    let names = text.split("${").skip(1).filter_map(|rest| rest.split('}').next());
    names.map(|name| name.split('.').next().unwrap_or(name)).collect()
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
