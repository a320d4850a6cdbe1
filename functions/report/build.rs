//! Embeds the folder of reports as one JSON text: the function reads JSON anyhow, and several times as fast as TOML.

use std::collections::BTreeMap;
use std::error::Error;
use std::path::Path;
use std::{env, fs};

use serde_json::{Value, json};

#[path = "src/catalog/folder.rs"]
mod folder;

fn main() -> Result<(), Box<dyn Error>> {
    // Those that are added later, too.
    println!("cargo:rerun-if-changed=reports");
    let folder = folder::read(Path::new("reports"))?;
    let mut reports = BTreeMap::new();
    for report in folder.reports {
        let declaration: Value = toml::from_str(&report.declaration)
            .map_err(|error| format!("report {}, report.toml: {error}", report.name))?;
        reports.insert(report.name, json!({ "declaration": declaration, "query": report.query }));
    }
    let embedded = json!({ "expressions": folder.expressions, "reports": reports });
    fs::write(Path::new(&env::var("OUT_DIR")?).join("reports.json"), embedded.to_string())?;
    Ok(())
}
