//! A right is one action on one resource; a role's policies are many of them.

use std::collections::BTreeMap;
use std::fmt;

use anyhow::{Context as _, Result};
use serde_json::{Value, json};

/// A role's inline policies: documents by name.
pub(crate) type Policies = BTreeMap<String, Value>;

#[derive(Debug, PartialEq)]
pub(crate) struct Right {
    /// The statement's `Sid`, or the policy's name if it has none.
    statement: String,
    pub(crate) action: String,
    resource: String,
}

/// Every right that these policies give.
pub(crate) fn rights(policies: &Policies) -> Result<Vec<Right>> {
    let mut rights = Vec::new();
    for (policy, document) in policies {
        for statement in each(&document["Statement"]) {
            rights.extend(rights_of(policy, statement)?);
        }
    }
    Ok(rights)
}

/// The same policies without some rights: a statement for each right that is left.
pub(crate) fn without(policies: &Policies, taken: &[&Right]) -> Result<Policies> {
    let mut left = policies.clone();
    for (policy, document) in &mut left {
        let mut statements = Vec::new();
        for statement in each(&document["Statement"]) {
            for right in rights_of(policy, statement)?.iter().filter(|right| !taken.contains(right)) {
                let mut single = statement.clone();
                // Unique in a policy.
                single["Sid"] = format!("Right{}", statements.len()).into();
                single["Action"] = right.action.as_str().into();
                single["Resource"] = right.resource.as_str().into();
                statements.push(single);
            }
        }
        document["Statement"] = statements.into();
    }
    // IAM refuses a policy without statements.
    left.retain(|_, document| document["Statement"] != json!([]));
    Ok(left)
}

fn rights_of(policy: &str, statement: &Value) -> Result<Vec<Right>> {
    let name = statement["Sid"].as_str().unwrap_or(policy);
    let mut rights = Vec::new();
    for action in each(&statement["Action"]) {
        for resource in each(&statement["Resource"]) {
            let (action, resource) = action
                .as_str()
                .zip(resource.as_str())
                .with_context(|| format!("the statement {name} is not of actions and resources: {statement}"))?;
            let right = Right { statement: name.to_owned(), action: action.to_owned(), resource: resource.to_owned() };
            rights.push(right);
        }
    }
    Ok(rights)
}

/// IAM writes a list of one as that one.
fn each(value: &Value) -> &[Value] {
    value.as_array().map_or(std::slice::from_ref(value), Vec::as_slice)
}

impl Right {
    /// Whether it is this one, to a resource in whose name this stands.
    pub(crate) fn is(&self, statement: &str, action: &str, resource: &str) -> bool {
        self.statement == statement && self.action == action && self.resource.contains(resource)
    }

    /// Whether the function's error says that this right is what it lacks.
    pub(crate) fn is_missed_in(&self, error: &str) -> bool {
        let refused = error.contains(&format!("not authorized to perform: {} ", self.action))
            // The answer to a HEAD has no body to say more in.
            || (self.action == "s3:GetObject" && error.contains("cannot find ") && error.contains("status 403 "));
        refused && error.contains(self.folder())
    }

    /// `bars/` of `arn:aws:s3:::lake/bars/*`: where an error on S3 names the object.
    fn folder(&self) -> &str {
        let key = self.resource.strip_prefix("arn:aws:s3:::").and_then(|path| path.split_once('/'));
        key.map_or("", |(_, key)| key.trim_end_matches('*'))
    }
}

impl fmt::Display for Right {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} on {} ({})", self.action, self.resource, self.statement)
    }
}
