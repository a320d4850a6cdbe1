//! A random walk per symbol over the 14 indices of the tutorial's data, one bar per symbol and business day.
//!
//! Only additions, multiplications and divisions go into a bar, so the same seed gives the same bars on any machine.

use chrono::{Datelike, Days, NaiveDate, Weekday};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use shared::bar::Bar;

struct Market {
    symbol: &'static str,
    /// Close at the end of May 2021, where the tutorial's data end; the walk is drawn back to it.
    level: f64,
    /// US dollars for one unit of the index's currency, as the tutorial converts.
    usd: f64,
    /// A usual day's volume.
    volume: f64,
}

const MARKETS: [Market; 14] = [
    Market { symbol: "HSI", level: 29_151.8, usd: 0.13, volume: 2.2e9 },
    Market { symbol: "NYA", level: 16_555.66, usd: 1.0, volume: 4.2e9 },
    Market { symbol: "IXIC", level: 13_748.74, usd: 1.0, volume: 4.4e9 },
    Market { symbol: "000001.SS", level: 3_615.48, usd: 0.16, volume: 3.3e5 },
    Market { symbol: "N225", level: 28_860.08, usd: 0.01, volume: 7.0e7 },
    Market { symbol: "N100", level: 1_256.6, usd: 1.22, volume: 2.5e8 },
    Market { symbol: "399001.SZ", level: 14_996.38, usd: 0.16, volume: 2.2e6 },
    Market { symbol: "GSPTSE", level: 19_730.99, usd: 0.83, volume: 2.1e10 },
    Market { symbol: "NSEI", level: 15_582.8, usd: 0.01, volume: 4.0e5 },
    Market { symbol: "GDAXI", level: 15_421.13, usd: 1.22, volume: 6.0e7 },
    Market { symbol: "KS11", level: 3_203.92, usd: 0.001, volume: 1.1e6 },
    Market { symbol: "SSMI", level: 11_363.41, usd: 1.11, volume: 4.5e7 },
    Market { symbol: "TWII", level: 17_068.43, usd: 0.04, volume: 4.8e6 },
    Market { symbol: "J203.JO", level: 67_964.21, usd: 0.07, volume: 2.5e8 },
];

/// Bars day by day, the symbols of a day in a fixed order.
pub(crate) struct Simulation {
    walks: Vec<Walk>,
    next_walk: usize,
    day: Option<NaiveDate>,
}

struct Walk {
    market: &'static Market,
    close: f64,
    random: ChaCha8Rng,
}

impl Simulation {
    /// Starts on `from`, or on the Monday after it.
    pub(crate) fn new(from: NaiveDate, seed: u64) -> Simulation {
        let walk = |(stream, market): (u64, &'static Market)| {
            let mut random = ChaCha8Rng::seed_from_u64(seed);
            random.set_stream(stream);
            Walk { market, close: market.level, random }
        };
        Simulation { walks: (0..).zip(&MARKETS).map(walk).collect(), next_walk: 0, day: business_day(from) }
    }
}

impl Iterator for Simulation {
    type Item = Bar;

    fn next(&mut self) -> Option<Bar> {
        let day = self.day?;
        let bar = self.walks[self.next_walk].bar(day);
        self.next_walk = (self.next_walk + 1) % self.walks.len();
        if self.next_walk == 0 {
            self.day = business_day(day + Days::new(1));
        }
        Some(bar)
    }
}

impl Walk {
    fn bar(&mut self, day: NaiveDate) -> Bar {
        let Market { symbol, level, usd, volume } = *self.market;
        // Without the pull a walk of ten thousand years ends at zero or beyond all numbers.
        let pull = (0.001 * (level / self.close - 1.0)).clamp(-0.01, 0.01);

        let open = rounded(self.close * (1.0 + 0.003 * self.bell()));
        let close = rounded(open * (1.0 + pull + 0.01 * self.bell()));
        let high = rounded(open.max(close) * (1.0 + 0.004 * self.bell().abs()));
        let low = rounded(open.min(close) * (1.0 - 0.004 * self.bell().abs()));
        let traded = (volume * (1.0 + 0.25 * self.bell())).round();
        self.close = close;
        Bar {
            symbol: symbol.to_owned(),
            date: day.to_string(),
            open,
            high,
            low,
            close,
            adj_close: Some(close),
            volume: Some(traded),
            close_usd: Some(rounded(close * usd)),
        }
    }

