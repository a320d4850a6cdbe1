//! A view in Glue, as Athena writes one: what it stands for is JSON, in base64, in a comment.

use anyhow::{Context as _, Result};
use aws_sdk_glue::types::{Column, SerDeInfo, StorageDescriptor, TableInput};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;

/// `name` over `sql`, whose columns these are, by name and Hive's type. Tables that `sql` names without their database are in `database`.
///
/// Athena writes all but the description. Trino asks for `presto_view`, for a comment, instead of which it takes the description if there is one
/// (the emulator has an empty one where there is none), and for a `SerDe`, be it without a name.
pub(crate) fn presto_view(name: &str, database: &str, sql: &str, columns: &[(&str, &str)]) -> Result<TableInput> {
    let typed = columns
        .iter()
        .map(|(name, hive)| Ok(json!({"name": name, "type": trino_type(hive)?})))
        .collect::<Result<Vec<_>>>()?;
    let definition = json!({
        "originalSql": sql, "catalog": "awsdatacatalog", "schema": database, "columns": typed, "runAsInvoker": false, "path": [],
    });
    let columns = columns.iter().map(|(name, hive)| Ok(Column::builder().name(*name).r#type(*hive).build()?));
    let storage = StorageDescriptor::builder()
        .set_columns(Some(columns.collect::<Result<_>>()?))
        .location("")
        .serde_info(SerDeInfo::builder().build())
        .build();
    let view = TableInput::builder()
        .name(name)
        .description("Presto View")
        .table_type("VIRTUAL_VIEW")
        .parameters("presto_view", "true")
        .parameters("comment", "Presto View")
        .view_original_text(format!("/* Presto View: {} */", STANDARD.encode(definition.to_string())))
        .view_expanded_text("/* Presto View */")
        .storage_descriptor(storage);
    Ok(view.build()?)
}

/// Trino's name of a type of Hive's, of those that a table here has.
fn trino_type(hive: &str) -> Result<&str> {
    let known = [
        ("string", "varchar"),
        ("date", "date"),
        ("double", "double"),
        ("int", "integer"),
        ("bigint", "bigint"),
        ("timestamp", "timestamp(3)"),
    ];
    let found = known.iter().find(|(name, _)| *name == hive);
    found.map(|(_, trino)| *trino).with_context(|| format!("no table here has a column of type {hive}"))
}
