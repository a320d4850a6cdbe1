//! A random walk per symbol over the 14 indices of the tutorial's data: one bar per symbol and business day, or bars of minutes in the hours
//! of its exchange.
//!
//! Only additions, multiplications, divisions and square roots go into a bar, so the same seed gives the same bars on any machine.

mod exchange;

use std::collections::VecDeque;

use chrono::{DateTime, Datelike, Days, NaiveDate, Weekday};
use chrono_tz::Tz;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use shared::bar::Bar;

use self::exchange::Exchange;

struct Market {
    symbol: &'static str,
    exchange: &'static Exchange,
    /// Close at the end of May 2021, where the tutorial's data end; the walk is drawn back to it.
    level: f64,
    /// US dollars for one unit of the index's currency, as the tutorial converts.
    usd: f64,
    /// A usual day's volume.
    volume: f64,
}

const MARKETS: [Market; 14] = [
    Market { symbol: "HSI", exchange: &exchange::HONG_KONG, level: 29_151.8, usd: 0.13, volume: 2.2e9 },
    Market { symbol: "NYA", exchange: &exchange::NEW_YORK, level: 16_555.66, usd: 1.0, volume: 4.2e9 },
    Market { symbol: "IXIC", exchange: &exchange::NEW_YORK, level: 13_748.74, usd: 1.0, volume: 4.4e9 },
    Market { symbol: "000001.SS", exchange: &exchange::SHANGHAI, level: 3_615.48, usd: 0.16, volume: 3.3e5 },
    Market { symbol: "N225", exchange: &exchange::TOKYO, level: 28_860.08, usd: 0.01, volume: 7.0e7 },
    Market { symbol: "N100", exchange: &exchange::PARIS, level: 1_256.6, usd: 1.22, volume: 2.5e8 },
    Market { symbol: "399001.SZ", exchange: &exchange::SHANGHAI, level: 14_996.38, usd: 0.16, volume: 2.2e6 },
    Market { symbol: "GSPTSE", exchange: &exchange::TORONTO, level: 19_730.99, usd: 0.83, volume: 2.1e10 },
    Market { symbol: "NSEI", exchange: &exchange::MUMBAI, level: 15_582.8, usd: 0.01, volume: 4.0e5 },
    Market { symbol: "GDAXI", exchange: &exchange::FRANKFURT, level: 15_421.13, usd: 1.22, volume: 6.0e7 },
    Market { symbol: "KS11", exchange: &exchange::SEOUL, level: 3_203.92, usd: 0.001, volume: 1.1e6 },
    Market { symbol: "SSMI", exchange: &exchange::ZURICH, level: 11_363.41, usd: 1.11, volume: 4.5e7 },
    Market { symbol: "TWII", exchange: &exchange::TAIPEI, level: 17_068.43, usd: 0.04, volume: 4.8e6 },
    Market { symbol: "J203.JO", exchange: &exchange::JOHANNESBURG, level: 67_964.21, usd: 0.07, volume: 2.5e8 },
];

/// Bars day by day, the symbols of a day in a fixed order; those within days in the order of their times.
pub(crate) struct Simulation {
    walks: Vec<Walk>,
    next_walk: usize,
    day: Option<NaiveDate>,
    /// Minutes of a bar; none for daily bars.
    minutes: Option<u32>,
    of_day: VecDeque<Bar>,
}

struct Walk {
    market: &'static Market,
    close: f64,
    random: ChaCha8Rng,
}

/// What a bar has of prices and volume.
struct Drawn {
    open: f64,
    high: f64,
    low: f64,
    close: f64,
    volume: f64,
}

impl Simulation {
    /// Starts on `from`, or on the Monday after it.
    pub(crate) fn new(from: NaiveDate, seed: u64, minutes: Option<u32>) -> Simulation {
        let walk = |(stream, market): (u64, &'static Market)| {
            let mut random = ChaCha8Rng::seed_from_u64(seed);
            random.set_stream(stream);
            Walk { market, close: market.level, random }
        };
        let walks = (0..).zip(&MARKETS).map(walk).collect();
        Simulation { walks, next_walk: 0, day: business_day(from), minutes, of_day: VecDeque::new() }
    }

    fn within_days(&mut self, minutes: u32) -> Option<Bar> {
        while self.of_day.is_empty() {
            let day = self.day?;
            let mut bars: Vec<_> = self.walks.iter_mut().flat_map(|walk| walk.bars_within(day, minutes)).collect();
            // Stable: those of one moment stay in the order of their symbols.
            bars.sort_by_key(|(moment, _)| *moment);
            self.of_day.extend(bars.into_iter().map(|(_, bar)| bar));
            self.day = business_day(day + Days::new(1));
        }
        self.of_day.pop_front()
    }
}

impl Iterator for Simulation {
    type Item = Bar;

