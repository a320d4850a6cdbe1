//! A Parquet file of bars, read some rows at a time. Its columns are found by name: an old file lacks those that came later.

use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use parquet::basic::Repetition;
use parquet::column::page::{Page, PageMetadata, PageReader};
use parquet::data_type::ByteArray;
use parquet::errors::ParquetError;
use parquet::file::metadata::{ColumnChunkMetaData, ParquetMetaData, ParquetMetaDataReader, RowGroupMetaData};
use parquet::file::reader::{ChunkReader, Length};
use parquet::file::serialized_reader::SerializedPageReader;
use parquet::schema::types::TypePtr;
use shared::parquet_column::{ColumnReader, Values, rows_of};
use shared::parquet_file::{FOLDER_COLUMNS, merged_schema};

use super::MergeError;
use super::batch::{Batch, Column};

/// A file, and how far it has been read.
pub(super) struct Source {
    file: Arc<Medium>,
    metadata: ParquetMetaData,
    name: String,
    /// For each column of a merged file, where it is in this one.
    found: Vec<Option<usize>>,
    /// The folder of a landed object. In a merged file it is in the rows.
    folder: Option<[ByteArray; 2]>,
    next_group: usize,
    group: Vec<Option<Stream>>,
    rows_left: usize,
}

/// What a file is on.
enum Medium {
    Disk(File),
    Memory(Bytes),
}

/// One column of a row group.
struct Stream {
    reader: ColumnReader,
    optional: bool,
    /// Rows in the pages that have been decompressed.
    loaded: Arc<AtomicUsize>,
    read: usize,
}

impl Source {
    /// A run, or a merged file.
    pub(super) fn open(path: &Path) -> Result<Self, MergeError> {
        let file = File::open(path).map_err(|error| MergeError::disk(path, error))?;
        Self::new(Medium::Disk(file), path.display().to_string(), None)
    }

    /// A landed object, and the folder in which it was.
    pub(super) fn landed(object: Bytes, dt: &str, hour: &str) -> Result<Self, MergeError> {
        Self::new(Medium::Memory(object), "the object".to_owned(), Some([dt, hour].map(ByteArray::from)))
    }

    fn new(file: Medium, name: String, folder: Option<[ByteArray; 2]>) -> Result<Self, MergeError> {
        let metadata = match ParquetMetaDataReader::new().parse_and_finish(&file) {
            Ok(metadata) => metadata,
            Err(source) => return Err(MergeError::Read { file: name, source }),
        };
        let found = match find(metadata.file_metadata().schema().get_fields(), folder.is_some()) {
            Ok(found) => found,
            Err(why) => return Err(MergeError::NotBars { file: name, why }),
        };
        let file = Arc::new(file);
        Ok(Self { file, metadata, name, found, folder, next_group: 0, group: Vec::new(), rows_left: 0 })
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// What its rows take before compression, by what it says.
    pub(super) fn bytes(&self) -> usize {
        let of_groups = self.metadata.row_groups().iter().map(RowGroupMetaData::total_byte_size);
        of_groups.fold(0, |sum, bytes| sum.saturating_add(usize::try_from(bytes).unwrap_or_default()))
    }

    /// Puts the next rows into `batch`, instead of what is there; at most so many, and of no text more than there is in a page of it.
    /// False if there are none left.
    pub(super) fn next_batch(&mut self, batch: &mut Batch, most: usize) -> Result<bool, MergeError> {
        batch.clear();
        self.read(batch, most).map_err(|source| MergeError::Read { file: self.name.clone(), source })
    }

    fn read(&mut self, batch: &mut Batch, most: usize) -> Result<bool, ParquetError> {
        while self.rows_left == 0 {
            if self.next_group == self.metadata.num_row_groups() {
                return Ok(false);
            }
            self.open_group()?;
        }
        let mut rows = most.min(self.rows_left);
        // A page of text may be megabytes, and values keep the page that they were read from in memory. The first row of each has its
        // page loaded; how much is left of that is then known.
        for (stream, column) in self.group.iter_mut().zip(&mut batch.columns) {
            if let (Some(stream), Values::Text(_)) = (stream, &column.values) {
                stream.read(column, 1)?;
                rows = rows.min(1 + stream.left_of_page());
            }
        }
        for (place, (stream, column)) in self.group.iter_mut().zip(&mut batch.columns).enumerate() {
            match stream {
                Some(stream) => {
                    let read = usize::from(matches!(column.values, Values::Text(_)));
                    stream.read(column, rows - read)?;
                    stream.spread(column, rows, place)?;
                }
                None => fill(column, rows, place, self.folder.as_ref()),
            }
        }
        batch.rows = rows;
        self.rows_left -= rows;
        Ok(true)
    }

    fn open_group(&mut self) -> Result<(), ParquetError> {
        let group = self.metadata.row_group(self.next_group);
        self.next_group += 1;
        let rows = rows_of(group)?;
        self.rows_left = rows;
        self.group = (self.found.iter())
            .map(|found| found.map(|at| Stream::open(&self.file, group.column(at), rows)).transpose())
            .collect::<Result<_, ParquetError>>()?;
        Ok(())
    }
}

/// For each column of a merged file, its place among these. What is wrong with them, if a value of theirs had no place to go.
fn find(columns: &[TypePtr], landed: bool) -> Result<Vec<Option<usize>>, String> {
    let schema = merged_schema();
    let wanted = |name: &str| !(landed && FOLDER_COLUMNS.contains(&name));
    for (at, column) in columns.iter().enumerate() {
        let name = column.name();
        let known = schema.get_fields().iter().find(|known| known.name() == name && wanted(name));
        let known = known.ok_or_else(|| format!("it has an unknown column `{name}`"))?;
        if columns[..at].iter().any(|before| before.name() == name) {
            return Err(format!("it has the column `{name}` twice"));
        }
        let repeated = column.get_basic_info().repetition() == Repetition::REPEATED;
        let same = column.is_primitive()
            && !repeated
            && column.get_physical_type() == known.get_physical_type()
            && column.get_basic_info().logical_type_ref() == known.get_basic_info().logical_type_ref();
        if !same {
            return Err(format!("its column `{name}` is {column:?}, not {known:?}"));
        }
    }
    (schema.get_fields().iter())
        .map(|known| {
            let found = columns.iter().position(|column| column.name() == known.name());
            match found {
                None if !known.is_optional() && wanted(known.name()) => {
                    Err(format!("it has no column `{}`", known.name()))
                }
                found => Ok(found),
            }
        })
        .collect()
}

/// A column that the file does not have: nothing in each row, or the folder of them all.
fn fill(column: &mut Column, rows: usize, place: usize, folder: Option<&[ByteArray; 2]>) {
    let in_folder = place.checked_sub(super::place::DT).and_then(|place| folder?.get(place));
    match (&mut column.values, in_folder) {
        (Values::Text(values), Some(name)) => values.resize(rows, name.clone()),
        (Values::Text(values), None) => values.resize(rows, ByteArray::default()),
        (Values::Int(values), _) => values.resize(rows, 0),
        (Values::Long(values), _) => values.resize(rows, 0),
        (Values::Double(values), _) => values.resize(rows, 0.0),
        (Values::Flag(values), _) => values.resize(rows, false),
    }
    if let Some(levels) = &mut column.levels {
        levels.resize(rows, 0);
    }
}

impl Stream {
    fn open(file: &Arc<Medium>, column: &ColumnChunkMetaData, rows: usize) -> Result<Self, ParquetError> {
        let descriptor = column.column_descr_ptr();
        let optional = descriptor.max_def_level() > 0;
        let loaded = Arc::<AtomicUsize>::default();
        let pages = SerializedPageReader::new(file.clone(), column, rows, None)?;
        let reader = ColumnReader::new(descriptor, Box::new(Watched { pages, loaded: loaded.clone() }))?;
        Ok(Self { reader, optional, loaded, read: 0 })
    }

