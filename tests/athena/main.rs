//! A real Trino, as Athena is one, beside the engine of the local stack: the golden tests on both, cell by cell; and the tables of
//! `template.yaml` as they are deployed, over objects that `ingest` writes, read through Glue and S3.
//!
//! Only `make test-athena` has it: it takes a Java that is no part of `make test`, and minutes.

mod glue;
mod lake;
#[path = "../golden/queries.rs"]
mod queries;
mod trino;

use std::process::Command;

use anyhow::{Context as _, Result, ensure};
use local::project_root;

#[test]
fn each_report_has_the_same_cells_on_a_real_trino_as_on_the_engine_of_the_local_stack() -> Result<()> {
    let folder = tempfile::tempdir()?;
    queries::write(folder.path())?;
    let root = project_root();
    let compared = Command::new(root.join("target/golden/venv/bin/python"))
        .arg("-B")
        .arg(root.join("tests/athena/cells.py"))
        .arg(folder.path())
        .arg(root.join("target/tests/athena-golden"))
        .output()
        .context("cannot run target/golden/venv/bin/python: `make test-athena` makes it")?;
    let [said, errors] = [compared.stdout, compared.stderr].map(|text| String::from_utf8_lossy(&text).into_owned());
    ensure!(compared.status.success(), "{errors}{said}");
    ensure!(said.contains(" 0 differences") && !said.contains(" 0 cells"), "nothing was compared: {errors}{said}");
    println!("{}", said.trim_end());
    Ok(())
}
