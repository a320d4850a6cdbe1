//! `local/kafka/fetch.py`: its own tests, which need nothing but Python.

use std::process::Command;

use local::project_root;

#[test]
fn the_jars_come_whole_or_not_at_all() {
    let output = Command::new(project_root().join("target/tools/venv/bin/python"))
        .args(["-B", "-m", "unittest"])
        .current_dir(project_root().join("local/kafka"))
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && said.contains("Ran ") && !said.contains("Ran 0 "), "{said}");
}