    fn left_of_page(&self) -> usize {
        self.loaded.load(Ordering::Relaxed).saturating_sub(self.read)
    }

    /// Appends the values of the next rows, those that there are.
    fn read(&mut self, column: &mut Column, rows: usize) -> Result<(), ParquetError> {
        let mut none = Vec::new();
        let levels = self.optional.then_some(column.levels.as_mut().unwrap_or(&mut none));
        self.reader.read(rows, &mut column.values, levels)?;
        self.read += rows;
        Ok(())
    }

    /// Moves each value to the place of its row.
    fn spread(&self, column: &mut Column, rows: usize, place: usize) -> Result<(), ParquetError> {
        match &mut column.levels {
            Some(levels) if self.optional => {
                super::batch::each_type!(&mut column.values, values => spread(values, levels));
            }
            // Optional today, and not when the file was written.
            Some(levels) => levels.resize(rows, 1),
            None => {
                let values = super::batch::each_type!(&column.values, values => values.len());
                if values != rows {
                    let schema = merged_schema();
                    let name = schema.get_fields()[place].name();
                    return Err(ParquetError::General(format!("the column `{name}` has nothing in some row")));
                }
            }
        }
        Ok(())
    }
}

fn spread<T: Default>(values: &mut Vec<T>, levels: &[i16]) {
    let mut packed = values.len();
    if packed == levels.len() {
        return;
    }
    values.resize_with(levels.len(), T::default);
    for row in (0..levels.len()).rev() {
        if levels[row] == 0 {
            values[row] = T::default();
        } else {
            packed -= 1;
            values.swap(row, packed);
        }
    }
}

/// Counts the rows of the pages that it hands on.
struct Watched {
    pages: SerializedPageReader<Medium>,
    loaded: Arc<AtomicUsize>,
}

impl PageReader for Watched {
    fn get_next_page(&mut self) -> Result<Option<Page>, ParquetError> {
        let page = self.pages.get_next_page()?;
        if let Some(page) = page.as_ref().filter(|page| page.is_data_page()) {
            self.loaded.fetch_add(page.num_values() as usize, Ordering::Relaxed);
        }
        Ok(page)
    }

    fn peek_next_page(&mut self) -> Result<Option<PageMetadata>, ParquetError> {
        self.pages.peek_next_page()
    }

    fn skip_next_page(&mut self) -> Result<(), ParquetError> {
        self.pages.skip_next_page()
    }
}

impl Iterator for Watched {
    type Item = Result<Page, ParquetError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.get_next_page().transpose()
    }
}

impl Length for Medium {
    fn len(&self) -> u64 {
        match self {
            Self::Disk(file) => Length::len(file),
            Self::Memory(bytes) => Length::len(bytes),
        }
    }
}

impl ChunkReader for Medium {
    type T = Box<dyn Read>;

    fn get_read(&self, start: u64) -> Result<Self::T, ParquetError> {
        Ok(match self {
            Self::Disk(file) => Box::new(file.get_read(start)?),
            Self::Memory(bytes) => Box::new(bytes.get_read(start)?),
        })
    }

    fn get_bytes(&self, start: u64, length: usize) -> Result<Bytes, ParquetError> {
        match self {
            Self::Disk(file) => file.get_bytes(start, length),
            Self::Memory(bytes) => bytes.get_bytes(start, length),
        }
    }
}
