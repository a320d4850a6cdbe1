//! A view as Athena writes it into the catalog, and reads it from there.

use aws_sdk_glue::types::{Column, SerDeInfo, StorageDescriptor, TableInput};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;

/// The parameter that says of which version of the manifest a view is.
pub(super) const VERSION: &str = "tickerlake_version";

/// The view of this name, with these columns in the order of the SELECT.
pub(super) fn view(name: &str, database: &str, columns: &[Column], select: &str, version: u64) -> TableInput {
    let typed = columns
        .iter()
        .map(|column| json!({"name": column.name(), "type": trino_type(column.r#type().unwrap_or_default())}));
    let text = json!({
        "originalSql": select,
        "catalog": "awsdatacatalog",
        "schema": database,
        "columns": typed.collect::<Vec<_>>(),
        // As Trino itself writes them.
        "runAsInvoker": false,
        "path": [],
    });
    let plain = columns.iter().map(|column| {
        let column = Column::builder().name(column.name()).set_type(column.r#type().map(str::to_owned));
        column.build()
    });
    let storage = StorageDescriptor::builder()
        .set_columns(Some(plain.filter_map(Result::ok).collect()))
        .location("")
        .serde_info(SerDeInfo::builder().build())
        .build();
    let built = TableInput::builder()
        .name(name)
        .description("Presto View")
        .table_type("VIRTUAL_VIEW")
        .parameters("presto_view", "true")
        .parameters("comment", "Presto View")
        .parameters(VERSION, version.to_string())
        .set_partition_keys(Some(Vec::new()))
        .storage_descriptor(storage)
        .view_original_text(format!("/* Presto View: {} */", STANDARD.encode(text.to_string())))
        .view_expanded_text("/* Presto View */")
        .build();
    #[expect(clippy::expect_used, reason = "it has a name, which is all that is asked for")]
    built.expect("a view has a name")
}

/// The type of a column, in Trino's words.
fn trino_type(hive: &str) -> &str {
    match hive {
        "string" => "varchar",
        "int" => "integer",
        "timestamp" => "timestamp(3)",
        other => other,
    }
}
