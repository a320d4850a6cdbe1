use super::*;
use crate::source::listing;

fn read(text: &[u8]) -> String {
    listing(JsonRows::new(text))
}

#[test]
fn a_line_is_sent_as_it_came_keyed_by_its_symbol() {
    let text = concat!(
        "  {\"Index\" : \"HSI\",\"Close\":1.50, \"odd\":\"\\u00e9\"} \r\n",
        "\n",
        "[{\"Index\":\"NYA\"},{\"Index\":\"IXIC\"}]\n",
        "{\"Index\":\"N225\",\"Close\":null}"
    );
    assert_eq!(
        read(text.as_bytes()),
        concat!(
            "HSI   {\"Index\" : \"HSI\",\"Close\":1.50, \"odd\":\"\\u00e9\"} \n",
            "NYA [{\"Index\":\"NYA\"},{\"Index\":\"IXIC\"}]\n",
            "N225 {\"Index\":\"N225\",\"Close\":null}\n"
        )
    );
}

#[test]
fn a_line_without_a_symbol_is_named_and_costs_itself_only() {
    let text = [
        &b"{\"Index\":\"HSI\",\"Close\":NaN}\n"[..],
        b"{\"index\":\"HSI\"}\n",
        b"{\"Index\":7}\n",
        b"\"HSI\"\n",
        b"[]\n",
        b"[{\"Index\":\"HSI\"},[\"HSI\"]]\n",
        b"\xff\xfe\n",
        b"{\"Index\":\"HSI\"}\n",
    ]
    .concat();
    insta::assert_snapshot!(read(&text));
}

#[test]
fn json_in_a_json_string_is_unwrapped() {
    let bar = r#"{"Index":"ACME","Close":101.50}"#;
    let once = serde_json::to_string(bar).unwrap();
    let twice = serde_json::to_string(&once).unwrap();
    let lines = serde_json::to_string(&format!("{bar}\n{bar}\n")).unwrap();
    assert_eq!(
        read(format!("{once}\n{twice}\n{lines}\n").as_bytes()),
        format!(
            "told: line 1 is JSON in a JSON string: such lines are unwrapped\n{}",
            format!("ACME {bar}\n").repeat(4)
        )
    );
    // The columns of a data frame, each an object of its own.
    let frame = serde_json::to_string(r#"{"Index":{"0":"ACME"}}"#).unwrap();
    assert!(read(frame.as_bytes()).ends_with("line 1: Index is not a string\n"), "{}", read(frame.as_bytes()));
}

#[test]
fn an_array_over_several_lines_is_taken_apart() {
    let text = "[{\"Index\":\"A\",\"note\":\"],\\\"\"},\n  {\n    \"Index\": \"B\"\n  }, 7\n]\n{\"Index\":\"C\"}\n";
    assert_eq!(
        read(text.as_bytes()),
        "told: line 1 begins an array: each object in it is a record\n\
         A {\"Index\":\"A\",\"note\":\"],\\\"\"}\n\
         B {\n    \"Index\": \"B\"\n  }\n\
         line 4: neither a JSON object nor an array of objects\n\
         C {\"Index\":\"C\"}\n"
    );
    assert!(read(b"[\n{\"Index\":\"A\"},\n{\"Ind").ends_with("line 3: the array of line 1 does not end\n"));
}

#[test]
fn an_object_over_several_lines_is_one_record() {
    assert_eq!(read(b"{\n  \"Index\": \"A\",\n  \"Close\": 1\n}\n"), "A {\n  \"Index\": \"A\",\n  \"Close\": 1\n}\n");
}

#[test]
fn a_line_that_was_cut_off_costs_itself_only() {
    for cut in ["{\"Index\":\"A\",\"Close\":1", "{\"Index\":\"A\","] {
        let text = format!("{cut}\n{{\"Index\":\"B\"}}\n{{\"Index\":\"C\"}}\n");
        let read = read(text.as_bytes());
        assert!(read.starts_with("line 1: not JSON"), "{read}");
        assert!(read.ends_with("\nB {\"Index\":\"B\"}\nC {\"Index\":\"C\"}\n"), "{read}");
    }
}

proptest::proptest! {
    #[test]
    fn any_bytes_are_read_without_a_panic(text in "[\\[\\]{}\",:\\\\a1 \n]{0,60}") {
        let _ = read(text.as_bytes());
    }
}
