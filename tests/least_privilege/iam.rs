//! IAM of the emulator, as much of its API as reads and writes the inline policies of a role.

use anyhow::{Context as _, Result, ensure};
use local::Stack;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::rights::Policies;

/// A role, and where its IAM is.
pub(crate) struct Role {
    address: String,
    name: String,
}

impl Role {
    /// The role of a deployed function.
    pub(crate) async fn of(stack: &Stack, function: &str) -> Result<Self> {
        let deployed = stack.aws().lambda.get_function_configuration().function_name(function).send().await?;
        let arn = deployed.role().with_context(|| format!("{function} has no role"))?;
        let name = arn.rsplit('/').next().unwrap_or_default().to_owned();
        Ok(Self { address: stack.endpoint().trim_start_matches("http://").to_owned(), name })
    }

    /// Its inline policies as they are now.
    pub(crate) async fn policies(&self) -> Result<Policies> {
        let mut policies = Policies::new();
        for policy in self.names().await? {
            let answer = self.call("GetRolePolicy", &[("PolicyName", &policy)]).await?;
            let document = values(&answer, "PolicyDocument").pop().context("IAM answers without a document")?;
            let document = serde_json::from_str(&percent_decoded(&document)?)
                .with_context(|| format!("the policy {policy} of {} is no JSON", self.name))?;
            policies.insert(policy, document);
        }
        Ok(policies)
    }

    /// Replaces its inline policies.
    pub(crate) async fn set(&self, policies: &Policies) -> Result<()> {
        for policy in self.names().await?.iter().filter(|policy| !policies.contains_key(*policy)) {
            self.call("DeleteRolePolicy", &[("PolicyName", policy)]).await?;
        }
        for (policy, document) in policies {
            let document = document.to_string();
            self.call("PutRolePolicy", &[("PolicyName", policy), ("PolicyDocument", &document)]).await?;
        }
        Ok(())
    }

    async fn names(&self) -> Result<Vec<String>> {
        Ok(values(&self.call("ListRolePolicies", &[]).await?, "member"))
    }

    /// An XML document.
    async fn call(&self, action: &str, parameters: &[(&str, &str)]) -> Result<String> {
        let fixed = [("Version", "2010-05-08"), ("Action", action), ("RoleName", &self.name)];
        let body: Vec<String> =
            fixed.iter().chain(parameters).map(|(name, value)| format!("{name}={}", percent_encoded(value))).collect();
        let body = body.join("&");
        // The emulator asks the key of the account for no signature, only which service is meant.
        let request = format!(
            "POST / HTTP/1.1\r\nHost: {}\r\nConnection: close\r\nContent-Type: application/x-www-form-urlencoded\r\n\
             Authorization: AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/iam/aws4_request, \
             SignedHeaders=host, Signature=0\r\nContent-Length: {}\r\n\r\n{body}",
            self.address,
            body.len(),
        );
        let mut connection = TcpStream::connect(&self.address).await.context("the emulator does not answer")?;
        connection.write_all(request.as_bytes()).await?;
        let mut answer = String::new();
        connection.read_to_string(&mut answer).await?;
        ensure!(answer.starts_with("HTTP/1.1 200"), "IAM refused {action} for {}: {answer}", self.name);
        Ok(answer)
    }
}

/// What stands between each pair of these tags.
fn values(xml: &str, tag: &str) -> Vec<String> {
    let (open, close) = (format!("<{tag}>"), format!("</{tag}>"));
    let rest = xml.split(&open).skip(1);
    rest.filter_map(|rest| rest.split_once(&close)).map(|(value, _)| value.to_owned()).collect()
}

fn percent_encoded(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect::<Vec<_>>().concat()
}

fn percent_decoded(text: &str) -> Result<String> {
    let mut parts = text.split('%');
    let mut bytes = parts.next().unwrap_or_default().as_bytes().to_vec();
    for part in parts {
        let (code, rest) = part.split_at_checked(2).with_context(|| format!("%{part} is no encoded byte"))?;
        bytes.push(u8::from_str_radix(code, 16).with_context(|| format!("%{code} is no encoded byte"))?);
        bytes.extend(rest.bytes());
    }
    Ok(String::from_utf8(bytes)?)
}
