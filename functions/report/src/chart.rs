//! Charts as inline SVG, by plotters.
//!
//! A chart over the whole width comes in two sizes of which a page shows one, because text in a scaled SVG shrinks with it. What is
//! drawn once per row comes as panels, of one size, that stand beside or below each other.

mod asked;
mod axis;
mod candlesticks;
mod clock;
mod colour;
mod heat_map;
mod hourly_bars;
mod line_plot;
mod lines;
mod panels;
mod ranked_bars;

use chrono::NaiveDate;
use plotters::prelude::{IntoFont, RGBColor};
use plotters::style::TextStyle;
use thiserror::Error;

pub(crate) use asked::{Asked, Clock, Kind as TraceKind, Mark, Trace, Traces};

use crate::declaration::{Chart, Declaration, Kind};
use crate::table::Rows;
use crate::visible::shown;

/// A chart that has something to show.
#[derive(Debug)]
pub(crate) struct Drawing {
    pub(crate) picture: Picture,
    /// What the y axis counts.
    pub(crate) y_unit: String,
    /// What the x axis runs over.
    pub(crate) x_unit: String,
    /// The chart in a sentence, for those who do not see it.
    pub(crate) summary: String,
    pub(crate) legend: Vec<LegendEntry>,
    pub(crate) swatch: Swatch,
    /// What was left out, if anything.
    pub(crate) note: Option<String>,
    /// What a reader can ask of it.
    pub(crate) asked: Asked,
}

/// What is seen of a chart.
#[derive(Debug)]
pub(crate) enum Picture {
    /// One `<svg>` for screens and paper, and the same for a phone.
    Whole { wide: String, narrow: String },
    /// One of each row.
    Panels(Vec<Panel>),
}

/// The small chart of one row.
#[derive(Debug)]
pub(crate) struct Panel {
    pub(crate) label: String,
    /// Said beside the label.
    pub(crate) value: String,
    pub(crate) svg: String,
    /// The panel in a sentence, for those who do not see it.
    pub(crate) summary: String,
}

/// The name of a series, and what to say beside it.
#[derive(Debug)]
pub(crate) struct LegendEntry {
    /// The colour by which it is known.
    pub(crate) colour: String,
    pub(crate) label: String,
    pub(crate) value: String,
}

impl LegendEntry {
    /// Without anything beside the name.
    fn named(colour: RGBColor, label: &str) -> Self {
        Self { colour: colour::hex(colour), label: label.to_owned(), value: String::new() }
    }
}

/// The shape by which a series is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Swatch {
    Line,
    Box,
}

/// The drawing library could not draw.
#[derive(Debug, Error)]
#[error("chart {title:?} cannot be drawn: {reason}")]
pub struct ChartError {
    title: String,
    reason: String,
}

/// What plotters says when it cannot draw.
type PlotError = Box<dyn std::error::Error>;

/// The chart of these rows; none if there is nothing to draw.
pub(crate) fn draw(
    chart: &Chart,
    declaration: &Declaration,
    rows: &Rows<'_>,
    date: NaiveDate,
) -> Result<Option<Drawing>, ChartError> {
    let at = |name: &String| declaration.position(name).unwrap_or_default();
    let all = |names: &[String]| names.iter().map(at).collect::<Vec<usize>>();
    let labels = |names: &[String]| names.iter().map(|name| declaration.columns[at(name)].label.clone()).collect();
    let digits = |name: &String| declaration.columns[at(name)].digits;
    let drawn = match &chart.kind {
        Kind::IndexedLines { label, x, y, days } => lines::draw_indexed(rows, [at(label), at(x), at(y)], *days),
        Kind::Lines { label, x, y, unit, days, rows: most } => {
            let form = lines::Form { days: *days, unit, digits: digits(y), most: *most };
            lines::draw(rows, [at(label), at(x), at(y)], &form)
        }
        Kind::LinesByRow { label, x, y, rows: most } => {
            let columns = panels::Columns { label: at(label), x: at(x), y: all(y), names: labels(y) };
            panels::draw(rows, &columns, *most)
        }
        Kind::Candlesticks { label, x, open, high, low, close, rows: most } => {
            candlesticks::draw(rows, [label, x, open, high, low, close].map(at), *most)
        }
        Kind::RankedBars { label, value, unit } => ranked_bars::draw(rows, [at(label), at(value)], unit, digits(value)),
        Kind::HeatMap { row, column, value, low, high } => {
            heat_map::draw(rows, [at(row), at(column), at(value)], *low..=*high, digits(value))
        }
        Kind::HourlyBars { x, y, unit, hours } => {
            let axes =
                hourly_bars::Axes { x: at(x), y: all(y), labels: labels(y), unit, hours: *hours, last_day: date };
            hourly_bars::draw(rows, axes)
        }
    };
    drawn.map_err(|reason| ChartError { title: chart.title.clone(), reason: reason.to_string() })
}

/// A size, in pixels.
#[derive(Debug, Clone, Copy)]
struct Canvas {
    width: u32,
    height: u32,
    /// About how many labels fit below.
    x_labels: u32,
}

const WIDE: Canvas = Canvas { width: 1_100, height: 320, x_labels: 8 };
const NARROW: Canvas = Canvas { width: 380, height: 260, x_labels: 4 };
/// Three of them stand beside each other on a screen.
const PANEL: Canvas = Canvas { width: 360, height: 200, x_labels: 3 };
const TOP_MARGIN: u32 = 10;
const RIGHT_MARGIN: u32 = 24;
const X_LABEL_AREA: u32 = 28;
const Y_LABEL_AREA: u32 = 58;

fn label_style() -> TextStyle<'static> {
    ("sans-serif", 15).into_font().color(&colour::TEXT)
}

/// Whether a number can stand on an axis. Records may hold any finite number; a range that is none would be drawn for ever.
fn is_drawable(number: f64) -> bool {
    const LARGEST: f64 = 1e200;
    number.abs() <= LARGEST
}

/// As much of a label as fits into so many pixels.
fn fitting(label: &str, pixels: u32) -> String {
    const LETTER: u32 = 8;
    shown(label, usize::try_from(pixels / LETTER).unwrap_or_default().max(2))
}
