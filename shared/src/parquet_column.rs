//! One column of a Parquet file, written and read: of the five types that there are in this lake. The crate's own "column of any type" and
//! "row of any schema" would bring all eight into each function, twice.

use std::io::Write;
use std::vec;

use bytes::Bytes;
use parquet::basic::Type;
use parquet::column::page::PageReader;
use parquet::column::reader::ColumnReaderImpl;
use parquet::column::writer::{ColumnCloseResult, ColumnWriterImpl};
use parquet::data_type::{BoolType, ByteArray, ByteArrayType, DataType, DoubleType, Int32Type, Int64Type};
use parquet::errors::{ParquetError, Result};
use parquet::file::metadata::RowGroupMetaData;
use parquet::file::properties::WriterPropertiesPtr;
use parquet::file::writer::{SerializedFileWriter, SerializedPageWriter, SerializedRowGroupWriter, TrackedWrite};
use parquet::schema::types::ColumnDescPtr;

/// The values of one column.
#[derive(Debug)]
pub enum Values {
    /// `BYTE_ARRAY`
    Text(Vec<ByteArray>),
    /// `INT32`
    Int(Vec<i32>),
    /// `INT64`
    Long(Vec<i64>),
    /// `DOUBLE`
    Double(Vec<f64>),
    /// `BOOLEAN`
    Flag(Vec<bool>),
}

