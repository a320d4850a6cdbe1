//! The colours of the SVG. None of them is ever seen: `page.css` puts a colour of the theme in the place of each, so that one
//! drawing fits light, dark and paper.

use plotters::prelude::RGBColor;

/// More series than this cannot be told apart: so many have a style in `page.css`.
pub(super) const MOST_SERIES: usize = 16;

pub(super) const AXIS: RGBColor = RGBColor(0, 1, 0);
pub(super) const GRID: RGBColor = RGBColor(0, 2, 0);
pub(super) const TEXT: RGBColor = RGBColor(0, 3, 0);
pub(super) const RISE: RGBColor = RGBColor(0, 4, 0);
pub(super) const FALL: RGBColor = RGBColor(0, 5, 0);
pub(super) const COLD: RGBColor = RGBColor(0, 6, 0);
pub(super) const WARM: RGBColor = RGBColor(0, 7, 0);
/// Text that is a number of the chart, not a label of its axes.
pub(super) const INK: RGBColor = RGBColor(0, 8, 0);

pub(super) fn series(series: usize) -> RGBColor {
    RGBColor(0, 0, u8::try_from(series % MOST_SERIES).unwrap_or_default() + 1)
}

/// The colour of a series as the SVG has it.
pub(super) fn series_colour(number: usize) -> String {
    hex(series(number))
}

/// As the SVG has it.
pub(super) fn hex(RGBColor(red, green, blue): RGBColor) -> String {
    format!("#{red:02X}{green:02X}{blue:02X}")
}
