//! Each report's query, on the engine of the local stack, against the same numbers computed without SQL; and past Trino's grammar.
//!
//! The numbers come from pandas, `golden.py` beside this file. This part gives it the queries. `tests/athena/` runs them on a real Trino too.

mod queries;

use std::process::Command;

use anyhow::{Context as _, Result, ensure};
use local::project_root;

#[test]
fn each_report_has_the_numbers_that_pandas_computes() -> Result<()> {
    let folder = tempfile::tempdir()?;
    queries::write(folder.path())?;
    let root = project_root();
    let compared = Command::new(root.join("target/golden/venv/bin/python"))
        .arg("-B")
        .arg(root.join("tests/golden/golden.py"))
        .arg(folder.path())
        .output()
        .context("cannot run target/golden/venv/bin/python: `make test` makes it")?;
    let said = [compared.stdout, compared.stderr].map(|text| String::from_utf8_lossy(&text).into_owned()).concat();
    ensure!(compared.status.success(), "{said}");
    ensure!(said.contains("Ran ") && !said.contains("Ran 0 "), "nothing was compared: {said}");
    Ok(())
}