    fn next(&mut self) -> Option<Bar> {
        if let Some(minutes) = self.minutes {
            return self.within_days(minutes);
        }
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
        let drawn = self.draw(1.0);
        self.bar_of(day.to_string(), &drawn)
    }

    /// Each with its moment, in seconds.
    fn bars_within(&mut self, day: NaiveDate, minutes: u32) -> Vec<(i64, Bar)> {
        let times = self.market.exchange.times(day, minutes);
        #[expect(clippy::cast_precision_loss, reason = "a day has some hundred")]
        let share = 1.0 / times.len().max(1) as f64;
        let bar = |time: DateTime<Tz>| {
            let drawn = self.draw(share);
            (time.timestamp(), self.bar_of(time.to_rfc3339(), &drawn))
        };
        times.into_iter().map(bar).collect()
    }

    /// The next bar, of such a share of a day.
    fn draw(&mut self, share: f64) -> Drawn {
        let Market { level, volume, .. } = *self.market;
        // Without the pull a walk of ten thousand years ends at zero or beyond all numbers.
        let pull = (0.001 * (level / self.close - 1.0)).clamp(-0.01, 0.01) * share;
        // A walk goes as far as the root of its steps.
        let width = share.sqrt();
        let open = rounded(self.close * (1.0 + 0.003 * width * self.bell()));
        let close = rounded(open * (1.0 + pull + 0.01 * width * self.bell()));
        let high = rounded(open.max(close) * (1.0 + 0.004 * width * self.bell().abs()));
        let low = rounded(open.min(close) * (1.0 - 0.004 * width * self.bell().abs()));
        let volume = (volume * share * (1.0 + 0.25 * self.bell())).round();
        self.close = close;
        Drawn { open, high, low, close, volume }
    }

    fn bar_of(&self, date: String, drawn: &Drawn) -> Bar {
        Bar {
            symbol: self.market.symbol.to_owned(),
            date,
            open: drawn.open,
            high: drawn.high,
            low: drawn.low,
            close: drawn.close,
            adj_close: Some(drawn.close),
            volume: Some(drawn.volume),
            close_usd: Some(rounded(drawn.close * self.market.usd)),
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
        Simulation::new(day("2021-06-01"), seed, None).take(count).collect()
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
            assert_eq!(Simulation::new(day(start), 1, None).next().unwrap().date, "2021-06-07");
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
        let last: Vec<Bar> = Simulation::new(day("9999-12-31"), 1, None).collect();
        assert_eq!(last.len(), 14);
    }

    #[test]
    fn bars_of_minutes_are_in_the_hours_of_their_exchange_and_in_the_order_of_their_times() {
        let bars: Vec<Bar> = Simulation::new(day("2024-12-24"), 7, Some(60)).take(400).collect();
        let moments: Vec<_> = bars.iter().map(|bar| DateTime::parse_from_rfc3339(&bar.date).unwrap()).collect();
        let days: Vec<_> = moments.iter().map(DateTime::date_naive).collect();
        assert!(days.is_sorted(), "day by day");
        for (moment, next) in moments.iter().zip(&moments[1..]) {
            assert!(moment.date_naive() < next.date_naive() || moment <= next);
        }
        let of = |symbol: &str, date: &str| -> Vec<String> {
            let found = bars.iter().filter(|bar| bar.symbol == symbol && bar.date.starts_with(date));
            found.map(|bar| bar.date[11..].to_owned()).collect()
        };
        let expected = [
            "09:30:00-05:00",
            "10:30:00-05:00",
            "11:30:00-05:00",
            "12:30:00-05:00",
            "13:30:00-05:00",
            "14:30:00-05:00",
        ];
        assert_eq!(of("NYA", "2024-12-24"), expected);
        assert_eq!((of("NYA", "2024-12-25").len(), of("N225", "2024-12-25").len()), (0, 5));
        insta::assert_snapshot!(serde_json::to_string(&bars[0]).unwrap());
    }

    #[test]
    fn a_day_of_minutes_moves_about_as_much_as_a_daily_bar() {
        let moved = |minutes| {
            let bars =
                Simulation::new(day("2021-06-01"), 11, minutes).filter(|bar| bar.symbol == "IXIC").take(390 * 60);
            let mut days = std::collections::BTreeMap::<String, (f64, f64)>::new();
            for bar in bars {
                let day = days.entry(bar.date[..10].to_owned()).or_insert((f64::MAX, 0.0));
                *day = (day.0.min(bar.low), day.1.max(bar.high));
            }
            let ranges: Vec<_> = days.values().take(50).map(|(low, high)| high / low - 1.0).collect();
            ranges.iter().sum::<f64>() / 50.0
        };
        let ratio = moved(Some(1)) / moved(None);
        assert!((0.5..2.0).contains(&ratio), "{ratio}");
    }
}
