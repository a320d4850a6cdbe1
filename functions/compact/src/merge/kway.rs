//! Merges sorted files: hands out the rows of all of them in order, some at a time.

use std::cmp::Ordering;
use std::ops::Range;
use std::path::PathBuf;

use parquet::data_type::ByteArray;

use super::batch::Batch;
use super::order::{self, Row};
use super::source::Source;
use super::{Keep, MergeError, place};

/// Files that are being merged.
pub(super) struct Merge {
    inputs: Vec<Input>,
    /// A binary heap of the inputs that have rows left, by their next row.
    heap: Vec<usize>,
    keep: Keep,
    batch_rows: usize,
    /// Rows that go out, in this order: of which input, and which of its batch.
    picked: Vec<(usize, Range<usize>)>,
    day: Option<Day>,
}

/// One file, and the next row of it.
struct Input {
    source: Source,
    batch: Batch,
    /// The row before the batch.
    before: Batch,
    next: usize,
    head: order::Head,
    /// Rows of the file up to and with the next.
    seen: u64,
}

/// The symbol, trade date and time within it of the row that came last, and the latest folder day of their rows.
struct Day {
    symbol: ByteArray,
    trade_date: i32,
    bar_time: Option<i64>,
    dt: ByteArray,
}

impl Merge {
    pub(super) fn open(inputs: &[PathBuf], keep: Keep, batch_rows: usize) -> Result<Self, MergeError> {
        let inputs =
            inputs.iter().map(|path| Ok(Input::new(Source::open(path)?))).collect::<Result<Vec<_>, MergeError>>()?;
        let mut merge = Self { inputs, heap: Vec::new(), keep, batch_rows, picked: Vec::new(), day: None };
        for input in 0..merge.inputs.len() {
            if merge.inputs[input].refill(batch_rows)? {
                merge.heap.push(input);
            }
        }
        for place in (0..merge.heap.len() / 2).rev() {
            merge.sift_down(place);
        }
        Ok(merge)
    }

    /// What the rows of all take before compression, by what the files say.
    pub(super) fn bytes(&self) -> usize {
        self.inputs.iter().map(|input| input.source.bytes()).fold(0, usize::saturating_add)
    }

    /// Puts the next rows into `batch`, instead of what is there; false if there are none left.
    pub(super) fn next_batch(&mut self, batch: &mut Batch) -> Result<bool, MergeError> {
        batch.clear();
        while batch.rows == 0 && !self.heap.is_empty() {
            self.pick(batch)?;
        }
        Ok(batch.rows > 0)
    }

    /// Picks rows until there are enough, or until the batch of an input is at its end.
    fn pick(&mut self, batch: &mut Batch) -> Result<(), MergeError> {
        let mut enough = self.batch_rows;
        while let Some(&top) = self.heap.first() {
            let row = self.inputs[top].next;
            if self.keeps(top, row) {
                match self.picked.last_mut() {
                    Some((input, range)) if *input == top && range.end == row => range.end += 1,
                    _ => self.picked.push((top, row..row + 1)),
                }
                enough -= 1;
            }
            let at_end = row + 1 == self.inputs[top].batch.rows;
            if at_end || enough == 0 {
                batch.extend(self.picked.iter().map(|(input, range)| (&self.inputs[*input].batch, range.clone())));
                self.picked.clear();
            }
            let input = &mut self.inputs[top];
            if at_end && !input.refill(self.batch_rows)? {
                self.heap.swap_remove(0);
            } else if !at_end {
                input.advance()?;
            }
            self.sift_down(0);
            if at_end || enough == 0 {
                break;
            }
        }
        Ok(())
    }

    /// Whether the next row of all goes out.
    fn keeps(&mut self, input: usize, row: usize) -> bool {
        if self.keep == Keep::Every {
            return true;
        }
        let batch = &self.inputs[input].batch;
        let (symbol, dt) = (&batch.text(place::SYMBOL)[row], &batch.text(place::DT)[row]);
        let trade_date = batch.int(place::TRADE_DATE)[row];
        let bar_time = batch.has(place::BAR_TIME, row).then(|| batch.long(place::BAR_TIME)[row]);
        let same = self.day.as_ref().filter(|day| {
            (day.trade_date, day.bar_time) == (trade_date, bar_time) && order::compare_text(&day.symbol, symbol).is_eq()
        });
        if same.is_some_and(|day| order::compare_text(dt, &day.dt).is_le()) {
            return false;
        }
        self.day = Some(Day { symbol: symbol.clone(), trade_date, bar_time, dt: dt.clone() });
        true
    }

    fn compare(&self, one: usize, other: usize) -> Ordering {
        // Rows that are wholly the same: it makes no difference which comes first.
        self.inputs[one].row().compare(&self.inputs[other].row())
    }

    fn sift_down(&mut self, mut place: usize) {
        loop {
            let (left, right) = (2 * place + 1, 2 * place + 2);
            let mut least = place;
            for child in [left, right] {
                if child < self.heap.len() && self.compare(self.heap[child], self.heap[least]).is_lt() {
                    least = child;
                }
            }
            if least == place {
                return;
            }
            self.heap.swap(place, least);
            place = least;
        }
    }
}

impl Input {
    fn new(source: Source) -> Self {
        let head = order::Head::new(0, None, None);
        Self { source, batch: Batch::default(), before: Batch::default(), next: 0, head, seen: 0 }
    }

    fn row(&self) -> Row<'_> {
        Row { batch: &self.batch, at: self.next, head: self.head }
    }

    /// Reads the next rows; false if there are none.
    fn refill(&mut self, batch_rows: usize) -> Result<bool, MergeError> {
        let last = self.batch.rows.checked_sub(1);
        self.before.clear();
        if let Some(last) = last {
            self.before.push(&self.batch, last);
        }
        if !self.source.next_batch(&mut self.batch, batch_rows)? {
            return Ok(false);
        }
        self.next = 0;
        self.head = Row::new(&self.batch, 0).head;
        if last.is_some() {
            self.check(&Row::new(&self.before, 0))?;
        }
        self.seen += 1;
        Ok(true)
    }

    fn advance(&mut self) -> Result<(), MergeError> {
        let (before, head) = (self.next, self.head);
        self.next += 1;
        self.head = Row::new(&self.batch, self.next).head;
        self.check(&Row { batch: &self.batch, at: before, head })?;
        self.seen += 1;
        Ok(())
    }

    fn check(&self, before: &Row<'_>) -> Result<(), MergeError> {
        if before.compare(&self.row()).is_le() {
            return Ok(());
        }
        Err(MergeError::Unsorted { file: self.source.name().to_owned(), row: self.seen })
    }
}
