//! Names that two stacks in one account and region would both claim.

use serde_json::{Value, json};

use crate::document::{branches, entries, parsed, references, template, transformed};

/// Properties that end in `Name` and name no resource: of a type, what, and whose name it is.
const OF_SOMETHING_ELSE: [(&str, &str, &str); 9] = [
    ("AWS::CloudWatch::Alarm", "Dimensions/Name", "CloudWatch's, of a dimension"),
    ("AWS::CloudWatch::Alarm", "MetricName", "of a metric; see its dimensions"),
    ("AWS::EC2::Instance", "DeviceName", "Linux's"),
    ("AWS::EC2::VPCEndpoint", "ServiceName", "AWS's"),
    ("AWS::Glue::Table", "Columns/Name", "of a column"),
    ("AWS::Glue::Table", "PartitionKeys/Name", "of a column"),
    ("AWS::Glue::Table", "TableInput/Name", "in the stack's own database"),
    ("AWS::IAM::Role", "PolicyName", "in the stack's own role"),
    ("AWS::S3::Bucket", "Rules/Name", "of a filter"),
];

#[test]
fn nothing_in_a_stack_has_a_name_that_another_stack_would_have_too() {
    for template in [transformed(), &parsed("broker.yaml")] {
        for (resource, definition) in entries(&template["Resources"]) {
            let kind = definition["Type"].as_str().unwrap();
            for (path, name) in names(&definition["Properties"]) {
                let of_something_else =
                    OF_SOMETHING_ELSE.iter().any(|(of, what, _)| *of == kind && path.join("/").ends_with(what));
                let is_own = branches(name).into_iter().all(|name| is_of_this_stack(name, template));
                assert!(of_something_else || is_own, "{resource}: {} is {name} in every stack", path.join("/"));
            }
        }
    }
}

/// What one account has once for all regions: IAM's are so, and "All dashboards in your account are global, not region-specific": the
/// reference of `PutDashboard`, which replaces a dashboard of the same name.
#[test]
fn what_knows_no_region_has_it_in_its_name() {
    let global = ["AWS::CloudWatch::Dashboard", "AWS::IAM::"];
    for template in [transformed(), &parsed("broker.yaml")] {
        let resources = entries(&template["Resources"]);
        let resources = resources.filter(|(_, found)| global.iter().any(|kind| text(&found["Type"]).starts_with(kind)));
        for (resource, definition) in resources {
            // A resource's own name is no part of a property; one that CloudFormation gives has something of its own.
            for (path, name) in names(&definition["Properties"]).into_iter().filter(|(path, _)| path.len() == 1) {
                assert!(references(name).contains(&"AWS::Region"), "{resource}: {} is {name} in every region", path[0]);
            }
        }
    }
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

/// It has the stack's name in it, or is that of a resource of the stack, or what somebody has set a parameter to that is empty else.
fn is_of_this_stack(name: &Value, template: &Value) -> bool {
    let own = |reference: &str| reference == "AWS::StackName" || template["Resources"].get(reference).is_some();
    let chosen =
        name["Ref"].as_str().is_some_and(|parameter| template["Parameters"][parameter]["Default"] == json!(""));
    chosen || references(name).into_iter().any(own)
}

/// Every property whose name ends in `Name`, and the consumer group, which must be one of a kind too; with its path, without functions and
/// places in lists.
fn names(properties: &Value) -> Vec<(Vec<&str>, &Value)> {
    let mut found = Vec::new();
    for item in properties.as_array().into_iter().flatten() {
        found.extend(names(item));
    }
    for (key, value) in entries(properties) {
        if key.ends_with("Name") || key == "ConsumerGroupId" {
            found.push((vec![key], value));
        } else {
            let here = if key.starts_with("Fn::") { Vec::new() } else { vec![key] };
            found.extend(names(value).into_iter().map(|(path, value)| ([here.clone(), path].concat(), value)));
        }
    }
    found
}

/// The namespace is one for all stacks, and two topics may have one name.
#[test]
fn the_metrics_of_two_stacks_are_told_apart() {
    let template = template();
    let of_this_stack = ["IngestFunction", "CompactFunction"]
        .map(|function| json!({"Name": "FunctionName", "Value": {"Ref": function}}));
    let mut metrics = 0;
    for (name, alarm) in entries(&template["Resources"]).filter(|(_, found)| found["Type"] == "AWS::CloudWatch::Alarm")
    {
        let alarm = &alarm["Properties"];
        let several = alarm["Metrics"].as_array().into_iter().flatten().map(|metric| &metric["MetricStat"]["Metric"]);
        for metric in several.chain([alarm]).filter(|metric| metric["Namespace"] == "tickerlake") {
            let dimensions = metric["Dimensions"].as_array().unwrap();
            assert!(of_this_stack.iter().any(|function| dimensions.contains(function)), "{name}: {metric}");
            metrics += 1;
        }
    }
    assert!(metrics > 0);
    let dashboard = template["Resources"]["Dashboard"]["Properties"]["DashboardBody"]["Fn::Sub"].as_str().unwrap();
    for metric in dashboard.split(r#"["tickerlake","#).skip(1) {
        let of_this_stack =
            [r#"","FunctionName","${IngestFunction}","Topic","#, r#"","FunctionName","${CompactFunction}","#];
        assert!(of_this_stack.iter().any(|dimensions| metric.contains(dimensions)), "{metric}");
    }
}
