//! Lakes beside that of the deployed stack, on its emulator: a bucket and a database each, with the tables as they are deployed.

use std::path::Path;

use anyhow::{Context, Result};
use aws_sdk_glue::types::{DatabaseInput, Table as GlueTable, TableInput};
use aws_sdk_s3::primitives::ByteStream;
use compact::catalog::{Catalog as _, Glue};
use compact::{CompactError, Compactor, Limits, PART_GRACE_MS, Summary, Task};
use futures::{StreamExt as _, TryStreamExt as _, stream};
use ingest::Lander;
use local::{Aws, Stack, project_root, settings};
use shared::key::{Generation, Hour, LandingTime};
use shared::manifest::{self, Manifest, Table};
use store::S3Store;
use tempfile::TempDir;

pub(crate) const DAY_MS: i64 = 86_400_000;
pub(crate) const HOUR_MS: i64 = 3_600_000;
const SIDE_BY_SIDE: usize = 8;
const TABLES: [&str; 5] = ["bars_landed", "bars_compacted", "daily_compacted", "audits_compacted", "rejects"];

/// What all of them are made of.
pub(crate) struct Lab {
    pub(crate) aws: Aws,
    pub(crate) endpoint: String,
    tables: Vec<GlueTable>,
    deployed_bucket: String,
}

/// One of them, or that of the stack.
pub(crate) struct Lake {
    pub(crate) aws: Aws,
    endpoint: String,
    pub(crate) bucket: String,
    pub(crate) database: String,
    scratch: TempDir,
}

impl Lab {
    pub(crate) async fn new(stack: &Stack) -> Result<Self> {
        let (aws, outputs) = (stack.aws().clone(), stack.outputs());
        let mut tables = Vec::new();
        for name in TABLES {
            let answer = aws.glue.get_table().database_name(&outputs.database).name(name).send().await?;
            tables.push(answer.table.with_context(|| format!("the stack has no table {name}"))?);
        }
        Ok(Self { aws, endpoint: stack.endpoint().to_owned(), tables, deployed_bucket: outputs.lake_bucket.clone() })
    }

    /// A lake with nothing in it.
    pub(crate) async fn lake(&self, name: &str) -> Result<Lake> {
        let (bucket, database) = (format!("compaction-{name}"), format!("compaction_{}", name.replace('-', "_")));
        self.aws.s3.create_bucket().bucket(&bucket).send().await?;
        let input = DatabaseInput::builder().name(&database).build()?;
        self.aws.glue.create_database().database_input(input).send().await?;
        for table in &self.tables {
            let mut storage = table.storage_descriptor.clone().context("a table has no storage")?;
            storage.location = storage.location.map(|location| location.replace(&self.deployed_bucket, &bucket));
            let input = TableInput::builder()
                .name(table.name())
                .table_type(table.table_type().unwrap_or_default())
                .set_parameters(table.parameters.clone())
                .set_partition_keys(table.partition_keys.clone())
                .storage_descriptor(storage)
                .build()?;
            self.aws.glue.create_table().database_name(&database).table_input(input).send().await?;
        }
        Lake::of(&self.aws, &self.endpoint, &bucket, &database)
    }

    /// A lake with the objects and the registered partitions of another.
    pub(crate) async fn copy(&self, of: &Lake, objects: &[(String, u64)], name: &str) -> Result<Lake> {
        let lake = self.lake(name).await?;
        stream::iter(objects)
            .map(async |(key, _)| {
                let copy = self.aws.s3.copy_object().bucket(&lake.bucket).key(key);
                let copied = copy.copy_source(format!("{}/{key}", of.bucket)).send().await;
                copied.map(drop).with_context(|| format!("cannot copy {key}"))
            })
            .buffer_unordered(SIDE_BY_SIDE)
            .try_collect::<()>()
            .await?;
        for table in Table::ALL {
            lake.catalog().register(table, &of.catalog().parts(table).await?).await?;
        }
        lake.catalog().register_folders(&of.catalog().folders(Hour::default()).await?).await?;
        let manifest = lake.manifest().await?;
        for table in Table::ALL {
            let select = |columns: &[&str], database: &str| manifest.select(table, columns, Some(database));
            lake.catalog().publish(table, manifest.version, &select).await?;
        }
        Ok(lake)
    }
}

impl Lake {
    pub(crate) fn of(aws: &Aws, endpoint: &str, bucket: &str, database: &str) -> Result<Self> {
        Ok(Self {
            aws: aws.clone(),
            endpoint: endpoint.to_owned(),
            bucket: bucket.to_owned(),
            database: database.to_owned(),
            // Not below /tmp, which may be in memory.
            scratch: tempfile::tempdir_in(project_root().join("target/tests"))?,
        })
    }

