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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_view_is_what_athena_reads() {
        let types = ["string", "date", "double", "int", "bigint", "timestamp"];
        let columns = types.map(|of| Column::builder().name(format!("a_{of}")).r#type(of).build().unwrap());
        let view = view("daily", "stocks", &columns, "SELECT 'é' FROM \"stocks\".x", 17);
        let text = view.view_original_text().unwrap();
        let encoded = text.strip_prefix("/* Presto View: ").and_then(|rest| rest.strip_suffix(" */")).unwrap();
        let decoded: serde_json::Value = serde_json::from_slice(&STANDARD.decode(encoded).unwrap()).unwrap();
        insta::assert_snapshot!(serde_json::to_string_pretty(&decoded).unwrap(), @r#"
        {
          "originalSql": "SELECT 'é' FROM \"stocks\".x",
          "catalog": "awsdatacatalog",
          "schema": "stocks",
          "columns": [
            {
              "name": "a_string",
              "type": "varchar"
            },
            {
              "name": "a_date",
              "type": "date"
            },
            {
              "name": "a_double",
              "type": "double"
            },
            {
              "name": "a_int",
              "type": "integer"
            },
            {
              "name": "a_bigint",
              "type": "bigint"
            },
            {
              "name": "a_timestamp",
              "type": "timestamp(3)"
            }
          ],
          "runAsInvoker": false,
          "path": []
        }
        "#);
        // Glue keeps the columns in the words of Hive, and Athena looks for these words and parameters.
        let kept: Vec<_> =
            view.storage_descriptor().unwrap().columns().iter().map(|column| column.r#type().unwrap()).collect();
        assert_eq!(kept, types);
        assert_eq!((view.table_type(), view.view_expanded_text()), (Some("VIRTUAL_VIEW"), Some("/* Presto View */")));
        let parameters = view.parameters().unwrap();
        assert_eq!((parameters["presto_view"].as_str(), parameters[VERSION].as_str()), ("true", "17"));
    }
}
