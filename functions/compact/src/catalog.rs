//! The catalog: which folders and parts Athena knows, and the views by which people read them. Glue stands behind it.

mod glue;
mod none;
mod view;

use shared::key::Hour;
use shared::manifest::Table;

pub use glue::Glue;
pub use none::NoCatalog;

/// What compaction needs of the catalog. Whatever it does may be done again.
pub trait Catalog {
    /// The parts of a table that are registered.
    fn parts(&self, table: Table) -> impl Future<Output = Result<Vec<String>, CatalogError>>;

    /// Registers parts. One that is there is fine.
    fn register(&self, table: Table, parts: &[String]) -> impl Future<Output = Result<(), CatalogError>>;

    /// Takes parts out. One that is not there is fine.
    fn forget(&self, table: Table, parts: &[String]) -> impl Future<Output = Result<(), CatalogError>>;

    /// The landed folders that are registered, from the day of this hour on.
    fn folders(&self, from: Hour) -> impl Future<Output = Result<Vec<Hour>, CatalogError>>;

    /// Registers landed folders. One that is there is fine.
    fn register_folders(&self, folders: &[Hour]) -> impl Future<Output = Result<(), CatalogError>>;

    /// Makes the view of a table say what this version of the manifest says, unless it says what a later one says. `select` is its text, with
    /// these columns of tables in this database. The later version, if it does.
    fn publish(
        &self,
        table: Table,
        version: u64,
        select: &dyn Fn(&[&str], &str) -> String,
    ) -> impl Future<Output = Result<Option<u64>, CatalogError>>;
}

/// A call to the catalog that failed.
#[derive(Debug, thiserror::Error)]
#[error("cannot {action} {name}: {message}")]
pub struct CatalogError {
    /// "read", "register", "forget" or "publish".
    pub action: &'static str,
    /// The table.
    pub name: String,
    /// The catalog's own words.
    pub message: String,
}
