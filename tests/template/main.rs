//! What template.yaml promises to the code, to docs/ and to whoever is woken by one of its alarms.

#![expect(clippy::unwrap_used, reason = "in a test a panic is the message")]

mod catalog;
mod document;
mod names;
mod permissions;
mod rules;
mod services;
mod updates;

use std::collections::BTreeSet;

use document::{entries, parsed, read, template};
use serde_json::{Value, json};

fn resources<'t>(template: &'t Value, kind: &str) -> impl Iterator<Item = (&'t str, &'t Value)> {
    entries(&template["Resources"]).filter(move |(_, resource)| resource["Type"] == kind)
}

#[test]
fn every_alarm_tells_somebody_what_is_wrong_and_what_to_do() {
    let template = template();
    let dashboard = template["Resources"]["Dashboard"]["Properties"]["DashboardBody"]["Fn::Sub"].as_str().unwrap();
    let mut sections = BTreeSet::new();
    for (name, alarm) in resources(&template, "AWS::CloudWatch::Alarm") {
        let alarm = &alarm["Properties"];
        for actions in ["AlarmActions", "OKActions"] {
            assert_eq!(alarm[actions], json!([{"Ref": "AlarmTopic"}]), "{name}");
        }
        let section = alarm["AlarmName"]["Fn::Sub"].as_str().and_then(|name| name.strip_prefix("${AWS::StackName}-"));
        let section = section.unwrap_or_else(|| panic!("{name} is not named after the stack"));
        let description = &alarm["AlarmDescription"];
        let description = description.as_str().or(description["Fn::Sub"].as_str()).unwrap();
        assert!(description.ends_with(&format!(" What to do: RUNBOOK.md#{section}")), "{name}: {description}");
        assert!(alarm["TreatMissingData"].is_string(), "{name} does not say what silence means");
        assert!(dashboard.contains(&format!("${{AWS::StackName}}-{section}\"")), "{name} is not on the dashboard");
        sections.insert(section.to_owned());
    }
    // The sections about alarms are named like them, in small letters; the others are sentences.
    let broker = parsed("broker.yaml");
    for (name, alarm) in resources(&broker, "AWS::CloudWatch::Alarm") {
        sections.insert(section_of_the_brokers(name, &alarm["Properties"]));
    }
    let runbook = read("RUNBOOK.md");
    let headings = runbook.lines().filter_map(|line| line.strip_prefix("## "));
    let written: BTreeSet<_> =
        headings.filter(|heading| heading.starts_with(char::is_lowercase)).map(str::to_owned).collect();
    assert_eq!(sections, written, "alarms of the templates, and sections of RUNBOOK.md");
}

/// One alarm for each broker is in one section.
fn section_of_the_brokers(name: &str, alarm: &Value) -> String {
    for actions in ["AlarmActions", "OKActions"] {
        assert_eq!(alarm[actions], json!([{"Ref": "AlarmTopic"}]), "{name}");
    }
    assert!(alarm["TreatMissingData"].is_string(), "{name} does not say what silence means");
    let named =
        alarm["AlarmName"]["Fn::Sub"].as_str().and_then(|name| name.strip_prefix("${AWS::StackName}-")).unwrap();
    let description = &alarm["AlarmDescription"];
    let description = description.as_str().or(description["Fn::Sub"].as_str()).unwrap();
    let (_, section) = description.split_once(" What to do: RUNBOOK.md#").unwrap();
    assert_eq!(named.trim_end_matches(|last: char| last == '-' || last.is_ascii_digit()), section, "{name}");
    section.to_owned()
}

/// What they write is what the alarms read: a name that differs would be silence for ever.
#[test]
fn the_alarms_of_the_brokers_are_on_what_the_brokers_tell() {
    let broker = parsed("broker.yaml");
    let script = read("broker/report-health.sh");
    for (name, alarm) in resources(&broker, "AWS::CloudWatch::Alarm") {
        let alarm = &alarm["Properties"];
        let metric = alarm["MetricName"].as_str().unwrap();
        assert!(
            script.replace('\\', "").contains(&format!("\"MetricName\":\"{metric}\"")),
            "{name}: nobody tells {metric}"
        );
        let namespace = alarm["Namespace"].as_str().unwrap();
        assert!(script.contains(&format!("--namespace {namespace} ")), "{name}");
    }
}

/// Three instances are made of the same text: what one has and another lacks would be seen when that one is all there is.
#[test]
fn the_brokers_differ_in_their_number_only() {
    let broker = parsed("broker.yaml");
    let of = |kind: &str, number: u8| {
        let resource = &broker["Resources"][format!("{kind}{number}")];
        assert!(resource.is_object(), "{kind}{number}");
        let numbered = ["Broker", "Volume", "Interface", "Zone", "BROKER_ID=", "${AWS::StackName}-"];
        numbered.iter().fold(resource.to_string(), |text, before| {
            text.replace(&format!("{before}{number}"), &format!("{before}#"))
        })
    };
    for kind in ["Broker", "DataVolume", "DataVolumeAttachment"] {
        for other in [2, 3] {
            assert_eq!(of(kind, other), of(kind, 1), "{kind}{other}");
        }
    }
}

