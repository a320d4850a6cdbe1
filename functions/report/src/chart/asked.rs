//! What a chart can be asked for on the page: the numbers behind its picture, also of what is not drawn.

use std::ops::Range;

/// The numbers of one chart.
#[derive(Debug)]
pub(crate) enum Asked {
    /// What the shapes of the picture say, in the order in which they are drawn.
    Marks(Vec<Mark>),
    /// Lines or candles over days or times.
    Traces(Traces),
}

/// A bar, or a cell.
#[derive(Debug)]
pub(crate) struct Mark {
    pub(crate) label: String,
    /// Each with the colour of its series, where there are several.
    pub(crate) values: Vec<(Option<String>, String)>,
    /// How many rectangles of the picture are of this mark.
    pub(crate) shapes: usize,
}

/// Lines or candles, those that are drawn first, then those of all other rows.
#[derive(Debug)]
pub(crate) struct Traces {
    pub(crate) kind: Kind,
    pub(crate) clock: Clock,
    /// What the numbers of each trace are called.
    pub(crate) names: Vec<String>,
    /// How many decimal places are shown; those of a price if none are given.
    pub(crate) digits: Option<usize>,
    pub(crate) drawn: usize,
    /// What of the x axis each drawn panel shows, in the unit of `at`; none if all are drawn into one picture.
    pub(crate) panels: Vec<Range<i64>>,
    pub(crate) rows: Vec<Trace>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A line per row, all in one picture.
    Together,
    /// Lines of each row.
    Lines,
    /// Open, high, low and close of each row.
    Candles,
}

/// The unit of an x axis.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Clock {
    /// Days since 1970-01-01.
    Days,
    /// Minutes since then, in UTC.
    Minutes,
}

/// The numbers of one row.
#[derive(Debug)]
pub(crate) struct Trace {
    pub(crate) label: String,
    pub(crate) at: Vec<i64>,
    /// For each name as many as there are in `at`.
    pub(crate) numbers: Vec<Vec<Option<f64>>>,
}

/// Days since 1970-01-01, from those of the common era.
pub(super) fn since_1970(day: i32) -> i64 {
    const DAYS_BEFORE_1970: i64 = 719_163;
    i64::from(day) - DAYS_BEFORE_1970
}
