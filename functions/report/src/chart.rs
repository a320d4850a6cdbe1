//! Charts as inline SVG. A page shows each in one of two sizes, because text in a scaled SVG shrinks with it.

mod bars;
mod lines;

use chrono::NaiveDate;
use plotters::prelude::{IntoFont, RGBColor};
use plotters::style::TextStyle;
use thiserror::Error;

use crate::declaration::{Chart, Declaration};
use crate::table::Table;

/// A chart that has something to show.
#[derive(Debug)]
pub(crate) struct Drawing {
    /// An `<svg>` for screens and paper.
    pub(crate) wide: String,
    /// The same for a phone.
    pub(crate) narrow: String,
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
}

/// The name of a series, and what to say beside it.
#[derive(Debug)]
pub(crate) struct LegendEntry {
    pub(crate) series: usize,
    pub(crate) label: String,
    pub(crate) value: String,
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
pub(crate) struct ChartError {
    title: String,
    reason: String,
}

/// More series than this cannot be told apart: so many have a style in `page.css`.
const MOST_SERIES: usize = 16;

/// The chart of these rows; none if there is nothing to draw.
pub(crate) fn draw(
    chart: &Chart,
    declaration: &Declaration,
    table: &Table,
    date: NaiveDate,
) -> Result<Option<Drawing>, ChartError> {
    let drawn = match chart {
        Chart::IndexedLines { label, x, y, days, .. } => {
            let columns = [label, x, y].map(|name| declaration.position(name).unwrap_or_default());
            lines::draw(table, columns, *days)
        }
        Chart::HourlyBars { x, y, unit, hours, .. } => {
            let x = declaration.position(x).unwrap_or_default();
            let y: Vec<usize> = y.iter().filter_map(|name| declaration.position(name)).collect();
            let labels = y.iter().map(|position| declaration.columns[*position].label.clone()).collect();
            bars::draw(table, bars::Axes { x, y, labels, unit, hours: *hours, last_day: date })
        }
    };
    drawn.map_err(|reason| ChartError { title: chart.title().to_owned(), reason })
}

/// The colour that stands for a series in the SVG. It is never seen: `page.css` puts a colour of the theme in its
/// place, so that one drawing fits light, dark and paper.
pub(crate) fn series_colour(series: usize) -> String {
    let RGBColor(red, green, blue) = series_sentinel(series);
    format!("#{red:02X}{green:02X}{blue:02X}")
}

fn series_sentinel(series: usize) -> RGBColor {
    RGBColor(0, 0, u8::try_from(series % MOST_SERIES).unwrap_or_default() + 1)
}

const AXIS: RGBColor = RGBColor(0, 1, 0);
const GRID: RGBColor = RGBColor(0, 2, 0);
const TEXT: RGBColor = RGBColor(0, 3, 0);

/// One of the two sizes of a chart, in pixels.
#[derive(Debug, Clone, Copy)]
struct Canvas {
    width: u32,
    height: u32,
    /// About how many labels fit below.
    x_labels: u32,
}

const WIDE: Canvas = Canvas { width: 1_100, height: 320, x_labels: 8 };
const NARROW: Canvas = Canvas { width: 380, height: 260, x_labels: 4 };
const TOP_MARGIN: u32 = 10;
const RIGHT_MARGIN: u32 = 24;
const X_LABEL_AREA: u32 = 28;
const Y_LABEL_AREA: u32 = 58;

fn label_style() -> TextStyle<'static> {
    ("sans-serif", 15).into_font().color(&TEXT)
}
