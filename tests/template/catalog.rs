//! The tables, and the role of the crawler: its calls are Glue's own, so no emulator misses what it lacks.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::document::{entries, template};
use crate::permissions::{actions, statements};

const TABLES: [(&str, &str); 2] = [("BarsLandedTable", "parquet"), ("RejectsTable", "json")];

/// What Glue's documentation says that a crawler sets on a table ("Parameters set on Data Catalog tables by crawler"), and why a
/// declared table has it not. Of `compressionType` a crawler says "none" to what it cannot tell to be compressed, which is so inside of
/// Parquet files; a table without it is "null", and gets no folder
/// (aws-solutions-library-samples/cloud-intelligence-dashboards-data-collection#463).
const SET_BY_A_CRAWLER: [(&str, Result<&str, &str>); 11] = [
    ("CrawlerSchemaDeserializerVersion", Err("for internal use")),
    ("CrawlerSchemaSerializerVersion", Err("for internal use")),
    ("UPDATED_BY_CRAWLER", Err("none has updated it: UpdateBehavior is LOG")),
    ("averageRecordSize", Err("an estimate of what is there")),
    ("classification", Ok("parquet or json")),
    ("compressionType", Ok("none")),
    ("connectionName", Err("for tables that are behind a connection")),
    ("objectCount", Err("an estimate of what is there")),
    ("recordCount", Err("an estimate of what is there")),
    ("sizeKey", Err("an estimate of what is there")),
    ("typeOfData", Ok("file")),
];

#[test]
fn a_crawler_finds_the_tables_as_it_would_have_made_them() {
    let template = template();
    for (name, classification) in TABLES {
        let table = &template["Resources"][name]["Properties"]["TableInput"];
        let storage = &table["StorageDescriptor"];
        // Folders take after the second.
        for parameters in [&table["Parameters"], &storage["Parameters"]] {
            for (parameter, setting) in SET_BY_A_CRAWLER {
                let expected = if parameter == "classification" { Ok(classification) } else { setting };
                assert_eq!(parameters[parameter].as_str(), expected.ok(), "{name}: {parameter}");
            }
        }
    }
    let resources = &template["Resources"];
    let storage = |name: &str| resources[name]["Properties"]["TableInput"]["StorageDescriptor"].clone();
    assert_eq!(storage("BarsLandedTable")["SerdeInfo"]["Parameters"]["serialization.format"], "1");
    let rejects = storage("RejectsTable");
    let columns = rejects["Columns"].as_array().unwrap().iter().map(|column| column["Name"].as_str().unwrap());
    let sorted: Vec<_> = columns.collect::<BTreeSet<_>>().into_iter().collect();
    assert_eq!(
        rejects["SerdeInfo"]["Parameters"]["paths"],
        sorted.join(","),
        "the fields, as the JSON classifier writes them"
    );
}

/// The actions of the crawler's role, and where it is said that it needs them.
const NEEDED: [(&str, &[&str]); 6] = [
    (
        "Amazon's own template for a crawler of declared tables with InheritFromTable (awslabs/containers-cost-allocation-dashboard)",
        &[
            "glue:BatchCreatePartition",
            "glue:BatchGetPartition",
            "glue:BatchUpdatePartition",
            "glue:CreatePartition",
            "glue:GetDatabase",
            "glue:GetPartition",
            "glue:GetTable",
            "glue:UpdatePartition",
            "logs:CreateLogGroup",
            "logs:CreateLogStream",
            "logs:PutLogEvents",
            "s3:GetObject",
            "s3:ListBucket",
        ],
    ),
    (
        "Glue's guide, of a crawler with events of S3",
        &[
            "sqs:DeleteMessage",
            "sqs:GetQueueAttributes",
            "sqs:GetQueueUrl",
            "sqs:ListDeadLetterSourceQueues",
            "sqs:ListQueueTags",
            "sqs:PurgeQueue",
            "sqs:ReceiveMessage",
            "sqs:SetQueueAttributes",
        ],
    ),
    ("AWSGlueServiceRole, which the guide names for any crawler", &["s3:GetBucketLocation"]),
    ("the same, as glue:*; it lists what it is about to add", &["glue:GetPartitions", "glue:GetTables"]),
    ("the same; it may note on a table that it was here", &["glue:UpdateTable"]),
    ("what it reads is encrypted with the key, if there is one; so is the queue", &["kms:Decrypt"]),
];

/// What `AWSGlueServiceRole` has besides ("Create an IAM policy for the AWS Glue service" in the guide), and why this crawler does without. Of
/// `glue:*` it is what a crawler could do to tables that are not declared.
const NOT_NEEDED: [(&str, &[&str]); 6] = [
    ("the tables are declared, and DeleteBehavior is LOG", &["glue:CreateTable", "glue:DeletePartition"]),
    ("the metrics of jobs", &["cloudwatch:PutMetricData"]),
    (
        "it goes into no VPC: it has no connection",
        &[
            "ec2:CreateNetworkInterface",
            "ec2:CreateTags",
            "ec2:DeleteNetworkInterface",
            "ec2:DeleteTags",
            "ec2:DescribeNetworkInterfaces",
            "ec2:DescribeRouteTables",
            "ec2:DescribeSecurityGroups",
            "ec2:DescribeSubnets",
            "ec2:DescribeVpcAttribute",
            "ec2:DescribeVpcEndpoints",
        ],
    ),
    ("for development endpoints", &["iam:GetRole", "iam:GetRolePolicy", "iam:ListRolePolicies"]),
    ("of buckets aws-glue-*, for jobs", &["s3:CreateBucket", "s3:DeleteObject", "s3:PutObject"]),
    ("for the console; Amazon's template above has neither", &["s3:GetBucketAcl", "s3:ListAllMyBuckets"]),
];

#[test]
fn the_crawler_may_do_what_aws_says_that_it_does() {
    let allowed: BTreeSet<_> = statements(&template(), "CrawlerRole").iter().flat_map(actions).collect();
    let needed: BTreeSet<_> =
        NEEDED.iter().flat_map(|(_, actions)| *actions).map(|action| (*action).to_owned()).collect();
    assert_eq!(allowed, needed, "allowed by template.yaml, and needed");
    for (reason, actions) in NOT_NEEDED {
        for action in actions {
            assert!(!allowed.contains(*action), "{action} is not needed: {reason}");
        }
    }
}

#[test]
fn the_crawler_registers_folders_and_nothing_else() {
    let template = template();
    let crawler = &template["Resources"]["Crawler"]["Properties"];
    let policy: BTreeMap<_, _> = entries(&crawler["SchemaChangePolicy"]).collect();
    assert!(policy.values().all(|behavior| *behavior == "LOG") && policy.len() == 2, "{policy:?}");
    let configuration: Value = serde_json::from_str(crawler["Configuration"].as_str().unwrap()).unwrap();
    assert_eq!(configuration["CrawlerOutput"]["Partitions"]["AddOrUpdateBehavior"], "InheritFromTable");
}
