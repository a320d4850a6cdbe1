//! Rows in memory, column by column.

use std::ops::Range;

use parquet::basic::Type;
use parquet::data_type::ByteArray;
use shared::parquet_column::Values;
use shared::parquet_file::merged_schema;

/// Does the same with the values of a column, whatever their type.
macro_rules! each_type {
    ($values:expr, $vec:ident => $body:expr) => {
        match $values {
            shared::parquet_column::Values::Text($vec) => $body,
            shared::parquet_column::Values::Int($vec) => $body,
            shared::parquet_column::Values::Long($vec) => $body,
            shared::parquet_column::Values::Double($vec) => $body,
            shared::parquet_column::Values::Flag($vec) => $body,
        }
    };
}
pub(super) use each_type;

/// One column of a batch.
#[derive(Debug)]
pub(super) struct Column {
    /// Where there is no value, a default stands in its place.
    pub(super) values: Values,
    /// Of a column that may have none: 1 for each row that has a value, 0 for one that has not. Parquet's definition levels.
    pub(super) levels: Option<Vec<i16>>,
}

/// Rows of the schema of merged files.
#[derive(Debug)]
pub(super) struct Batch {
    pub(super) columns: Vec<Column>,
    pub(super) rows: usize,
}

impl Default for Batch {
    fn default() -> Self {
        let column = |of: &parquet::schema::types::TypePtr| Column {
            values: match of.get_physical_type() {
                Type::INT32 => Values::Int(Vec::new()),
                Type::INT64 => Values::Long(Vec::new()),
                Type::DOUBLE => Values::Double(Vec::new()),
                Type::BOOLEAN => Values::Flag(Vec::new()),
                _ => Values::Text(Vec::new()),
            },
            levels: of.is_optional().then(Vec::new),
        };
        Self { columns: merged_schema().get_fields().iter().map(column).collect(), rows: 0 }
    }
}

impl Column {
    /// Appends the values of some rows of the same column elsewhere.
    pub(super) fn extend(&mut self, from: &Self, range: Range<usize>) {
        match (&mut self.values, &from.values) {
            (Values::Text(to), Values::Text(from)) => to.extend_from_slice(&from[range.clone()]),
            (Values::Int(to), Values::Int(from)) => to.extend_from_slice(&from[range.clone()]),
            (Values::Long(to), Values::Long(from)) => to.extend_from_slice(&from[range.clone()]),
            (Values::Double(to), Values::Double(from)) => to.extend_from_slice(&from[range.clone()]),
            (Values::Flag(to), Values::Flag(from)) => to.extend_from_slice(&from[range.clone()]),
            _ => {}
        }
        if let (Some(to), Some(from)) = (&mut self.levels, &from.levels) {
            to.extend_from_slice(&from[range]);
        }
    }

    /// Appends the values of some rows of the same column elsewhere, one after the other.
    pub(super) fn gather(&mut self, from: &Self, rows: impl Iterator<Item = usize> + Clone) {
        match (&mut self.values, &from.values) {
            (Values::Text(to), Values::Text(from)) => to.extend(rows.clone().map(|row| from[row].clone())),
            (Values::Int(to), Values::Int(from)) => to.extend(rows.clone().map(|row| from[row])),
            (Values::Long(to), Values::Long(from)) => to.extend(rows.clone().map(|row| from[row])),
            (Values::Double(to), Values::Double(from)) => to.extend(rows.clone().map(|row| from[row])),
            (Values::Flag(to), Values::Flag(from)) => to.extend(rows.clone().map(|row| from[row])),
            _ => {}
        }
        if let (Some(to), Some(from)) = (&mut self.levels, &from.levels) {
            to.extend(rows.map(|row| from[row]));
        }
    }
}

impl Batch {
    pub(super) fn clear(&mut self) {
        for column in &mut self.columns {
            each_type!(&mut column.values, values => values.clear());
            if let Some(levels) = &mut column.levels {
                levels.clear();
            }
        }
        self.rows = 0;
    }

    pub(super) fn push(&mut self, from: &Self, row: usize) {
        self.extend([(from, row..row + 1)]);
    }

    /// Appends ranges of rows of other batches.
    pub(super) fn extend<'a>(&mut self, ranges: impl IntoIterator<Item = (&'a Self, Range<usize>)> + Clone) {
        for (place, column) in self.columns.iter_mut().enumerate() {
            for (from, range) in ranges.clone() {
                column.extend(&from.columns[place], range);
            }
        }
        self.rows += ranges.into_iter().map(|(_, range)| range.len()).sum::<usize>();
    }

    pub(super) fn text(&self, place: usize) -> &[ByteArray] {
        match &self.columns[place].values {
            Values::Text(values) => values,
            _ => &[],
        }
    }

    pub(super) fn int(&self, place: usize) -> &[i32] {
        match &self.columns[place].values {
            Values::Int(values) => values,
            _ => &[],
        }
    }

    pub(super) fn long(&self, place: usize) -> &[i64] {
        match &self.columns[place].values {
            Values::Long(values) => values,
            _ => &[],
        }
    }

    pub(super) fn has(&self, place: usize, row: usize) -> bool {
        self.columns[place].levels.as_ref().is_none_or(|levels| levels[row] == 1)
    }
}
