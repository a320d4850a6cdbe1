//! Producers that people have: the tutorial's own, in Python, as they are. Each value that they send is in the lake, as a row or as a
//! reject with its reason, and docs/producer.md says which.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::process::Command;

use anyhow::{Context, Result, ensure};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use local::{Stack, project_root};
use tests::{land, start_stack};

/// Values that each producer sends, of rows drawn at random: each row is among them.
const DRAWS: usize = 40;

/// The rows of each producer's file, after the symbol. Two are whole, and two have an empty cell.
const ROWS: [&str; 4] = [
    "2021-05-27,29139.5,29267.0,28975.9,29113.2,29113.25,100.0,3784.716",
    "2021-05-28,1.5,2.5,0.5,2.25,2.0,12345678,2.25",
    "2021-05-28,16531.9,16588.7,16531.9,16555.66,16555.66,,16555.66",
    "2021-05-31,,15568.6,15421.1,15421.1,15421.1,0.0,18813.74",
];

/// What becomes of a value that is of one of these rows.
enum Fate {
    /// Its row of `bars`, without the symbol.
    Lands(&'static str),
    /// Its reject's reason and what it says; of what is no JSON the reason alone.
    Rejected(&'static str),
}

struct Producer {
    script: &'static str,
    form: &'static [&'static str],
    /// Begins the symbols of its file.
    symbols: &'static str,
    fates: [Fate; 4],
}

const FIRST: Fate = Fate::Lands("2021-05-27 - 29139.5 29267.0 28975.9 29113.2 29113.25 100.0 3784.716");
const SECOND: Fate = Fate::Lands("2021-05-28 - 1.5 2.5 0.5 2.25 2.0 12345678.0 2.25");
/// pandas has NaN where a cell is empty, which JSON has not, and `json.dumps` writes all the same.
const NAN: Fate = Fate::Rejected("not_json");
/// `default=str` makes a text of it.
const DECIMAL: Fate = Fate::Rejected("invalid_field: element 0 of the array: `Close` is a string, not a number");

const PRODUCERS: [Producer; 5] = [
    // One object.
    Producer { script: "with_kafka_python.py", form: &[], symbols: "KAFKA", fates: [FIRST, SECOND, NAN, NAN] },
    // An array of one object.
    Producer {
        script: "with_confluent_kafka.py",
        form: &["as it is"],
        symbols: "CONFLUENT",
        fates: [FIRST, SECOND, NAN, NAN],
    },
    Producer {
        script: "with_confluent_kafka.py",
        form: &["prices as Decimal"],
        symbols: "DECIMAL",
        fates: [DECIMAL, DECIMAL, NAN, NAN],
    },
    // `default=str` makes a day a moment: a bar of midnight, and not of the day.
    Producer {
        script: "with_confluent_kafka.py",
        form: &["dates as dates"],
        symbols: "DATE",
        fates: [
            Fate::Lands("2021-05-27 2021-05-27 00:00:00 29139.5 29267.0 28975.9 29113.2 29113.25 100.0 3784.716"),
            Fate::Lands("2021-05-28 2021-05-28 00:00:00 1.5 2.5 0.5 2.25 2.0 12345678.0 2.25"),
            NAN,
            NAN,
        ],
    },
    Producer {
        script: "mended.py",
        form: &[],
        symbols: "MENDED",
        fates: [
            FIRST,
            SECOND,
            Fate::Lands("2021-05-28 - 16531.9 16588.7 16531.9 16555.66 16555.66 - 16555.66"),
            Fate::Rejected("missing_field: element 0 of the array: `Open` is null"),
        ],
    },
];

/// How often what is there: a row of `bars`, or a value with the reason of its reject.
type Counted<T> = BTreeMap<T, usize>;

#[tokio::test(flavor = "multi_thread")]
async fn each_value_of_the_tutorials_producers_is_a_row_or_a_reject_with_its_reason() -> Result<()> {
    let stack = start_stack("python_producers").await?;
    let (mut expected_rows, mut expected_rejects) = (Counted::new(), Counted::new());
    for producer in &PRODUCERS {
        let values = producer.send(&stack)?;
        producer.expect(&values, &mut expected_rows, &mut expected_rejects)?;
    }
    let progress = land(&stack).await?;
    assert_eq!(progress.on_topic(), i64::try_from(PRODUCERS.len() * DRAWS)?);
    assert_eq!(progress.counts.given_up, 0, "{:?}", progress.counts.last_error);

    assert_eq!(rows(&stack).await?, expected_rows);
    assert_eq!(rejects(&stack).await?, expected_rejects);
    stack.stop().await
}

impl Producer {
    /// Runs it, and gives back the values that it says it has sent.
    fn send(&self, stack: &Stack) -> Result<Vec<String>> {
        let folder = tempfile::tempdir()?;
        let header = "Index,Date,Open,High,Low,Close,Adj Close,Volume,CloseUSD\n".to_owned();
        let lines = ROWS.iter().enumerate().map(|(row, cells)| format!("{}{row},{cells}\n", self.symbols));
        fs::create_dir(folder.path().join("data"))?;
        fs::write(folder.path().join("data/indexProcessed.csv"), header + &lines.collect::<String>())?;
        let output = Command::new(project_root().join("target/python-producers/venv/bin/python"))
            .arg("-B")
            .arg(project_root().join("tests/python_producers").join(self.script))
            .args([stack.bootstrap_servers(), stack.topic(), &DRAWS.to_string()])
            .args(self.form)
            .current_dir(&folder)
            .output()
            .context("cannot run target/python-producers/venv/bin/python: `make test` makes it")?;
        ensure!(output.status.success(), "{}: {}", self.script, String::from_utf8_lossy(&output.stderr));
        let values: Vec<String> = String::from_utf8(output.stdout)?.lines().map(str::to_owned).collect();
        ensure!(values.len() == DRAWS, "{} sent {values:?}", self.script);
        Ok(values)
    }

