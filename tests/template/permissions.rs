//! What each function may do, against what its code calls.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use local::project_root;
use serde_json::{Value, json};

use crate::document::{branches, entries, template};

/// Each with its resource, and what it has from the crate `store`.
const FUNCTIONS: [(&str, &str, &[&str]); 4] = [
    ("ingest", "IngestFunction", &["s3.rs"]),
    ("crawl", "CrawlFunction", &[]),
    ("compact", "CompactFunction", &["s3.rs", "s3/parts.rs"]),
    ("report", "ReportFunction", &[]),
];

/// The action that a call of the SDK needs.
const CALLS: [(&str, &str); 22] = [
    ("abort_multipart_upload", "s3:AbortMultipartUpload"),
    ("batch_create_partition", "glue:BatchCreatePartition"),
    ("batch_delete_partition", "glue:BatchDeletePartition"),
    ("complete_multipart_upload", "s3:PutObject"),
    // And to read what is copied.
    ("copy_object", "s3:PutObject"),
    ("create_multipart_upload", "s3:PutObject"),
    ("create_table", "glue:CreateTable"),
    ("delete_object", "s3:DeleteObject"),
    ("get_crawler", "glue:GetCrawler"),
    ("get_object", "s3:GetObject"),
    ("get_partitions", "glue:GetPartitions"),
    ("get_query_execution", "athena:GetQueryExecution"),
    ("get_table", "glue:GetTable"),
    ("head_object", "s3:GetObject"),
    ("list_objects_v2", "s3:ListBucket"),
    ("publish", "sns:Publish"),
    ("put_object", "s3:PutObject"),
    ("start_crawler", "glue:StartCrawler"),
    ("start_query_execution", "athena:StartQueryExecution"),
    ("stop_query_execution", "athena:StopQueryExecution"),
    ("update_table", "glue:UpdateTable"),
    ("upload_part", "s3:PutObject"),
];

/// Actions that no line of a function calls, and why its role has them all the same.
const BESIDES: [(&str, &str, &[&str]); 7] = [
    ("ingest", "the event source logs in to Kafka with the function's role", &["secretsmanager:GetSecretValue"]),
    (
        "ingest",
        "the event source's pollers come into the VPC with the function's role",
        &[
            "ec2:CreateNetworkInterface",
            "ec2:DeleteNetworkInterface",
            "ec2:DescribeNetworkInterfaces",
            "ec2:DescribeSecurityGroups",
            "ec2:DescribeSubnets",
            "ec2:DescribeVpcs",
        ],
    ),
    ("ingest", "S3 and the secret under a key of one's own", &["kms:Decrypt", "kms:GenerateDataKey"]),
    ("compact", "S3 under a key of one's own", &["kms:Decrypt", "kms:GenerateDataKey"]),
    (
        "report",
        "Athena reads the catalog with the caller's rights",
        &[
            "glue:BatchGetPartition",
            "glue:GetDatabase",
            "glue:GetPartition",
            "glue:GetPartitions",
            "glue:GetTable",
            "glue:GetTables",
        ],
    ),
    (
        "report",
        "Athena reads the lake and writes its results with the caller's rights",
        &[
            "s3:AbortMultipartUpload",
            "s3:GetBucketLocation",
            "s3:GetObject",
            "s3:ListBucket",
            "s3:ListMultipartUploadParts",
        ],
    ),
    ("report", "S3 under a key of one's own", &["kms:Decrypt", "kms:GenerateDataKey"]),
];

#[test]
fn each_function_may_do_what_it_calls_and_what_is_listed_here_with_its_reason() {
    let template = template();
    for (name, resource, of_store) in FUNCTIONS {
        let mut calls = calls(&project_root().join("functions").join(name).join("src"));
        calls.extend(of_store.iter().flat_map(|file| calls_of(&project_root().join("store/src").join(file))));
        let besides = BESIDES.iter().filter(|(function, ..)| *function == name).flat_map(|(.., actions)| *actions);
        let needed: BTreeSet<_> = calls.into_iter().chain(besides.map(|action| (*action).to_owned())).collect();
        let allowed: BTreeSet<_> = statements(&template, resource).iter().flat_map(actions).collect();
        assert_eq!(allowed, needed, "{name}: allowed by template.yaml, and needed");
    }
}

#[test]
fn no_policy_has_a_wildcard_that_can_be_avoided() {
    let template = template();
    for (name, resource) in entries(&template["Resources"]) {
        for statement in statements(&template, name) {
            assert_eq!(statement["Effect"], "Allow", "{name}");
            for action in actions(&statement) {
                assert!(!action.contains('*'), "{name}: {action}");
            }
            // The interfaces do not exist before they are made, and descriptions cannot be narrowed.
            let everywhere = branches(&statement["Resource"]).contains(&&json!("*"));
            assert!(!everywhere || statement["Sid"] == "ReachTheVpc", "{name}: {statement}");
        }
        assert!(!resource.to_string().contains(":iam::aws:policy"), "{name} has a policy that AWS manages");
    }
}

/// The statements of a function's or a role's policies, under whatever condition.
pub(crate) fn statements(template: &Value, resource: &str) -> Vec<Value> {
    let policies = template["Resources"][resource]["Properties"]["Policies"].as_array();
    policies
        .into_iter()
        .flatten()
        .flat_map(branches)
        .map(|policy| policy.get("PolicyDocument").unwrap_or(policy))
        .flat_map(|policy| policy["Statement"].as_array().unwrap())
        .flat_map(branches)
        .cloned()
        .collect()
}

pub(crate) fn actions(statement: &Value) -> Vec<String> {
    let text = |action: &Value| action.as_str().unwrap().to_owned();
    match &statement["Action"] {
        Value::Array(actions) => actions.iter().map(text).collect(),
        action => vec![text(action)],
    }
}

/// The actions of all SDK calls below a folder, tests left out. A call that nobody has named yet is a panic.
fn calls(folder: &Path) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(calls(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") && !path.ends_with("tests.rs") {
            found.extend(calls_of(&path));
        }
    }
    found
}

fn calls_of(file: &Path) -> BTreeSet<String> {
    let known = BTreeMap::from(CALLS);
    let source = fs::read_to_string(file).unwrap();
    let source = source.split("#[cfg(test)]").next().unwrap_or_default();
    let names = source.split('.').filter_map(|rest| rest.split_once("()")).map(|(name, _)| name);
    let action = |call| match known.get(call) {
        Some(action) => (*action).to_owned(),
        None => panic!("{} calls {call}: name its action here and in template.yaml", file.display()),
    };
    names.filter(|name| is_operation(name)).map(action).collect()
}

/// Methods that are named so, and are not the SDK's.
const OF_OTHERS: [&str; 6] =
    ["get_basic_info", "get_column_iter", "get_fields", "get_mut", "get_next_page", "get_physical_type"];

/// Whether a method without arguments is named as the SDK names operations.
fn is_operation(name: &str) -> bool {
    if OF_OTHERS.contains(&name) {
        return false;
    }
    let verbs = [
        "abort", "batch", "complete", "copy", "create", "delete", "get", "head", "list", "put", "send", "start",
        "stop", "update", "upload",
    ];
    // SNS's is a verb alone.
    name == "publish"
        || name.split_once('_').is_some_and(|(verb, noun)| {
            verbs.contains(&verb)
                && noun.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
        })
}
