//! No catalog: for tests and benchmarks, whose queries name the files themselves.

use shared::key::Hour;
use shared::manifest::Table;

use super::{Catalog, CatalogError};

/// Knows nothing, and does nothing.
#[derive(Debug)]
pub struct NoCatalog;

impl Catalog for NoCatalog {
    async fn parts(&self, _: Table) -> Result<Vec<String>, CatalogError> {
        Ok(Vec::new())
    }

    async fn register(&self, _: Table, _: &[String]) -> Result<(), CatalogError> {
        Ok(())
    }

    async fn forget(&self, _: Table, _: &[String]) -> Result<(), CatalogError> {
        Ok(())
    }

    async fn folders(&self, _: Hour) -> Result<Vec<Hour>, CatalogError> {
        Ok(Vec::new())
    }

    async fn register_folders(&self, _: &[Hour]) -> Result<(), CatalogError> {
        Ok(())
    }

    async fn publish(
        &self,
        _: Table,
        _: u64,
        _: &dyn Fn(&[&str], &str) -> String,
    ) -> Result<Option<u64>, CatalogError> {
        Ok(None)
    }
}
