use std::sync::{Arc, Mutex as Heard};

use aws_sdk_glue::config::http::HttpResponse;
use aws_sdk_glue::operation::batch_create_partition::{BatchCreatePartitionInput, BatchCreatePartitionOutput};
use aws_sdk_glue::operation::batch_delete_partition::{BatchDeletePartitionInput, BatchDeletePartitionOutput};
use aws_sdk_glue::operation::create_table::CreateTableOutput;
use aws_sdk_glue::operation::get_partitions::GetPartitionsOutput;
use aws_sdk_glue::operation::get_table::GetTableOutput;
use aws_sdk_glue::operation::update_table::{UpdateTableInput, UpdateTableOutput};
use aws_sdk_glue::types::{ErrorDetail, Partition, PartitionError, StorageDescriptor};
use aws_smithy_mocks::{Rule, RuleMode, mock, mock_client};

use super::*;

fn glue(rules: &[&Rule]) -> Glue {
    Glue::new(mock_client!(aws_sdk_glue, RuleMode::Sequential, rules), "stocks".to_owned())
}

fn refusal(code: &str) -> HttpResponse {
    let body = format!(r#"{{"__type":"{code}","Message":"in words"}}"#);
    HttpResponse::new(400.try_into().unwrap(), body.into())
}

fn hour(text: &str) -> Hour {
    text.parse().unwrap()
}

fn names(numbers: std::ops::Range<usize>) -> Vec<String> {
    numbers.map(|number| format!("p{number}")).collect()
}

/// A table as the template declares it.
fn table(name: &'static str, location: &'static str) -> Rule {
    let column = |name, of| Column::builder().name(name).r#type(of).build().unwrap();
    let keys = if name == LANDED { vec![column("dt", "string"), column("hour", "string")] } else { Vec::new() };
    let columns = [column("symbol", "string"), column("trade_date", "date"), column("kafka_timestamp", "timestamp")];
    let storage = StorageDescriptor::builder().location(location).set_columns(Some(columns.to_vec())).build();
    let table = GlueTable::builder().name(name).storage_descriptor(storage).set_partition_keys(Some(keys));
    let table = table.build().unwrap();
    mock!(Client::get_table)
        .match_requests(move |request| request.database_name() == Some("stocks") && request.name() == Some(name))
        .then_output(move || GetTableOutput::builder().table(table.clone()).build())
}

/// What Glue says of single partitions.
fn complaints(codes: &[&'static str]) -> Vec<PartitionError> {
    let errors = codes.iter().map(|code| {
        let detail = ErrorDetail::builder().error_code(*code).error_message(format!("{code} in words")).build();
        PartitionError::builder().error_detail(detail).build()
    });
    errors.collect()
}

fn created(codes: &'static [&'static str]) -> Rule {
    mock!(Client::batch_create_partition)
        .then_output(|| BatchCreatePartitionOutput::builder().set_errors(Some(complaints(codes))).build())
}

fn deleted(codes: &'static [&'static str]) -> Rule {
    mock!(Client::batch_delete_partition)
        .then_output(|| BatchDeletePartitionOutput::builder().set_errors(Some(complaints(codes))).build())
}

/// Answers every registration, and keeps what was asked.
fn keeps_creations() -> (Rule, Arc<Heard<Vec<BatchCreatePartitionInput>>>) {
    let heard = Arc::new(Heard::new(Vec::new()));
    let ear = Arc::clone(&heard);
    let rule = mock!(Client::batch_create_partition)
        .match_requests(move |request| {
            ear.lock().unwrap().push(request.clone());
            true
        })
        .sequence()
        .output(|| BatchCreatePartitionOutput::builder().build())
        .repeatedly()
        .build();
    (rule, heard)
}

fn locations(request: &BatchCreatePartitionInput) -> Vec<(Vec<String>, String)> {
    let inputs = request.partition_input_list().iter();
    let located = inputs.map(|input| {
        let location = input.storage_descriptor().unwrap().location().unwrap();
        (input.values().to_vec(), location.to_owned())
    });
    located.collect()
}