/// Writes one column of a row group, page by page, into memory of its own.
pub enum ColumnWriter<'s> {
    /// `BYTE_ARRAY`
    Text(ColumnWriterImpl<'s, ByteArrayType>),
    /// `INT32`
    Int(ColumnWriterImpl<'s, Int32Type>),
    /// `INT64`
    Long(ColumnWriterImpl<'s, Int64Type>),
    /// `DOUBLE`
    Double(ColumnWriterImpl<'s, DoubleType>),
    /// `BOOLEAN`
    Flag(ColumnWriterImpl<'s, BoolType>),
}

impl<'s> ColumnWriter<'s> {
    /// # Errors
    /// A column of another type.
    pub fn new(
        column: ColumnDescPtr,
        properties: WriterPropertiesPtr,
        sink: &'s mut TrackedWrite<Vec<u8>>,
    ) -> Result<Self> {
        let pages = Box::new(SerializedPageWriter::new(sink));
        match column.physical_type() {
            Type::BYTE_ARRAY => Ok(Self::Text(ColumnWriterImpl::new(column, properties, pages))),
            Type::INT32 => Ok(Self::Int(ColumnWriterImpl::new(column, properties, pages))),
            Type::INT64 => Ok(Self::Long(ColumnWriterImpl::new(column, properties, pages))),
            Type::DOUBLE => Ok(Self::Double(ColumnWriterImpl::new(column, properties, pages))),
            Type::BOOLEAN => Ok(Self::Flag(ColumnWriterImpl::new(column, properties, pages))),
            other => Err(no_such_column(other)),
        }
    }

    /// Goes on with values, one for each row. Of an optional column the levels say where there is one: what stands elsewhere is left out.
    ///
    /// # Errors
    /// Values of another type than the column.
    pub fn write(&mut self, values: &Values, levels: Option<&[i16]>) -> Result<()> {
        match (self, values) {
            (Self::Text(writer), Values::Text(values)) => write_present(writer, values, levels),
            (Self::Int(writer), Values::Int(values)) => write_present(writer, values, levels),
            (Self::Long(writer), Values::Long(values)) => write_present(writer, values, levels),
            (Self::Double(writer), Values::Double(values)) => write_present(writer, values, levels),
            (Self::Flag(writer), Values::Flag(values)) => write_present(writer, values, levels),
            _ => Err(other_type()),
        }
    }

    /// What the file says of the column, and what it has to be appended with.
    ///
    /// # Errors
    /// None: the sink is memory.
    pub fn close(self) -> Result<ColumnCloseResult> {
        match self {
            Self::Text(writer) => writer.close(),
            Self::Int(writer) => writer.close(),
            Self::Long(writer) => writer.close(),
            Self::Double(writer) => writer.close(),
            Self::Flag(writer) => writer.close(),
        }
    }
}

fn write_present<T: DataType>(
    writer: &mut ColumnWriterImpl<'_, T>,
    values: &[T::T],
    levels: Option<&[i16]>,
) -> Result<()> {
    let packed: Vec<T::T>;
    let values = match levels {
        Some(levels) if levels.contains(&0) => {
            let there = values.iter().zip(levels).filter(|(_, level)| **level == 1);
            packed = there.map(|(value, _)| value.clone()).collect();
            &packed
        }
        _ => values,
    };
    writer.write_batch(values, levels, None)?;
    Ok(())
}

/// A row group whose columns are written one after the other, each at once.
pub struct RowGroup<'f, W: Write> {
    group: SerializedRowGroupWriter<'f, W>,
    properties: WriterPropertiesPtr,
    columns: vec::IntoIter<ColumnDescPtr>,
}

impl<'f, W: Write + Send> RowGroup<'f, W> {
    /// The next group of a file.
    ///
    /// # Errors
    /// As the file has them.
    pub fn begin(file: &'f mut SerializedFileWriter<W>) -> Result<Self> {
        let properties = file.properties().clone();
        let columns = file.schema_descr().columns().to_vec().into_iter();
        Ok(Self { group: file.next_row_group()?, properties, columns })
    }

    /// Writes the next column, which is not optional.
    ///
    /// # Errors
    /// Values of another type than the column, one column more than there are, or as the file has them.
    pub fn put(&mut self, values: &Values) -> Result<()> {
        let column = self.next_column()?;
        let mut sink = TrackedWrite::new(Vec::new());
        let mut writer = ColumnWriter::new(column, self.properties.clone(), &mut sink)?;
        writer.write(values, None)?;
        let closed = writer.close()?;
        self.append(sink, closed)
    }

    /// Writes the next column: of an optional one the levels, and the values that are there.
    pub(crate) fn put_packed<T: DataType>(&mut self, values: &[T::T], levels: Option<&[i16]>) -> Result<()> {
        let column = self.next_column()?;
        let mut sink = TrackedWrite::new(Vec::new());
        let pages = Box::new(SerializedPageWriter::new(&mut sink));
        let mut writer = ColumnWriterImpl::<T>::new(column, self.properties.clone(), pages);
        writer.write_batch(values, levels, None)?;
        let closed = writer.close()?;
        self.append(sink, closed)
    }

    fn next_column(&mut self) -> Result<ColumnDescPtr> {
        self.columns.next().ok_or_else(|| ParquetError::General("the schema has fewer columns".to_owned()))
    }

    fn append(&mut self, sink: TrackedWrite<Vec<u8>>, closed: ColumnCloseResult) -> Result<()> {
        self.group.append_column(&Bytes::from(sink.into_inner()?), closed)
    }

    /// Ends the group.
    ///
    /// # Errors
    /// A column is missing, or has another number of rows than the others.
    pub fn close(self) -> Result<()> {
        self.group.close()?;
        Ok(())
    }
}

/// How many rows a row group says that it has.
///
/// # Errors
/// Fewer than none.
pub fn rows_of(group: &RowGroupMetaData) -> Result<usize> {
    usize::try_from(group.num_rows())
        .map_err(|_| ParquetError::General("a row group has a negative number of rows".to_owned()))
}

/// Reads one column of a row group.
pub enum ColumnReader {
    /// `BYTE_ARRAY`
    Text(ColumnReaderImpl<ByteArrayType>),
    /// `INT32`
    Int(ColumnReaderImpl<Int32Type>),
    /// `INT64`
    Long(ColumnReaderImpl<Int64Type>),
    /// `DOUBLE`
    Double(ColumnReaderImpl<DoubleType>),
    /// `BOOLEAN`
    Flag(ColumnReaderImpl<BoolType>),
}

impl ColumnReader {
    /// # Errors
    /// A column of another type.
    pub fn new(column: ColumnDescPtr, pages: Box<dyn PageReader>) -> Result<Self> {
        match column.physical_type() {
            Type::BYTE_ARRAY => Ok(Self::Text(ColumnReaderImpl::new(column, pages))),
            Type::INT32 => Ok(Self::Int(ColumnReaderImpl::new(column, pages))),
            Type::INT64 => Ok(Self::Long(ColumnReaderImpl::new(column, pages))),
            Type::DOUBLE => Ok(Self::Double(ColumnReaderImpl::new(column, pages))),
            Type::BOOLEAN => Ok(Self::Flag(ColumnReaderImpl::new(column, pages))),
            other => Err(no_such_column(other)),
        }
    }

    /// Appends what the next rows have: of an optional column a level for each, and the values that are there.
    ///
    /// # Errors
    /// Values of another type than the column, fewer rows than these, or what is no Parquet.
    pub fn read(&mut self, rows: usize, values: &mut Values, levels: Option<&mut Vec<i16>>) -> Result<()> {
        match (self, values) {
            (Self::Text(reader), Values::Text(values)) => read(reader, rows, values, levels),
            (Self::Int(reader), Values::Int(values)) => read(reader, rows, values, levels),
            (Self::Long(reader), Values::Long(values)) => read(reader, rows, values, levels),
            (Self::Double(reader), Values::Double(values)) => read(reader, rows, values, levels),
            (Self::Flag(reader), Values::Flag(values)) => read(reader, rows, values, levels),
            _ => Err(other_type()),
        }
    }
}

fn read<T: DataType>(
    reader: &mut ColumnReaderImpl<T>,
    rows: usize,
    values: &mut Vec<T::T>,
    mut levels: Option<&mut Vec<i16>>,
) -> Result<()> {
    let mut left = rows;
    while left > 0 {
        let (read, _, _) = reader.read_records(left, levels.as_deref_mut(), None, values)?;
        if read == 0 {
            return Err(ParquetError::EOF(format!("a column ends {left} rows before its row group")));
        }
        left -= read;
    }
    Ok(())
}

fn no_such_column(physical: Type) -> ParquetError {
    ParquetError::NYI(format!("no column here is of type {physical}"))
}

fn other_type() -> ParquetError {
    ParquetError::General("a column has another type than its values".to_owned())
}
