//! Least privilege, from the other side: each right of each function's role is taken away in turn, and the function fails for want
//! of it. What cannot fail here is listed with the reason.

mod calls;
mod iam;
mod lake;
mod rights;

use anyhow::{Context as _, Result, bail, ensure};
use local::{Stack, StackOptions};
use tests::stack_options;

use crate::calls::Function;
use crate::iam::Role;
use crate::rights::{Right, rights, without};

const ATHENA: &str = "Athena has the caller's rights to catalog and lake, where the emulator's has all";
const OF_THE_DATABASE: &str =
    "Glue asks for a right to the catalog, the database and the table, the emulator's for one to the database only";
const DEAD_LETTER: &str = "Lambda, not the function, sends the event of a failed asynchronous invocation";

/// Any resource.
const ANY: &[&str] = &[""];
/// Those of Glue that its emulator does not look at.
const NOT_THE_DATABASE: &[&str] = &[":catalog", ":table/"];

/// Of a function, in the statement with this `Sid` (or the policy with this name), actions on resources in whose names one of these
/// stands, and why.
type Unchecked = (Function, &'static str, &'static [&'static str], &'static [&'static str], &'static str);

/// Rights that nobody misses here.
const UNCHECKED: [Unchecked; 16] = [
    (
        Function::Ingest,
        "KeepFailedEvents",
        &["s3:PutObject"],
        ANY,
        "the event source in local/ writes there with rights of its own",
    ),
    (Function::Ingest, "FindFailedEvents", &["s3:ListBucket"], ANY, "as above"),
    (
        Function::Ingest,
        "ReachTheVpc",
        &[
            "ec2:CreateNetworkInterface",
            "ec2:DeleteNetworkInterface",
            "ec2:DescribeNetworkInterfaces",
            "ec2:DescribeSecurityGroups",
            "ec2:DescribeSubnets",
            "ec2:DescribeVpcs",
        ],
        ANY,
        "the pollers of AWS come into a VPC, the event source in local/ into none",
    ),
    (Function::Crawl, "DeadLetterQueuePolicy", &["sqs:SendMessage"], ANY, DEAD_LETTER),
    (Function::Compact, "DeadLetterQueuePolicy", &["sqs:SendMessage"], ANY, DEAD_LETTER),
    (Function::Report, "DeadLetterQueuePolicy", &["sqs:SendMessage"], ANY, DEAD_LETTER),
    (
        Function::Report,
        "Query",
        &["athena:StopQueryExecution"],
        ANY,
        "a query is stopped when the function's time is up, which no query here is slow enough for",
    ),
    (
        Function::Report,
        "ReadTheCatalog",
        &[
            "glue:BatchGetPartition",
            "glue:GetDatabase",
            "glue:GetPartition",
            "glue:GetPartitions",
            "glue:GetTable",
            "glue:GetTables",
        ],
        ANY,
        ATHENA,
    ),
    (Function::Report, "LookAtTheDefaultDatabase", &["glue:GetDatabase"], ANY, ATHENA),
    (
        Function::Report,
        "Announce",
        &["sns:Publish"],
        ANY,
        "a topic's own policy, as SNS makes it, lets everybody of the account publish",
    ),
    (Function::Report, "FindTheLake", &["s3:GetBucketLocation"], ANY, ATHENA),
    (Function::Report, "ReadTheLake", &["s3:GetObject"], ANY, ATHENA),
    (
        Function::Report,
        "KeepQueryResults",
        &["s3:AbortMultipartUpload", "s3:ListMultipartUploadParts", "s3:PutObject"],
        ANY,
        ATHENA,
    ),
    (
        Function::Report,
        "Publish",
        &["s3:AbortMultipartUpload"],
        ANY,
        "a file that has begun to go up is taken back when its report fails, and none here is as large as that",
    ),
    (
        Function::Compact,
        "RegisterPartsAndFolders",
        &["glue:BatchCreatePartition", "glue:BatchDeletePartition", "glue:GetPartitions", "glue:GetTable"],
        NOT_THE_DATABASE,
        OF_THE_DATABASE,
    ),
    (
        Function::Compact,
        "PublishTheViews",
        &["glue:CreateTable", "glue:UpdateTable"],
        NOT_THE_DATABASE,
        OF_THE_DATABASE,
    ),
];

#[tokio::test(flavor = "multi_thread")]
async fn a_function_that_lacks_one_of_its_rights_fails_and_says_which() -> Result<()> {
    // So that there is a topic to publish to.
    let options =
        StackOptions { parameters: vec![("ReportEmail", "analyst@example.com")], ..stack_options("least_privilege") };
    let stack = Stack::start(options).await?;
    tokio::try_join!(
        takes_away_each_right(&stack, Function::Ingest),
        takes_away_each_right(&stack, Function::Crawl),
        takes_away_each_right(&stack, Function::Report),
    )?;
    // By itself: it makes the lake anew for each call.
    takes_away_each_right(&stack, Function::Compact).await?;
    stack.stop().await
}

async fn takes_away_each_right(stack: &Stack, function: Function) -> Result<()> {
    let role = Role::of(stack, function.arn(stack)).await?;
    let granted = role.policies().await?;
    let (unchecked, checked): (Vec<Right>, Vec<Right>) =
        rights(&granted)?.into_iter().partition(|right| is_unchecked(function, right));
    nothing_is_listed_in_vain(function, &unchecked)?;
    ensure!(!checked.is_empty(), "{function:?} has no right that is checked");

    for right in &checked {
        function.call(stack).await.with_context(|| format!("{function:?} with all its rights"))?;
        role.set(&without(&granted, &[right])?).await?;
        let called = function.call(stack).await;
        role.set(&granted).await?;
        let Err(error) = called else {
            bail!("{function:?} works without {right}: take it out of template.yaml, or say in UNCHECKED who needs it");
        };
        let error = format!("{error:#}");
        ensure!(right.is_missed_in(&error), "{function:?} without {right} failed for another reason: {error}");
    }

    role.set(&without(&granted, &unchecked.iter().collect::<Vec<_>>())?).await?;
    let called = function.call(stack).await;
    role.set(&granted).await?;
    called.with_context(|| format!("{function:?} misses a right that UNCHECKED lists: take it out of there"))?;
    function.call(stack).await.with_context(|| format!("{function:?} with all its rights again"))
}

fn is_unchecked(function: Function, right: &Right) -> bool {
    UNCHECKED.iter().any(|(of, statement, actions, resources, _)| {
        let is_of = |resource: &&str| right.is(statement, &right.action, resource);
        *of == function && actions.contains(&right.action.as_str()) && resources.iter().any(is_of)
    })
}

fn nothing_is_listed_in_vain(function: Function, unchecked: &[Right]) -> Result<()> {
    for (_, statement, actions, resources, _) in UNCHECKED.iter().filter(|(of, ..)| *of == function) {
        for (action, resource) in
            actions.iter().flat_map(|action| resources.iter().map(move |resource| (action, resource)))
        {
            let granted = unchecked.iter().any(|right| right.is(statement, action, resource));
            ensure!(granted, "UNCHECKED lists {action} in {statement} of {function:?}, which has no such right");
        }
    }
    Ok(())
}