#[tokio::test]
async fn registered_parts_are_read_page_by_page() {
    let page = |token: Option<&'static str>, next: Option<&'static str>, parts: &'static [&'static str]| {
        mock!(Client::get_partitions)
            .match_requests(move |request| {
                request.table_name() == Some("daily_compacted")
                    && request.next_token() == token
                    && request.expression().is_none()
                    && request.exclude_column_schema() == Some(true)
            })
            .then_output(move || {
                let partitions = parts.iter().map(|part| Partition::builder().values(*part).build());
                let partitions = Some(partitions.collect());
                GetPartitionsOutput::builder()
                    .set_partitions(partitions)
                    .set_next_token(next.map(str::to_owned))
                    .build()
            })
    };
    let (first, second, last) =
        (page(None, Some("a"), &["x"]), page(Some("a"), Some("b"), &[]), page(Some("b"), None, &["y"]));
    assert_eq!(glue(&[&first, &second, &last]).parts(Table::Daily).await.unwrap(), ["x", "y"]);
}

#[tokio::test]
async fn registered_folders_are_asked_for_from_a_day_on_and_strange_ones_are_passed_over() {
    let folders = |expression: Option<&'static str>| {
        mock!(Client::get_partitions)
            .match_requests(move |request| {
                request.table_name() == Some("bars_landed") && request.expression() == expression
            })
            .then_output(|| {
                let partition = |values: &[&str]| {
                    let values = values.iter().map(|value| (*value).to_owned()).collect();
                    Partition::builder().set_values(Some(values)).build()
                };
                let partitions =
                    [&["2026-11-22", "19"][..], &["2026-11-22", "x"], &["2026-11-22"], &["2026-11-23", "00"]];
                let partitions = Some(partitions.map(partition).to_vec());
                GetPartitionsOutput::builder().set_partitions(partitions).build()
            })
    };
    let both = [hour("2026-11-22T19"), hour("2026-11-23T00")];
    let from = folders(Some("dt >= '2026-11-22'"));
    assert_eq!(glue(&[&from]).folders(hour("2026-11-22T19")).await.unwrap(), both);
    assert_eq!(glue(&[&folders(None)]).folders(Hour::default()).await.unwrap(), both);
}

#[tokio::test]
async fn a_hundred_parts_are_registered_at_once_where_their_files_are() {
    for location in ["s3://lake/compacted/bars", "s3://lake/compacted/bars/"] {
        let (creates, heard) = keeps_creations();
        let glue = glue(&[&table("bars_compacted", location), &creates]);
        glue.register(Table::Bars, &names(0..251)).await.unwrap();
        let heard = heard.lock().unwrap();
        assert!(heard.iter().all(|request| request.table_name() == Some("bars_compacted")));
        let sizes: Vec<_> = heard.iter().map(|request| request.partition_input_list().len()).collect();
        assert_eq!(sizes, [100, 100, 51]);
        let all: Vec<_> = heard.iter().flat_map(locations).collect();
        let expected = |part: String| (vec![part.clone()], format!("s3://lake/compacted/bars/part={part}/"));
        assert_eq!(all, names(0..251).into_iter().map(expected).collect::<Vec<_>>());
    }
}

#[tokio::test]
async fn landed_folders_are_registered_where_their_objects_are() {
    for location in ["s3://lake/bars", "s3://lake/bars/"] {
        let (creates, heard) = keeps_creations();
        let glue = glue(&[&table("bars_landed", location), &creates]);
        glue.register_folders(&[hour("2026-11-22T09")]).await.unwrap();
        let expected = vec!["2026-11-22".to_owned(), "09".to_owned()];
        let folder = "s3://lake/bars/dt=2026-11-22/hour=09/".to_owned();
        assert_eq!(locations(&heard.lock().unwrap()[0]), [(expected, folder)]);
    }
}

#[tokio::test]
async fn nothing_to_register_or_to_forget_is_no_request() {
    let glue = glue(&[]);
    glue.register(Table::Bars, &[]).await.unwrap();
    glue.register_folders(&[]).await.unwrap();
    glue.forget(Table::Bars, &[]).await.unwrap();
}

#[tokio::test]
async fn a_part_that_is_registered_already_is_fine_and_any_other_complaint_is_an_error() {
    let register = async |codes| {
        let rules = [&table("daily_compacted", "s3://lake/compacted/daily/"), &created(codes)];
        glue(&rules).register(Table::Daily, &names(0..2)).await.map_err(|error| error.to_string())
    };
    assert_eq!(register(&["AlreadyExistsException", "AlreadyExistsException"]).await, Ok(()));
    let error = "cannot register daily_compacted: InternalServiceException in words".to_owned();
    assert_eq!(register(&["AlreadyExistsException", "InternalServiceException"]).await, Err(error));
}