    /// Adds what is to become of these values.
    fn expect(
        &self,
        values: &[String],
        rows: &mut Counted<String>,
        rejects: &mut Counted<(String, String)>,
    ) -> Result<()> {
        let mut drawn = BTreeSet::new();
        for value in values {
            let row = (0..ROWS.len()).find(|row| value.contains(&format!(r#""{}{row}""#, self.symbols)));
            let row = row.with_context(|| format!("{value} is of no row"))?;
            drawn.insert(row);
            match self.fates[row] {
                Fate::Lands(cells) => *rows.entry(format!("{}{row} {cells}", self.symbols)).or_default() += 1,
                Fate::Rejected(why) => *rejects.entry((value.clone(), why.to_owned())).or_default() += 1,
            }
        }
        ensure!(drawn.len() == ROWS.len(), "{} drew {drawn:?} only", self.script);
        Ok(())
    }
}

async fn rows(stack: &Stack) -> Result<Counted<String>> {
    let query = "SELECT symbol, CAST(trade_date AS varchar), CAST(bar_time AS varchar), open, high, low, close, adj_close, volume, close_usd
                 FROM bars";
    let mut counted = Counted::new();
    for row in stack.athena_query(query).await? {
        let cells: Vec<_> = row.iter().map(|cell| cell.as_deref().unwrap_or("-")).collect();
        *counted.entry(cells.join(" ")).or_default() += 1;
    }
    Ok(counted)
}

/// With what is said of each, but where that is how far a text was JSON.
async fn rejects(stack: &Stack) -> Result<Counted<(String, String)>> {
    let mut counted = Counted::new();
    for row in stack.athena_query("SELECT kafka_value, reason, detail FROM rejects").await? {
        let [Some(value), Some(reason), Some(detail)] = &row[..] else { anyhow::bail!("{row:?} is no reject") };
        let value = String::from_utf8(BASE64_STANDARD.decode(value)?)?;
        let why = if reason == "not_json" { reason.clone() } else { format!("{reason}: {detail}") };
        *counted.entry((value, why)).or_default() += 1;
    }
    Ok(counted)
}
