//! Every page that is in the lake, opened by a real browser.

use std::process::Stdio;

use anyhow::{Context as _, Result, ensure};
use local::{Stack, project_root};

/// The checks are a program of their own, `tests/browser/`, because what drives a browser best is not Rust.
pub(crate) async fn nothing_is_wrong_on_any_page(stack: &Stack) -> Result<()> {
    let bucket = &stack.outputs().lake_bucket;
    let keys: Vec<String> = stack.aws().list(bucket, "reports/").await?.into_iter().map(|(key, _)| key).collect();
    let copied = stack.folder().lake();
    stack.aws().download(bucket, &keys, &copied).await?;
    let root = project_root();
    let checked = tokio::process::Command::new(root.join("target/browser/venv/bin/python"))
        .arg("-B")
        .arg(root.join("tests/browser/browser.py"))
        .arg(copied.join("reports"))
        .arg(root.join("target/screenshots"))
        .stdin(Stdio::null())
        .output()
        .await
        .context("cannot run target/browser/venv/bin/python: `make test` makes it")?;
    let said = [checked.stdout, checked.stderr].map(|text| String::from_utf8_lossy(&text).into_owned()).concat();
    ensure!(checked.status.success(), "{said}");
    Ok(())
}
