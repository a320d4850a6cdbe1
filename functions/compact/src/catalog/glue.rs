//! Glue as the catalog.

use aws_sdk_glue::Client;
use aws_sdk_glue::error::{DisplayErrorContext, ProvideErrorMetadata};
use aws_sdk_glue::types::{Column, PartitionInput, PartitionValueList, Table as GlueTable};
use shared::key::Hour;
use shared::manifest::Table;

use super::view::{VERSION, view};
use super::{Catalog, CatalogError};

const LANDED: &str = "bars_landed";
/// What one call takes.
const CREATED_AT_ONCE: usize = 100;
const DELETED_AT_ONCE: usize = 25;
/// Tries to publish a view, of which each but the last may meet another compactor's.
const PUBLISHED_AGAIN: usize = 5;

/// A database of Glue's.
#[derive(Debug)]
pub struct Glue {
    client: Client,
    database: String,
}

impl Glue {
    /// This database.
    pub fn new(client: Client, database: String) -> Self {
        Self { client, database }
    }

    async fn table(&self, name: &'static str) -> Result<GlueTable, CatalogError> {
        let answer = self.client.get_table().database_name(&self.database).name(name).send().await;
        let answer = answer.map_err(|error| failed("read", name, &error))?;
        answer.table.ok_or_else(|| said("read", name, "the answer has no table"))
    }

    /// Registers partitions: the values of each, and where it is below the table's location.
    async fn create(&self, name: &'static str, partitions: Vec<(Vec<String>, String)>) -> Result<(), CatalogError> {
        if partitions.is_empty() {
            return Ok(());
        }
        let table = self.table(name).await?;
        let storage = table.storage_descriptor.ok_or_else(|| said("read", name, "it has no storage"))?;
        let location = storage.location.clone().unwrap_or_default();
        for some in partitions.chunks(CREATED_AT_ONCE) {
            let inputs = some.iter().map(|(values, folder)| {
                let location = format!("{}/{folder}", location.trim_end_matches('/'));
                let mut storage = storage.clone();
                storage.location = Some(location);
                PartitionInput::builder().set_values(Some(values.clone())).storage_descriptor(storage).build()
            });
            let inputs = Some(inputs.collect());
            let call = self.client.batch_create_partition().database_name(&self.database).table_name(name);
            let answer = call.set_partition_input_list(inputs).send().await;
            let answer = answer.map_err(|error| failed("register", name, &error))?;
            for error in answer.errors().iter().filter_map(|error| error.error_detail()) {
                if error.error_code() != Some("AlreadyExistsException") {
                    return Err(said("register", name, error.error_message().unwrap_or_default()));
                }
            }
        }
        Ok(())
    }

    async fn values(&self, name: &'static str, expression: Option<String>) -> Result<Vec<Vec<String>>, CatalogError> {
        let call = self.client.get_partitions().database_name(&self.database).table_name(name);
        let call = call.set_expression(expression).exclude_column_schema(true);
        let mut pages = call.into_paginator().send();
        let mut values = Vec::new();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|error| failed("read", name, &error))?;
            values.extend(page.partitions.unwrap_or_default().into_iter().filter_map(|partition| partition.values));
        }
        Ok(values)
    }

    /// The view, if it is one, with the token that tells whether somebody has changed it since.
    async fn view(&self, name: &'static str) -> Result<Option<GlueTable>, CatalogError> {
        match self.client.get_table().database_name(&self.database).name(name).send().await {
            Ok(answer) => Ok(answer.table),
            Err(error) if error.code() == Some("EntityNotFoundException") => Ok(None),
            Err(error) => Err(failed("read", name, &error)),
        }
    }
}

impl Catalog for Glue {
    async fn parts(&self, table: Table) -> Result<Vec<String>, CatalogError> {
        let values = self.values(table.name(), None).await?;
        Ok(values.into_iter().filter_map(|values| values.into_iter().next()).collect())
    }

    async fn register(&self, table: Table, parts: &[String]) -> Result<(), CatalogError> {
        let partitions = parts.iter().map(|part| (vec![part.clone()], format!("part={part}/")));
        self.create(table.name(), partitions.collect()).await
    }