#[tokio::test]
async fn twenty_five_parts_are_forgotten_at_once() {
    let heard = Arc::new(Heard::new(Vec::<BatchDeletePartitionInput>::new()));
    let ear = Arc::clone(&heard);
    let deletes = mock!(Client::batch_delete_partition)
        .match_requests(move |request| {
            ear.lock().unwrap().push(request.clone());
            true
        })
        .sequence()
        .output(|| BatchDeletePartitionOutput::builder().build())
        .repeatedly()
        .build();
    glue(&[&deletes]).forget(Table::Bars, &names(0..60)).await.unwrap();
    let heard = heard.lock().unwrap();
    let sizes: Vec<_> = heard.iter().map(|request| request.partitions_to_delete().len()).collect();
    assert_eq!(sizes, [25, 25, 10]);
    let lists = heard.iter().flat_map(BatchDeletePartitionInput::partitions_to_delete);
    let forgotten: Vec<_> = lists.flat_map(|list| list.values().to_vec()).collect();
    assert_eq!(forgotten, names(0..60));
}

#[tokio::test]
async fn a_part_that_is_not_registered_is_forgotten_and_any_other_complaint_is_an_error() {
    let forget = async |codes| {
        let glue = glue(&[&deleted(codes)]);
        glue.forget(Table::Bars, &names(0..2)).await.map_err(|error| error.to_string())
    };
    assert_eq!(forget(&["EntityNotFoundException"]).await, Ok(()));
    let error = "cannot forget bars_compacted: InternalServiceException in words".to_owned();
    assert_eq!(forget(&["EntityNotFoundException", "InternalServiceException"]).await, Err(error));
}

#[tokio::test]
async fn a_refusal_names_the_table_and_says_why() {
    let refused = || refusal("AccessDeniedException");
    let read = || mock!(Client::get_partitions).then_http_response(refused);
    let lookup = mock!(Client::get_table).then_http_response(refused);
    let create = mock!(Client::batch_create_partition).then_http_response(refused);
    let delete = mock!(Client::batch_delete_partition).then_http_response(refused);
    let why = "AccessDeniedException: in words";
    let errors = [
        glue(&[&read()]).parts(Table::Bars).await.unwrap_err(),
        glue(&[&read()]).folders(Hour::default()).await.unwrap_err(),
        glue(&[&lookup]).register(Table::Bars, &names(0..1)).await.unwrap_err(),
        glue(&[&table("bars_compacted", "s3://lake/"), &create]).register(Table::Bars, &names(0..1)).await.unwrap_err(),
        glue(&[&delete]).forget(Table::Daily, &names(0..1)).await.unwrap_err(),
    ];
    let expected = [
        "read bars_compacted",
        "read bars_landed",
        "read bars_compacted",
        "register bars_compacted",
        "forget daily_compacted",
    ];
    assert_eq!(errors.map(|error| error.to_string()), expected.map(|what| format!("cannot {what}: {why}")));
}

/// Publishes version 17 of the view `bars`, of which the text is `SELECT …`.
async fn publish(rules: &[&Rule]) -> Result<Option<u64>, String> {
    let landed = table("bars_landed", "s3://lake/bars/");
    let rules: Vec<_> = [&landed].into_iter().chain(rules.iter().copied()).collect();
    let select = |columns: &[&str], database: &str| format!("SELECT {} FROM {database}.x", columns.join(", "));
    glue(&rules).publish(Table::Bars, 17, &select).await.map_err(|error| error.to_string())
}

/// The text of the view that is published there.
fn text() -> String {
    let column = |name, of| Column::builder().name(name).r#type(of).build().unwrap();
    let columns = [
        column("symbol", "string"),
        column("trade_date", "date"),
        column("kafka_timestamp", "timestamp"),
        column("dt", "string"),
        column("hour", "string"),
    ];
    let select = "SELECT symbol, trade_date, kafka_timestamp, dt, hour FROM stocks.x";
    view("bars", "stocks", &columns, select, 17).view_original_text.unwrap()
}

/// What is at the view's name.
fn there(kind: &'static str, version: Option<&'static str>, text: String) -> Rule {
    mock!(Client::get_table).match_requests(|request| request.name() == Some("bars")).then_output(move || {
        let table = GlueTable::builder().name("bars").table_type(kind).version_id("5").view_original_text(&text);
        let table = version.into_iter().fold(table, |table, version| table.parameters(VERSION, version));
        GetTableOutput::builder().table(table.build().unwrap()).build()
    })
}

fn older() -> Rule {
    there("VIRTUAL_VIEW", Some("16"), "older".to_owned())
}

fn nothing_there() -> Rule {
    mock!(Client::get_table).then_http_response(|| refusal("EntityNotFoundException"))
}