    pub(crate) fn store(&self) -> S3Store {
        S3Store::new(&settings(&self.endpoint), true, self.bucket.clone())
    }

    pub(crate) fn catalog(&self) -> Glue {
        Glue::new(self.aws.glue.clone(), self.database.clone())
    }

    /// A process of `ingest` that knows nothing yet.
    pub(crate) fn lander(&self) -> Lander<S3Store> {
        Lander::new(self.store(), Generation(1))
    }

    pub(crate) fn scratch(&self) -> &Path {
        self.scratch.path()
    }

    /// Compacts the folders before an hour (none: those of more than two hours ago), at a time, as the function does with a retention of
    /// so many days (0: for ever).
    pub(crate) async fn compact(
        &self,
        before: Option<Hour>,
        now: LandingTime,
        retention_days: i64,
    ) -> Result<Summary, CompactError> {
        let compactor = Compactor {
            store: self.store(),
            catalog: self.catalog(),
            limits: Limits::default(),
            part_grace_ms: PART_GRACE_MS,
            landed_grace_ms: (retention_days > 0).then_some(retention_days * DAY_MS),
            scratch: self.scratch().to_owned(),
        };
        let attempt = format!("{:x}library", now.0);
        compactor.run(&Task { before, now, attempt: &attempt, late: &|| false }).await
    }

    pub(crate) async fn get(&self, key: &str) -> Result<Vec<u8>> {
        let object = self.aws.s3.get_object().bucket(&self.bucket).key(key).send().await;
        let object = object.with_context(|| format!("cannot read {key}"))?;
        Ok(object.body.collect().await?.to_vec())
    }

    pub(crate) async fn put(&self, key: &str, body: Vec<u8>) -> Result<()> {
        let put = self.aws.s3.put_object().bucket(&self.bucket).key(key).body(ByteStream::from(body)).send().await;
        put.with_context(|| format!("cannot write {key}"))?;
        Ok(())
    }

    pub(crate) async fn remove(&self, key: &str) -> Result<()> {
        self.aws.s3.delete_object().bucket(&self.bucket).key(key).send().await?;
        Ok(())
    }

    pub(crate) async fn keys(&self, prefix: &str) -> Result<Vec<String>> {
        Ok(self.aws.list(&self.bucket, prefix).await?.into_iter().map(|(key, _)| key).collect())
    }

    /// Takes the catalog's entries away; the emulator becomes slow of too many.
    pub(crate) async fn forget(self) -> Result<()> {
        self.aws.glue.delete_database().name(&self.database).send().await?;
        Ok(())
    }

    /// As it stands there now; of a lake that was never compacted the first.
    pub(crate) async fn manifest(&self) -> Result<Manifest> {
        if self.keys(manifest::KEY).await?.is_empty() {
            return Ok(Manifest::default());
        }
        Ok(Manifest::parse(&self.get(manifest::KEY).await?)?)
    }

    /// Nothing is left over: each part that is there is named by the manifest, and registered; and the views say what it says.
    pub(crate) async fn check_order(&self, what: &str) -> Result<()> {
        let manifest = self.manifest().await?;
        for table in Table::ALL {
            let mut there = self.keys(&table.prefix()).await?;
            let mut registered = self.catalog().parts(table).await?;
            let retired = manifest.retired.iter().filter(|retired| retired.table == table).map(|retired| &retired.id);
            let live = manifest.parts(table).iter().map(|part| &part.id);
            let mut named: Vec<_> = live.chain(retired).cloned().collect();
            named.sort();
            registered.sort();
            anyhow::ensure!(registered == named, "{what}: registered {registered:?}, named {named:?}");
            there.sort();
            let keys: Vec<_> = named.iter().map(|id| table.key(id)).collect();
            anyhow::ensure!(there == keys, "{what}: there are {there:?}, and named are {keys:?}");
            let text = self.view(table).await?;
            let wanted = manifest.select(table, &table.columns(), Some(&self.database));
            anyhow::ensure!(text == wanted, "{what}: the view says\n{text}\nand the manifest\n{wanted}");
        }
        Ok(())
    }

    /// The SELECT of a view.
    async fn view(&self, table: Table) -> Result<String> {
        use base64::Engine as _;
        let view = self.aws.glue.get_table().database_name(&self.database).name(table.view()).send().await?;
        let text = view.table.and_then(|view| view.view_original_text).context("the view has no text")?;
        let text = text.strip_prefix("/* Presto View: ").and_then(|text| text.strip_suffix(" */"));
        let json = base64::prelude::BASE64_STANDARD.decode(text.context("it is no view of Athena's")?)?;
        let json: serde_json::Value = serde_json::from_slice(&json)?;
        Ok(json["originalSql"].as_str().unwrap_or_default().to_owned())
    }
}
