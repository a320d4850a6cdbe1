//! A line the size of a word.

use maud::{Markup, html};

use crate::format;

const WIDTH: f64 = 110.0;
const HEIGHT: f64 = 28.0;
/// Room for the dot at the last value.
const MARGIN: f64 = 3.0;

/// The numbers as a line with a dot at its end. A null leaves its place empty; the line goes on over it.
pub(crate) fn draw(numbers: &[Option<f64>], digits: usize) -> Markup {
    let known: Vec<(usize, f64)> =
        numbers.iter().enumerate().filter_map(|(index, number)| Some((index, (*number)?))).collect();
    let (Some(first), Some(last)) = (known.first(), known.last()) else {
        return html! { span class="muted" { (format::NOTHING) } };
    };
    let low = known.iter().map(|point| point.1).fold(f64::INFINITY, f64::min);
    let high = known.iter().map(|point| point.1).fold(f64::NEG_INFINITY, f64::max);
    let place = |(index, number): (usize, f64)| {
        let steps = numbers.len().saturating_sub(1).max(1);
        #[expect(clippy::cast_precision_loss, reason = "a few dozen points")]
        let across = index as f64 / steps as f64;
        // A flat line runs through the middle.
        let up = if high > low { (number - low) / (high - low) } else { 0.5 };
        (MARGIN + across * (WIDTH - 2.0 * MARGIN), HEIGHT - MARGIN - up * (HEIGHT - 2.0 * MARGIN))
    };
    let points: Vec<String> = extremes(&known, numbers.len())
        .into_iter()
        .map(|point| place(*point))
        .map(|(x, y)| format!("{x:.1},{y:.1}"))
        .collect();
    let (end_x, end_y) = place(*last);
    let show = |number| format::decimal(number, digits);
    let title = format!(
        "last {} values, from {} to {}, low {}, high {}",
        known.len(),
        show(first.1),
        show(last.1),
        show(low),
        show(high)
    );
    html! {
        svg class="sparkline" role="img" width=(WIDTH) height=(HEIGHT) viewBox={ "0 0 " (WIDTH) " " (HEIGHT) } {
            title { (title) }
            polyline points=(points.join(" ")) {}
            circle cx=(format!("{end_x:.1}")) cy=(format!("{end_y:.1}")) r="2.5" {}
        }
    }
}

/// The lowest and the highest of each three pixels, and the last, where there are more points than pixels.
fn extremes(known: &[(usize, f64)], all: usize) -> Vec<&(usize, f64)> {
    const BUCKETS: usize = 36;
    if known.len() <= 2 * BUCKETS {
        return known.iter().collect();
    }
    let mut kept = Vec::new();
    for bucket in known.chunk_by(|left, right| left.0 * BUCKETS / all == right.0 * BUCKETS / all) {
        let lowest = bucket.iter().min_by(|left, right| left.1.total_cmp(&right.1));
        let highest = bucket.iter().max_by(|left, right| left.1.total_cmp(&right.1));
        let mut both: Vec<&(usize, f64)> = lowest.into_iter().chain(highest).collect();
        both.sort_by_key(|point| point.0);
        both.dedup();
        kept.extend(both);
    }
    kept.extend(known.last().filter(|last| kept.last() != Some(last)));
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_runs_from_low_to_high_and_says_so() {
        insta::assert_snapshot!(draw(&[Some(1.0), None, Some(3.0)], 0).into_string());
    }

    #[test]
    fn of_more_points_than_pixels_the_extremes_are_drawn() {
        let numbers: Vec<Option<f64>> =
            (0..1_500).map(|place| Some(if place == 700 { 9.0 } else { f64::from(place % 7) })).collect();
        let drawn = draw(&numbers, 0).into_string();
        let points = drawn.split("points=\"").nth(1).unwrap().split('"').next().unwrap();
        let count = points.split(' ').count();
        assert!((70..=73).contains(&count), "{count}");
        assert!(points.contains(",3.0 ") && points.contains(" 107.0,"), "{drawn}");
    }

    #[test]
    fn a_flat_or_single_value_is_drawn_and_no_value_is_a_dash() {
        assert!(draw(&[Some(5.0), Some(5.0)], 0).into_string().contains(r#"points="3.0,14.0 107.0,14.0""#));
        assert!(draw(&[Some(5.0)], 0).into_string().contains(r#"points="3.0,14.0""#));
        assert!(draw(&[None], 0).into_string().contains(format::NOTHING));
    }
}