fn is_the_update(request: &UpdateTableInput) -> bool {
    let input = request.table_input().unwrap();
    request.version_id() == Some("5")
        && request.skip_archive() == Some(true)
        && input.name() == "bars"
        && input.view_original_text() == Some(text().as_str())
        && input.parameters().is_some_and(|parameters| parameters[VERSION] == "17")
}

#[tokio::test]
async fn a_view_that_is_not_there_is_created() {
    let created = mock!(Client::create_table)
        .match_requests(|request| {
            let input = request.table_input().unwrap();
            request.database_name() == Some("stocks")
                && input.name() == "bars"
                && input.view_original_text() == Some(text().as_str())
        })
        .then_output(|| CreateTableOutput::builder().build());
    assert_eq!(publish(&[&nothing_there(), &created]).await, Ok(None));
}

#[tokio::test]
async fn a_view_is_left_alone_if_it_says_the_same_or_what_a_later_version_says() {
    for version in [None, Some("3"), Some("17"), Some("18")] {
        let later = (version == Some("18")).then_some(18);
        assert_eq!(publish(&[&there("VIRTUAL_VIEW", version, text())]).await, Ok(later), "{version:?}");
    }
    assert_eq!(publish(&[&there("VIRTUAL_VIEW", Some("18"), "later".to_owned())]).await, Ok(Some(18)));
}

#[tokio::test]
async fn a_view_is_updated_if_it_says_anything_else_and_nobody_has_changed_it_meanwhile() {
    for version in [None, Some("of a person"), Some("16"), Some("17")] {
        let updated = mock!(Client::update_table)
            .match_requests(is_the_update)
            .then_output(|| UpdateTableOutput::builder().build());
        let rules = [&there("VIRTUAL_VIEW", version, "older".to_owned()), &updated];
        assert_eq!(publish(&rules).await, Ok(None), "{version:?}");
    }
}

#[tokio::test]
async fn a_table_in_the_way_of_a_view_is_an_error_that_says_what_to_do() {
    let error = publish(&[&there("EXTERNAL_TABLE", None, String::new())]).await.unwrap_err();
    assert!(error.starts_with("cannot publish bars: a table of this name is in its way"), "{error}");
}

#[tokio::test]
async fn whoever_loses_the_race_for_a_view_looks_again() {
    let updated = || {
        mock!(Client::update_table).match_requests(is_the_update).then_output(|| UpdateTableOutput::builder().build())
    };
    let lost_creation = || mock!(Client::create_table).then_http_response(|| refusal("AlreadyExistsException"));
    let later = || there("VIRTUAL_VIEW", Some("18"), "later".to_owned());
    assert_eq!(publish(&[&nothing_there(), &lost_creation(), &later()]).await, Ok(Some(18)));
    // The winner's is of a version before.
    assert_eq!(publish(&[&nothing_there(), &lost_creation(), &older(), &updated()]).await, Ok(None));

    for lost in ["ConcurrentModificationException", "EntityNotFoundException"] {
        let lost = || mock!(Client::update_table).then_http_response(move || refusal(lost));
        assert_eq!(publish(&[&older(), &lost(), &later()]).await, Ok(Some(18)));
        assert_eq!(publish(&[&older(), &lost(), &older(), &updated()]).await, Ok(None));
    }
}

#[tokio::test]
async fn a_race_that_is_lost_again_and_again_and_any_other_refusal_are_errors() {
    let lost = || mock!(Client::update_table).then_http_response(|| refusal("ConcurrentModificationException"));
    let races: Vec<_> = (0..PUBLISHED_AGAIN).flat_map(|_| [older(), lost()]).collect();
    let error = Err("cannot publish bars: others change it again and again".to_owned());
    assert_eq!(publish(&races.iter().collect::<Vec<_>>()).await, error);
    let refused = mock!(Client::update_table).then_http_response(|| refusal("AccessDeniedException"));
    let error = Err("cannot publish bars: AccessDeniedException: in words".to_owned());
    assert_eq!(publish(&[&older(), &refused]).await, error);
    let refused = mock!(Client::create_table).then_http_response(|| refusal("AccessDeniedException"));
    assert_eq!(publish(&[&nothing_there(), &refused]).await, error);
    let refused = mock!(Client::get_table).then_http_response(|| refusal("AccessDeniedException"));
    let error = Err("cannot read bars: AccessDeniedException: in words".to_owned());
    assert_eq!(publish(&[&refused]).await, error);
}
