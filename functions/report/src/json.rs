//! The rows of a report as JSON: what a program reads.

use chrono::SecondsFormat;
use serde_json::{Map, Value as Json, json};

use crate::catalog::Report;
use crate::page::Moment;
use crate::table::{Table, Value};

/// `{"report","title","date","as_of","generated_at","columns":[{"name","label","unit"}],"rows":[{"<name>":…}]}`. Numbers are numbers, a date is
/// `YYYY-MM-DD`, a timestamp is `YYYY-MM-DDThh:mm:ss` in UTC, nothing is null.
pub(crate) fn render(report: &Report, table: &Table, moment: Moment) -> Vec<u8> {
    let declaration = &report.declaration;
    let columns: Vec<Json> = declaration
        .columns
        .iter()
        .map(|column| json!({ "name": column.name, "label": column.label, "unit": column.unit }))
        .collect();
    let names = || declaration.columns.iter().map(|column| column.name.clone());
    let rows =
        table.rows.iter().map(|row| Json::Object(names().zip(row.iter().map(plain)).collect::<Map<String, Json>>()));
    let time = |time: chrono::DateTime<chrono::Utc>| time.to_rfc3339_opts(SecondsFormat::Secs, true);
    let document = json!({
        "report": report.name,
        "title": declaration.title,
        "date": moment.date.to_string(),
        "as_of": time(moment.as_of),
        "generated_at": time(moment.generated_at),
        "columns": columns,
        "rows": rows.collect::<Vec<Json>>(),
    });
    document.to_string().into_bytes()
}

fn plain(value: &Value) -> Json {
    match value {
        Value::Null => Json::Null,
        Value::Integer(integer) => json!(integer),
        Value::Decimal(decimal) => json!(decimal),
        Value::Decimals(decimals) => json!(decimals),
        Value::Dates(dates) => dates.iter().map(|date| date.map(|date| date.to_string())).collect(),
        Value::Text(_) | Value::Date(_) | Value::Timestamp(_) => Json::String(value.to_plain()),
    }
}
