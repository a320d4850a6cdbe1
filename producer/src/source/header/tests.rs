use super::*;

fn find(header: &str, wanted: &Wanted) -> Result<Layout, Unfit> {
    let names: Vec<&str> = header.split(',').collect();
    Layout::find(&names, wanted)
}

/// Each column with the field that it is, or the name that it goes along under.
fn reading(header: &str, wanted: &Wanted) -> String {
    let layout = find(header, wanted).unwrap();
    let column = |(place, name): (usize, &String)| {
        let along = layout.along.iter().find(|(along, _)| *along == place).map(|(_, name)| format!("+{name}"));
        let field = layout.field(place).map(|field| field.name().to_owned());
        format!("{name}={}", [field, along].into_iter().flatten().collect::<String>())
    };
    layout.names.iter().enumerate().map(column).collect::<Vec<_>>().join(" ")
}

fn given() -> Wanted {
    Wanted { symbol_is_given: true, ..Wanted::default() }
}

fn map(entries: &[(Field, Option<&str>)]) -> Wanted {
    let map = entries.iter().map(|(field, column)| (*field, column.map(ToOwned::to_owned))).collect();
    Wanted { map, symbol_is_given: false }
}

#[test]
fn the_names_of_real_files_are_known() {
    let listing: Vec<String> = [
        "Index,Date,Open,High,Low,Close,Adj Close,Volume,CloseUSD",
        "date,open,high,low,close,volume,Name",
        "<TICKER>,<PER>,<DATE>,<TIME>,<OPEN>,<HIGH>,<LOW>,<CLOSE>,<VOL>,<OPENINT>",
        "<TICKER>,<DTYYYYMMDD>,<OPEN>,<HIGH>,<LOW>,<CLOSE>,<VOL>",
        "Index,Date,Open,High,Low,Close,Adj. Close,Volume,Dividends,Stock Splits",
        "Index,Date,Open,High,Low,Close,Adj Close**,Volume",
        "Index,Date,Open,High,Low,Close,AdjClose,Volume",
        "Index,Date,Open,High,Low,Close,adj_close,Volume",
        "index,Date,Open,High,Low,Close,Symbol,Name",
    ]
    .map(|header| reading(header, &Wanted::default()))
    .into();
    insta::assert_snapshot!(listing.join("\n"));
    let listing: Vec<String> = [
        "Date,Close/Last,Volume,Open,High,Low",
        "timestamp,open,high,low,close,volume",
        "time,open,high,low,close,Volume",
        ",1. open,2. high,3. low,4. close,5. volume",
        "Date,Price,Open,High,Low,Vol.,Change %",
        "Data,Otwarcie,Najwyzszy,Najnizszy,Zamkniecie,Wolumen",
    ]
    .map(|header| reading(header, &given()))
    .into();
    insta::assert_snapshot!(listing.join("\n"));
}

#[test]
fn of_two_columns_of_one_name_the_first_is_the_field_and_the_other_goes_along() {
    assert_eq!(
        reading("Index,Date,Open,High,Low,Close,Close,Close,,note,note", &Wanted::default()),
        "Index=Index Date=Date Open=Open High=High Low=Low Close=Close Close=+Close (2) Close=+Close (3) \
         =+column 9 note=+note note=+note (2)"
    );
}

#[test]
fn a_map_says_which_column_a_field_is_and_the_column_of_its_name_goes_along() {
    assert_eq!(
        reading("Index,Date,Open,High,Low,Close,Adj Close", &map(&[(Close, Some("adj close")), (AdjClose, None)])),
        "Index=Index Date=Date Open=Open High=High Low=Low Close=+Close (2) Adj Close=Close"
    );
    assert_eq!(
        reading("Index,Date,Open,High,Low,Close,Close", &map(&[(Close, Some("#7"))])),
        "Index=Index Date=Date Open=Open High=High Low=Low Close=+Close (2) Close=Close"
    );
    let unfit = find("Index,Date,Open,High,Low,Close", &map(&[(Close, Some("Settle"))])).unwrap_err();
    assert_eq!(unfit.to_string(), "there is no column Settle, which --map names");
}

#[test]
fn what_is_missing_is_named() {
    let unfit = find("Index,Date,Open,Close,Volume", &Wanted::default()).unwrap_err();
    assert_eq!(unfit.to_string(), "the header has no column High, Low");
    assert_eq!(unfit.found, 3);
    assert_eq!(find("Date,Open,High,Low,Close", &Wanted::default()).unwrap_err().missing, [Symbol]);
}

#[test]
fn a_symbol_that_is_given_leaves_the_column_to_go_along() {
    assert_eq!(
        reading("Date,Open,High,Low,Close,Name", &given()),
        "Date=Date Open=Open High=High Low=Low Close=Close Name=+Name"
    );
}

#[test]
fn a_field_is_named_whatever_its_case() {
    assert_eq!(Field::named("adj_close"), Some(AdjClose));
    assert_eq!(Field::named("Symbol"), Some(Symbol));
    assert_eq!(Field::named("Settle"), None);
}