    async fn forget(&self, table: Table, parts: &[String]) -> Result<(), CatalogError> {
        let name = table.name();
        for some in parts.chunks(DELETED_AT_ONCE) {
            let lists = some.iter().map(|part| PartitionValueList::builder().values(part).build());
            let lists = lists.filter_map(Result::ok).collect();
            let call = self.client.batch_delete_partition().database_name(&self.database).table_name(name);
            let answer = call.set_partitions_to_delete(Some(lists)).send().await;
            let answer = answer.map_err(|error| failed("forget", name, &error))?;
            for error in answer.errors().iter().filter_map(|error| error.error_detail()) {
                if error.error_code() != Some("EntityNotFoundException") {
                    return Err(said("forget", name, error.error_message().unwrap_or_default()));
                }
            }
        }
        Ok(())
    }

    async fn folders(&self, from: Hour) -> Result<Vec<Hour>, CatalogError> {
        let expression = (from > Hour::default()).then(|| format!("dt >= '{}'", from.dt()));
        let values = self.values(LANDED, expression).await?;
        let hours = values.iter().filter_map(|values| match &values[..] {
            [dt, hour] => format!("{dt}T{hour}").parse().ok(),
            _ => None,
        });
        Ok(hours.collect())
    }

    async fn register_folders(&self, folders: &[Hour]) -> Result<(), CatalogError> {
        let partitions = folders.iter().map(|hour| {
            let (dt, hour) = (hour.dt(), hour.hour());
            let folder = format!("dt={dt}/hour={hour}/");
            (vec![dt, hour], folder)
        });
        self.create(LANDED, partitions.collect()).await
    }

    async fn publish(
        &self,
        table: Table,
        version: u64,
        select: &dyn Fn(&[&str], &str) -> String,
    ) -> Result<Option<u64>, CatalogError> {
        let name = table.view();
        let columns = self.columns(table).await?;
        let names: Vec<&str> = columns.iter().map(Column::name).collect();
        let input = view(name, &self.database, &columns, &select(&names, &self.database), version);
        for _ in 0..PUBLISHED_AGAIN {
            let Some(there) = self.view(name).await? else {
                let call = self.client.create_table().database_name(&self.database).table_input(input.clone());
                match call.send().await {
                    Ok(_) => return Ok(None),
                    // Somebody else did, and it may be of an older version.
                    Err(error) if error.code() == Some("AlreadyExistsException") => {}
                    Err(error) => return Err(failed("publish", name, &error)),
                }
                continue;
            };
            if there.table_type() != Some("VIRTUAL_VIEW") {
                return Err(said(
                    "publish",
                    name,
                    "a table of this name is in its way: an update of the stack removes the one of the version before",
                ));
            }
            let its_version = there.parameters().and_then(|parameters| parameters.get(VERSION)?.parse::<u64>().ok());
            if there.view_original_text() == input.view_original_text() || its_version > Some(version) {
                return Ok(its_version.filter(|its_version| *its_version > version));
            }
            let call = self.client.update_table().database_name(&self.database).table_input(input.clone());
            match call.skip_archive(true).set_version_id(there.version_id).send().await {
                Ok(_) => return Ok(None),
                // Somebody else has changed it since, or taken it out.
                Err(error)
                    if matches!(error.code(), Some("ConcurrentModificationException" | "EntityNotFoundException")) => {}
                Err(error) => return Err(failed("publish", name, &error)),
            }
        }
        Err(said("publish", name, "others change it again and again"))
    }
}

impl Glue {
    /// The columns of a view: of what has landed, and the folder's; or of the audits.
    async fn columns(&self, table: Table) -> Result<Vec<Column>, CatalogError> {
        let is_audits = table == Table::Audits;
        let table = self.table(if is_audits { table.name() } else { LANDED }).await?;
        let mut columns = table.storage_descriptor.and_then(|storage| storage.columns).unwrap_or_default();
        if is_audits {
            return Ok(columns);
        }
        columns.extend(table.partition_keys.unwrap_or_default());
        Ok(columns)
    }
}

fn failed<E>(action: &'static str, name: &str, error: &E) -> CatalogError
where
    E: ProvideErrorMetadata + std::error::Error,
{
    let message = match (error.code(), error.message()) {
        (Some(code), Some(message)) => format!("{code}: {message}"),
        _ => DisplayErrorContext(error).to_string(),
    };
    CatalogError { action, name: name.to_owned(), message }
}

fn said(action: &'static str, name: &str, message: &str) -> CatalogError {
    CatalogError { action, name: name.to_owned(), message: message.to_owned() }
}

#[cfg(test)]
mod tests;
