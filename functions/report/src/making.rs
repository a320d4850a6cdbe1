//! A report in the making: a row goes into the files as it comes, and what the page needs of it stays.

use thiserror::Error;

use crate::athena::Answer;
use crate::catalog::Report;
use crate::chart::ChartError;
use crate::facts;
use crate::kept::Kept;
use crate::page::{self, Moment};
use crate::record::Record;
use crate::table::{Columns, TableError};
use crate::{csv, json};

/// A report whose rows are still coming.
#[derive(Debug)]
pub(crate) struct Making<'a> {
    report: &'a Report,
    moment: Moment,
    columns: Columns,
    kept: Kept<'a>,
}

/// What there is beside the files once all rows have come.
#[derive(Debug)]
pub(crate) struct Made {
    pub(crate) rows: usize,
    pub(crate) html: String,
    /// What the index says of it, and the mail.
    pub(crate) headline: String,
}

/// A result that no report can be made of.
#[derive(Debug, Error)]
pub enum MakingError {
    /// It is not what the report declares.
    #[error(transparent)]
    Table(#[from] TableError),
    /// None that is known.
    #[error("the rows cannot be written as JSON: {0}")]
    Json(#[from] serde_json::Error),
    /// The drawing library gave up.
    #[error(transparent)]
    Chart(#[from] ChartError),
}

/// What has been written of the files and not been sent yet.
#[derive(Debug)]
pub(crate) struct Files<'a> {
    pub(crate) csv: &'a mut Vec<u8>,
    pub(crate) json: &'a mut Vec<u8>,
}

impl<'a> Making<'a> {
    /// The heading has the names of the query's columns.
    pub(crate) fn begin(
        report: &'a Report,
        moment: Moment,
        heading: &Record,
        files: &mut Files<'_>,
    ) -> Result<Self, MakingError> {
        let declaration = &report.declaration;
        let columns = Columns::of(declaration, heading)?;
        csv::begin(declaration, files.csv);
        json::begin(report, moment, files.json)?;
        Ok(Self { report, moment, columns, kept: Kept::new(declaration) })
    }

    pub(crate) fn add(&mut self, record: &Record, files: &mut Files<'_>) -> Result<(), MakingError> {
        let before = self.kept.all.count;
        let row = self.columns.read(self.kept.declaration, before + 1, record)?;
        csv::row(&row, files.csv);
        json::row(self.kept.declaration, &row, before == 0, files.json)?;
        self.kept.add(row);
        Ok(())
    }

    /// After the last row.
    pub(crate) fn finish(self, answer: &Answer, files: &mut Files<'_>) -> Result<Made, MakingError> {
        json::end(files.json);
        Ok(Made {
            rows: self.kept.all.count,
            html: page::render(self.report, &self.kept, answer, self.moment)?,
            headline: facts::headline(&self.kept, self.moment.date),
        })
    }
}
