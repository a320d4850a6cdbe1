//! The parameters that template.yaml refuses, evaluated as `CloudFormation` does before it makes anything.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::document::{entries, template};

const SECRET: (&str, &str) = ("KafkaSecretArn", "arn:aws:secretsmanager:eu-central-1:123456789012:secret:kafka");
const ROOT_CA: (&str, &str) = ("KafkaRootCaSecretArn", "arn:aws:secretsmanager:eu-central-1:123456789012:secret:ca");
const PLAINTEXT: (&str, &str) = ("KafkaAuthentication", "NONE");
const SUBNET: (&str, &str) = ("VpcSubnetId1", "subnet-1");
const GROUP: (&str, &str) = ("VpcSecurityGroupId", "sg-1");
const ENDPOINTS: (&str, &str) = ("CreateVpcEndpoints", "true");
const VPC: (&str, &str) = ("VpcId", "vpc-1");
const TABLE: (&str, &str) = ("VpcRouteTableId1", "rtb-1");
const PROVISIONED: (&str, &str) = ("EventSourceMode", "PROVISIONED");

#[test]
fn what_aws_accepts_is_accepted() {
    for accepted in [
        vec![SECRET],
        vec![SECRET, ROOT_CA, SUBNET, GROUP],
        vec![("KafkaAuthentication", "SASL_SCRAM_256_AUTH"), SECRET],
        vec![("KafkaAuthentication", "BASIC_AUTH"), SECRET, ROOT_CA],
        vec![("KafkaAuthentication", "CLIENT_CERTIFICATE_TLS_AUTH"), SECRET, ROOT_CA],
        vec![PLAINTEXT, SUBNET, GROUP],
        vec![PLAINTEXT, SUBNET, ("VpcSubnetId2", "subnet-2"), GROUP, ENDPOINTS, VPC],
        vec![SECRET, SUBNET, GROUP, VPC, TABLE],
        vec![SECRET, SUBNET, GROUP, VPC, TABLE, ("VpcRouteTableId2", "rtb-2"), PROVISIONED],
        vec![SECRET, PROVISIONED, ("MaximumRetryAttempts", "3"), ("MaximumRecordAgeSeconds", "3600")],
    ] {
        assert_eq!(refusals(&accepted), [""; 0], "{accepted:?}");
    }
}

#[test]
fn what_aws_would_refuse_or_never_poll_is_refused_in_words() {
    for (refused, words) in [
        (vec![], "KafkaAuthentication needs KafkaSecretArn"),
        (vec![("KafkaAuthentication", "CLIENT_CERTIFICATE_TLS_AUTH")], "KafkaAuthentication needs KafkaSecretArn"),
        (vec![PLAINTEXT], "KafkaAuthentication NONE is for a broker inside a VPC"),
        (vec![PLAINTEXT, SUBNET, GROUP, SECRET], "KafkaAuthentication NONE logs in with nothing"),
        (vec![PLAINTEXT, SUBNET, GROUP, ROOT_CA], "KafkaAuthentication NONE is plaintext and checks no certificate"),
        (vec![SECRET, SUBNET], "VpcSubnetId1 needs VpcSecurityGroupId"),
        (vec![SECRET, GROUP], "VpcSecurityGroupId is of no use without VpcSubnetId1"),
        (vec![SECRET, ("VpcSubnetId2", "subnet-2")], "Name VpcSubnetId1 before VpcSubnetId2"),
        (vec![SECRET, SUBNET, GROUP, ("VpcSubnetId2", "subnet-1")], "VpcSubnetId2 is for another subnet"),
        (vec![SECRET, SUBNET, GROUP, ENDPOINTS], "CreateVpcEndpoints needs VpcId and VpcSubnetId1"),
        (
            vec![SECRET, SUBNET, GROUP, ENDPOINTS, VPC, PROVISIONED],
            "EventSourceMode PROVISIONED needs no VPC endpoints",
        ),
        (vec![SECRET, SUBNET, GROUP, TABLE], "VpcRouteTableId1 needs VpcId and VpcSubnetId1"),
        (vec![SECRET, VPC, TABLE], "VpcRouteTableId1 needs VpcId and VpcSubnetId1"),
        (vec![SECRET, ("VpcRouteTableId2", "rtb-2")], "Name VpcRouteTableId1 before VpcRouteTableId2"),
        (
            vec![SECRET, SUBNET, GROUP, VPC, TABLE, ("VpcRouteTableId2", "rtb-1")],
            "VpcRouteTableId2 is for another route table",
        ),
        (vec![SECRET, ("MaximumRetryAttempts", "3")], "MaximumRetryAttempts needs EventSourceMode PROVISIONED"),
        (vec![SECRET, ("MaximumRecordAgeSeconds", "60")], "MaximumRecordAgeSeconds needs EventSourceMode PROVISIONED"),
    ] {
        let refusals = refusals(&refused);
        assert!(matches!(&refusals[..], [refusal] if refusal.starts_with(words)), "{refused:?}: {refusals:?}");
    }
}

/// What the rules say to these parameters; the others have their defaults.
fn refusals(given: &[(&str, &str)]) -> Vec<String> {
    let template = template();
    let defaults =
        entries(&template["Parameters"]).map(|(name, parameter)| (name.to_owned(), text(&parameter["Default"])));
    let mut parameters: BTreeMap<_, _> = defaults.collect();
    parameters.extend(given.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
    entries(&template["Rules"])
        .filter(|(_, rule)| rule.get("RuleCondition").is_none_or(|condition| holds(condition, &parameters)))
        .flat_map(|(_, rule)| rule["Assertions"].as_array().unwrap())
        .filter(|assertion| !holds(&assertion["Assert"], &parameters))
        .map(|assertion| text(&assertion["AssertDescription"]))
        .collect()
}

fn holds(condition: &Value, parameters: &BTreeMap<String, String>) -> bool {
    let (function, arguments) = entries(condition).next().unwrap();
    let arguments = arguments.as_array().unwrap();
    let value = |argument: &Value| match argument["Ref"].as_str() {
        Some(name) => parameters[name].clone(),
        None => text(argument),
    };
    match function {
        "Fn::Equals" => value(&arguments[0]) == value(&arguments[1]),
        "Fn::Not" => !holds(&arguments[0], parameters),
        "Fn::And" => arguments.iter().all(|argument| holds(argument, parameters)),
        "Fn::Or" => arguments.iter().any(|argument| holds(argument, parameters)),
        other => panic!("{other} is not evaluated here"),
    }
}

/// As `CloudFormation` compares: everything is text.
fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
