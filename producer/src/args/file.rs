//! What can be said about a file, and `producer inspect`.

use std::path::PathBuf;

use clap::builder::{FalseyValueParser, NonEmptyStringValueParser};

use crate::source::choices::unit_of;
use crate::source::compression::Compression;
use crate::source::number::Decimal;

const INSPECT_EXAMPLES: &str = "\
Examples:
  producer inspect bars.csv
  producer inspect HistoricalData.csv --symbol ACME --date-format mdy

Everything it says is what a run with the same options would do. The exit code is 0 when something would be sent, and not
more skipped than sent.";

/// How a file is to be read, where it is not to show that itself.
#[derive(clap::Args)]
#[command(next_help_heading = "File")]
pub(crate) struct DialectArgs {
    /// Symbol of all rows, where no column has it
    #[arg(long, value_name = "SYMBOL", env = "PRODUCER_SYMBOL", value_parser = NonEmptyStringValueParser::new())]
    pub(crate) symbol: Option<String>,

    /// Take the symbol from the file's name: ACME of ACME.csv
    #[arg(
        long,
        env = "PRODUCER_SYMBOL_FROM_FILE",
        value_parser = FalseyValueParser::new(),
        conflicts_with = "symbol"
    )]
    pub(crate) symbol_from_file: bool,

    /// Take a field of a bar from this column, by name or as #3; without a column, leave it out. As often as needed, or
    /// with semicolons between
    #[arg(long, value_name = "FIELD=COLUMN", env = "PRODUCER_MAP", value_delimiter = ';')]
    pub(crate) map: Vec<String>,

    /// Form of days: ymd, mdy, dmy, or a pattern such as %d-%b-%y [default: as the column shows, or one that leaves no doubt]
    #[arg(long, value_name = "FORM", env = "PRODUCER_DATE_FORMAT")]
    pub(crate) date_format: Option<String>,

    /// Where the clock is of times that say nothing of it, such as America/New_York: their bars are of the day there [default: UTC]
    #[arg(long, value_name = "ZONE", env = "PRODUCER_TIME_ZONE")]
    pub(crate) time_zone: Option<String>,

    /// What each bar spans, such as 1m, 1h or 1d: it goes along as Interval, and says whether a bar of midnight is a day's; of --simulate, 1m to 2h or 1d
    #[arg(long, value_name = "SPAN", env = "PRODUCER_INTERVAL", value_parser = interval)]
    pub(crate) interval: Option<String>,

    /// What stands before the decimals [default: as the numbers show]
    #[arg(long, value_enum, env = "PRODUCER_DECIMAL")]
    pub(crate) decimal: Option<Decimal>,

    /// Sign between cells, or tab [default: as the header shows]
    #[arg(long, value_name = "SIGN", env = "PRODUCER_SEPARATOR")]
    pub(crate) separator: Option<String>,

    /// Sign around cells, or none [default: as the header shows]
    #[arg(long, value_name = "SIGN", env = "PRODUCER_QUOTE")]
    pub(crate) quote: Option<String>,

    /// Line of the header [default: the first that names a bar's columns]
    #[arg(long, value_name = "N", env = "PRODUCER_HEADER_LINE", value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) header_line: Option<u64>,

    /// Names of the columns of a file without a header
    #[arg(long, value_name = "NAME,...", env = "PRODUCER_COLUMNS", conflicts_with = "header_line")]
    pub(crate) columns: Option<String>,

    /// Encoding, by its name on the web [default: by its mark, else utf-8, else windows-1252]
    #[arg(long, value_name = "NAME", env = "PRODUCER_ENCODING")]
    pub(crate) encoding: Option<String>,

    /// Compression [default: by the first bytes]
    #[arg(long, value_enum, env = "PRODUCER_COMPRESSION")]
    pub(crate) compression: Option<Compression>,
}

/// What a file is taken for, the first rows as the bars they become, and what of it would be skipped; sends nothing
#[derive(clap::Args)]
#[command(after_help = INSPECT_EXAMPLES, max_term_width = 120)]
pub(crate) struct InspectArgs {
    /// Files, patterns, or - for standard input
    #[arg(required = true, value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,

    #[command(flatten)]
    pub(crate) dialect: DialectArgs,
}

/// A number of a unit.
fn interval(typed: &str) -> Result<String, String> {
    let unit = unit_of(typed);
    let is_span = unit.len() < typed.len() && ["s", "m", "min", "h", "d", "wk", "w", "mo", "y"].contains(&unit);
    is_span.then(|| typed.to_owned()).ok_or_else(|| "not a number of s, m, h, d, wk, mo or y, such as 5m".to_owned())
}
