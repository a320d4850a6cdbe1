//! What AWS's services call by themselves, with which rights: no function's code shows it, and hardly any of it happens on the emulator.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::document::{entries, parsed, read, references, template, transformed};
use crate::permissions::{actions, statements};

#[test]
fn the_key_policy_of_the_documentation_lets_in_each_service_that_acts_in_nobodys_name() {
    let template = template();
    let mut needed = BTreeSet::new();
    for (name, resource) in entries(&template["Resources"]) {
        let properties = &resource["Properties"];
        match resource["Type"].as_str().unwrap() {
            "AWS::SQS::QueuePolicy" | "AWS::SNS::TopicPolicy" => {
                let targets = [&properties["Queues"], &properties["Topics"]].into_iter().flat_map(references);
                let encrypted = |target: &str| references(&template["Resources"][target]).contains(&"KmsKeyArn");
                assert!(targets.clone().count() > 0, "{name} is the policy of nothing");
                if targets.into_iter().any(encrypted) {
                    needed.extend(services(&properties["PolicyDocument"]["Statement"]));
                }
            }
            "AWS::Logs::LogGroup" => _ = needed.insert("logs.REGION.amazonaws.com".to_owned()),
            _ => {}
        }
    }
    assert_eq!(services(&key_policy()), needed, "let in by the key policy in docs/operating.md, and needed");
}

/// "A `SourceAccount` setting prevents `EventBridge` from being able to invoke": `EventBridge`'s user guide, "Troubleshooting", which lets it use a
/// key for an encrypted queue without any condition. `SNS` says of its encrypted topics that the condition is not supported for `EventBridge`.
#[test]
fn eventbridge_may_use_the_key_under_no_condition_and_the_others_for_this_account_only() {
    for statement in key_policy().as_array().unwrap() {
        let of_eventbridge = services(&json!([statement])).contains("events.amazonaws.com");
        assert_eq!(statement.get("Condition").is_none(), of_eventbridge, "{statement}");
        assert_eq!(services(&json!([statement])).len() == 1, of_eventbridge || statement["Sid"] == "tickerlake-logs");
        let actions = statement["Action"].to_string();
        assert!(actions.contains("kms:Decrypt") && actions.contains("kms:GenerateDataKey"), "{statement}");
    }
    // The same of the queue: only the rule, by its own name.
    let policy = &template()["Resources"]["GivenUpQueuePolicy"]["Properties"]["PolicyDocument"]["Statement"][0];
    assert_eq!(policy["Condition"], json!({"ArnEquals": {"aws:SourceArn": {"Fn::GetAtt": ["GivenUpRule", "Arn"]}}}));
}

/// What `EventBridge` cannot deliver, nobody else tells of.
#[test]
fn an_alarm_watches_what_eventbridge_cannot_deliver() {
    let template = template();
    let is = |kind: &'static str| entries(&template["Resources"]).filter(move |(_, found)| found["Type"] == kind);
    assert!(is("AWS::Events::Rule").count() > 0);
    for (rule, _) in is("AWS::Events::Rule") {
        let watches = |alarm: &Value| {
            (&alarm["Namespace"], &alarm["MetricName"]) == (&json!("AWS/Events"), &json!("FailedInvocations"))
                && alarm["Dimensions"] == json!([{"Name": "RuleName", "Value": {"Ref": rule}}])
        };
        assert!(
            is("AWS::CloudWatch::Alarm").any(|(_, alarm)| watches(&alarm["Properties"])),
            "no alarm watches {rule}"
        );
    }
}

/// "Mandatory: access policy to the default database and catalog per AWS Region": Athena's user guide, "Access to databases and tables". It
/// also names `glue:CreateDatabase`, with which Athena makes that database where there is none; a report may not make any.
#[test]
fn athena_may_look_at_the_default_database_in_the_name_of_a_report() {
    let looks = statements(&template(), "ReportFunction").into_iter().filter(|statement| {
        actions(statement).contains(&"glue:GetDatabase".to_owned())
            && statement["Resource"].to_string().contains(":database/default\"")
    });
    assert_eq!(looks.count(), 1);
}

/// "You must deploy a VPC endpoint for your on-failure destination service inside your Kafka cluster VPC": Lambda's guide, "Capturing
/// discarded batches". A gateway endpoint is the way to S3 of whole subnets, so one with a policy would shut out who else is in them.
#[test]
fn the_way_to_the_on_failure_bucket_is_a_gateway_that_leaves_others_alone() {
    let endpoint = &template()["Resources"]["S3Endpoint"]["Properties"];
    assert_eq!((&endpoint["VpcEndpointType"], &endpoint["PolicyDocument"]), (&json!("Gateway"), &Value::Null));
    assert_eq!(endpoint["ServiceName"], json!({"Fn::Sub": "com.amazonaws.${AWS::Region}.s3"}));
    let tables = references(&endpoint["RouteTableIds"]);
    assert!(["VpcRouteTableId1", "VpcRouteTableId2"].iter().all(|table| tables.contains(table)), "{tables:?}");
}

#[test]
fn the_architecture_says_of_each_service_and_role_who_uses_it() {
    let architecture = read("ARCHITECTURE.md");
    let (_, section) = architecture.split_once("\n## Who calls what on AWS\n").unwrap();
    let section = section.split("\n## ").next().unwrap();
    let broker = parsed("broker.yaml");
    for (name, resource) in entries(&transformed()["Resources"]).chain(entries(&broker["Resources"])) {
        let properties = &resource["Properties"];
        let document = match resource["Type"].as_str().unwrap() {
            "AWS::IAM::Role" => &properties["AssumeRolePolicyDocument"],
            "AWS::SQS::QueuePolicy" | "AWS::SNS::TopicPolicy" => &properties["PolicyDocument"],
            _ => continue,
        };
        for service in services(&document["Statement"]) {
            let row = section.lines().find(|row| row.contains(&format!("`{name}`")) && row.contains(&service));
            assert!(row.is_some(), "ARCHITECTURE.md has no row with {name} and {service}");
        }
    }
}

/// After 60 s without an answer the AWS CLI asks again, and has all reports made once more, and once more.
#[test]
fn no_command_of_ours_makes_the_reports_again_while_they_are_made() {
    for file in ["docs/reports.md", "RUNBOOK.md"] {
        let text = read(file).replace("\\\n", " ");
        let invocations = text.lines().filter(|line| line.contains("aws lambda invoke") && line.contains("\"$REPORT"));
        let (mut patient, mut all) = (0, 0);
        for line in invocations {
            patient += usize::from(line.contains("--cli-read-timeout 0"));
            all += 1;
        }
        assert!(all > 0 && patient == all, "{file}: {patient} of {all} invocations of report wait for their answer");
    }
}

/// The statements that docs/operating.md shows.
fn key_policy() -> Value {
    let operating = read("docs/operating.md");
    let (_, section) = operating.split_once("\n## Encryption\n").unwrap();
    let (_, block) = section.split_once("```json\n").unwrap();
    let (block, _) = block.split_once("```").unwrap();
    serde_json::from_str(&format!("[{block}]")).unwrap()
}

/// Every service that a statement names.
fn services(statements: &Value) -> BTreeSet<String> {
    let principals = statements.as_array().into_iter().flatten().map(|statement| &statement["Principal"]["Service"]);
    let each = principals.flat_map(|service| service.as_array().map_or(std::slice::from_ref(service), Vec::as_slice));
    each.filter_map(|service| service.as_str().map(str::to_owned)).collect()
}