    /// A number around 0 with variance 1, from -3.5 to 3.5: the sum of four even ones.
    fn bell(&mut self) -> f64 {
        const SPREAD: f64 = 1.732_050_807_568_877_2;
        let sum: f64 = (0..4).map(|_| self.random.random_range(-1.0..1.0)).sum();
        sum * SPREAD / 2.0
    }
}

/// The day itself, or the Monday after it; `None` once a year has more than the four digits of `YYYY-MM-DD`.
fn business_day(day: NaiveDate) -> Option<NaiveDate> {
    let days_to_monday = match day.weekday() {
        Weekday::Sat => 2,
        Weekday::Sun => 1,
        _ => 0,
    };
    day.checked_add_days(Days::new(days_to_monday)).filter(|day| day.year() <= 9999)
}

/// At most six decimals, as in the tutorial's data.
fn rounded(price: f64) -> f64 {
    (price * 1e6).round() / 1e6
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    fn bars(seed: u64, count: usize) -> Vec<Bar> {
        Simulation::new(day("2021-06-01"), seed).take(count).collect()
    }

    #[test]
    fn the_first_bars_of_a_seed_are_these_for_ever() {
        let lines: Vec<String> = bars(7, 16).iter().map(|bar| serde_json::to_string(bar).unwrap()).collect();
        insta::assert_snapshot!(lines.join("\n"));
    }

    #[test]
    fn another_seed_is_another_walk() {
        assert_ne!(bars(7, 14), bars(8, 14));
    }

    #[test]
    fn every_symbol_has_one_bar_on_each_business_day() {
        let bars = bars(7, 14 * 10);
        for one_day in bars.chunks(14) {
            let symbols: BTreeSet<&str> = one_day.iter().map(|bar| bar.symbol.as_str()).collect();
            assert_eq!(symbols.len(), 14);
            assert!(one_day.iter().all(|bar| bar.date == one_day[0].date));
        }
        let days: Vec<&str> = bars.iter().step_by(14).map(|bar| bar.date.as_str()).collect();
        assert_eq!(
            days,
            [
                "2021-06-01",
                "2021-06-02",
                "2021-06-03",
                "2021-06-04",
                "2021-06-07",
                "2021-06-08",
                "2021-06-09",
                "2021-06-10",
                "2021-06-11",
                "2021-06-14"
            ]
        );
    }

    #[test]
    fn a_weekend_start_moves_to_monday() {
        for start in ["2021-06-05", "2021-06-06"] {
            assert_eq!(Simulation::new(day(start), 1).next().unwrap().date, "2021-06-07");
        }
    }

    #[test]
    fn bars_are_plausible_however_long_it_runs() {
        for bar in bars(3, 14 * 30_000) {
            assert!(bar.low <= bar.open.min(bar.close) && bar.open.max(bar.close) <= bar.high, "{bar:?}");
            let market = MARKETS.iter().find(|market| market.symbol == bar.symbol).unwrap();
            assert!((market.level / 20.0..market.level * 20.0).contains(&bar.close), "{bar:?}");
            assert!(bar.volume.is_some_and(|volume| volume > 0.0 && volume.fract() == 0.0), "{bar:?}");
            assert!((bar.close_usd.unwrap() - bar.close * market.usd).abs() < 1e-6, "{bar:?}");
        }
    }

    #[test]
    fn prices_have_at_most_six_decimals() {
        for bar in bars(5, 14 * 200) {
            for price in [bar.open, bar.high, bar.low, bar.close, bar.close_usd.unwrap()] {
                let text = price.to_string();
                let decimals = text.split_once('.').map_or(0, |(_, decimals)| decimals.len());
                assert!(decimals <= 6, "{text}");
            }
        }
    }

    #[test]
    fn it_ends_with_the_last_day_of_four_digits() {
        let last: Vec<Bar> = Simulation::new(day("9999-12-31"), 1).collect();
        assert_eq!(last.len(), 14);
    }
}