#[test]
fn every_parameter_is_in_a_group_and_in_the_reference() {
    let template = template();
    let groups = template["Metadata"]["AWS::CloudFormation::Interface"]["ParameterGroups"].as_array().unwrap();
    let grouped = groups.iter().flat_map(|group| group["Parameters"].as_array().unwrap());
    let grouped: Vec<_> = grouped.map(|name| name.as_str().unwrap()).collect();
    let declared: BTreeSet<_> = entries(&template["Parameters"]).map(|(name, _)| name).collect();
    assert_eq!(grouped.len(), declared.len(), "a parameter is in two groups, or in none");
    assert_eq!(grouped.into_iter().collect::<BTreeSet<_>>(), declared);

    let reference = read("docs/reference.md");
    let (_, table) = reference.split_once("\n## Parameters of the template\n").unwrap();
    let (table, _) = table.split_once("\n## ").unwrap();
    let rows = table.lines().filter_map(|line| line.strip_prefix("| ")?.split(" | ").next());
    let described: BTreeSet<_> = rows.flat_map(|names| names.split(", ")).map(|name| name.trim_matches('`')).collect();
    let missing: Vec<_> = declared.difference(&described).collect();
    assert!(missing.is_empty(), "docs/reference.md does not describe {missing:?}");
    let gone: Vec<_> = described.difference(&declared).filter(|name| name.starts_with(char::is_uppercase)).collect();
    assert!(gone.is_empty(), "docs/reference.md describes {gone:?}, which template.yaml does not have");
}

#[test]
fn a_function_gets_exactly_the_variables_that_it_reads() {
    let template = template();
    for (function, resource) in [("ingest", "IngestFunction"), ("crawl", "CrawlFunction"), ("report", "ReportFunction")]
    {
        let variables = &template["Resources"][resource]["Properties"]["Environment"]["Variables"];
        // glibc reads one of them.
        let given: BTreeSet<_> =
            entries(variables).map(|(name, _)| name).filter(|name| *name != "GLIBC_TUNABLES").collect();
        let source = read(&format!("functions/{function}/src/config.rs"));
        let literals = source.split("#[cfg(test)]").next().unwrap().split('"').skip(1).step_by(2);
        let is_name = |text: &&str| {
            !text.is_empty()
                && text.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_')
        };
        // Set by whoever runs an emulator, never by the template.
        let set_by_us = |name: &&str| !name.starts_with("AWS_ENDPOINT_URL");
        let read: BTreeSet<_> = literals.filter(is_name).filter(set_by_us).collect();
        assert_eq!(given, read, "{function}: given by template.yaml, and read by config.rs");
    }
}

#[test]
fn what_only_provisioned_mode_has_is_set_in_provisioned_mode_only() {
    let template = template();
    let event_source = &template["Resources"]["IngestEventSource"]["Properties"];
    for property in [
        "ProvisionedPollerConfig",
        "BisectBatchOnFunctionError",
        "MaximumRetryAttempts",
        "MaximumRecordAgeInSeconds",
        "MetricsConfig",
        "LoggingConfig",
    ] {
        let choice = event_source[property]["Fn::If"].as_array().unwrap_or_else(|| panic!("{property} is always set"));
        assert_eq!(choice[0], "IsProvisioned", "{property}");
        assert_eq!(choice[2], json!({"Ref": "AWS::NoValue"}), "{property}");
    }
}

/// Athena publishes its metrics by `QueryState`, `QueryType` and `WorkGroup`, and `CloudWatch` adds up none of them by itself.
#[test]
fn the_dashboard_asks_for_what_is_published() {
    let template = template();
    let dashboard = template["Resources"]["Dashboard"]["Properties"]["DashboardBody"]["Fn::Sub"].as_str().unwrap();
    let dashboard: Value = serde_json::from_str(dashboard).unwrap();
    let widgets = dashboard["widgets"].as_array().unwrap();
    let metrics = || widgets.iter().filter_map(|widget| widget["properties"]["metrics"].as_array()).flatten();
    assert!(!metrics().any(|metric| metric[0] == "AWS/Athena"), "a single metric of Athena's has no values");
    let search = "{AWS/Athena,QueryState,QueryType,WorkGroup} MetricName=\"ProcessedBytes\" WorkGroup=\"${Workgroup}\"";
    let scanned = metrics().filter_map(|metric| metric[0]["expression"].as_str());
    assert!(scanned.clone().any(|expression| expression.contains(search)), "{:?}", scanned.collect::<Vec<_>>());
}

#[test]
fn what_a_schedule_cannot_deliver_is_kept() {
    let template = template();
    let functions = resources(&template, "AWS::Serverless::Function");
    let schedules: Vec<_> = functions.flat_map(|(_, function)| entries(&function["Properties"]["Events"])).collect();
    assert_eq!(schedules.len(), 4);
    for (name, schedule) in schedules {
        let queue = &schedule["Properties"]["DeadLetterConfig"]["Arn"];
        assert_eq!(*queue, json!({"Fn::GetAtt": ["DeadLetters", "Arn"]}), "{name}");
    }
}

#[test]
fn whatever_holds_data_is_encrypted_with_the_key_if_there_is_one() {
    let template = template();
    for (kind, property) in [
        ("AWS::S3::Bucket", "BucketEncryption"),
        ("AWS::Logs::LogGroup", "KmsKeyId"),
        ("AWS::Athena::WorkGroup", "WorkGroupConfiguration"),
        ("AWS::SNS::Topic", "KmsMasterKeyId"),
    ] {
        for (name, resource) in resources(&template, kind) {
            let setting = resource["Properties"][property].to_string();
            assert!(setting.contains("HasKmsKey") && setting.contains(r#"{"Ref":"KmsKeyArn"}"#), "{name}: {setting}");
        }
    }
}
