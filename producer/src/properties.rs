//! librdkafka properties: ours, and the user's on top. A value may be a secret, so no message here repeats one.

use anyhow::{Result, bail};

/// Defaults, each with librdkafka's other name for the same property. librdkafka takes both names, and the last one set
/// wins; so a default is left out when the user has set either.
const DEFAULTS: [(&str, &str, &str); 4] = [
    ("enable.idempotence", "enable.idempotence", "true"),
    ("acks", "request.required.acks", "all"),
    ("compression.type", "compression.codec", "zstd"),
    // Bars of one symbol come close together: a short wait fills batches, and compression lives on those.
    ("linger.ms", "queue.buffering.max.ms", "50"),
];

/// Properties that carry the promise of the end line; nothing but these values is taken.
const PROMISES: [(&str, &[&str], &str); 4] = [
    ("enable.idempotence", &["true"], "without it a retry can put a bar on the topic twice"),
    ("acks", &["all", "-1"], "with fewer an acknowledged bar can be lost with its broker"),
    ("request.required.acks", &["all", "-1"], "with fewer an acknowledged bar can be lost with its broker"),
    ("delivery.report.only.error", &["false"], "without all delivery reports nobody knows what was acknowledged"),
];

/// One property and its value.
pub(crate) type Property = (String, String);

/// Parses `-X` values and the list of `KAFKA_PROPERTIES`, puts them over the defaults; a later one wins.
pub(crate) fn merge(list: Option<&str>, options: &[String]) -> Result<Vec<Property>> {
    let list = list.unwrap_or_default();
    let separator = if list.contains('\n') { '\n' } else { ',' };
    let entries = list.split(separator).map(str::trim).filter(|entry| !entry.is_empty());

    let mut typed = Vec::new();
    for (place, entry) in entries.enumerate() {
        let Some(property) = parse(entry) else {
            bail!(
                "entry {} of KAFKA_PROPERTIES is not property=value; \
                 if a value has a comma in it, put each entry on a line of its own",
                place + 1
            );
        };
        typed.push(property);
    }
    for (place, option) in options.iter().enumerate() {
        let Some(property) = parse(option) else {
            bail!("-X number {} is not property=value, such as -X security.protocol=SASL_SSL", place + 1);
        };
        typed.push(property);
    }

    for (name, value) in &typed {
        let broken = PROMISES.iter().find(|(promised, values, _)| {
            promised == name && !values.iter().any(|kept| kept.eq_ignore_ascii_case(value))
        });
        if let Some((_, values, reason)) = broken {
            bail!("{name} must stay {}: {reason}; leave the property out", values.join(" or "));
        }
    }

    let defaults = DEFAULTS
        .iter()
        .filter(|(name, alias, _)| !typed.iter().any(|(set, _)| set == name || set == alias))
        .map(|(name, _, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect::<Vec<_>>();
    Ok([defaults, typed].concat())
}

fn parse(entry: &str) -> Option<Property> {
    let (name, value) = entry.split_once('=')?;
    let name = name.trim();
    (!name.is_empty()).then(|| (name.to_owned(), value.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(typed: &[&str]) -> Vec<String> {
        typed.iter().map(|option| (*option).to_owned()).collect()
    }

    /// What librdkafka would end up with: the last value of a name.
    fn value<'a>(properties: &'a [Property], name: &str) -> Option<&'a str> {
        properties.iter().rev().find(|(set, _)| set == name).map(|(_, value)| value.as_str())
    }

    #[test]
    fn an_option_wins_over_the_list_and_the_list_over_a_default() {
        let merged = merge(Some("linger.ms=1,client.id=a"), &options(&["client.id=b"])).unwrap();
        assert_eq!(value(&merged, "linger.ms"), Some("1"));
        assert_eq!(value(&merged, "client.id"), Some("b"));
        assert_eq!(value(&merged, "acks"), Some("all"));
    }

    #[test]
    fn a_default_gives_way_to_its_other_name() {
        let merged = merge(None, &options(&["compression.codec=lz4"])).unwrap();
        assert_eq!(value(&merged, "compression.type"), None);
        assert_eq!(value(&merged, "compression.codec"), Some("lz4"));
    }

    #[test]
    fn a_value_may_hold_equals_signs_spaces_and_commas() {
        let merged = merge(None, &options(&["sasl.password= a=b,c "])).unwrap();
        assert_eq!(value(&merged, "sasl.password"), Some(" a=b,c "));
    }

    #[test]
    fn a_list_with_line_breaks_keeps_its_commas() {
        let merged = merge(Some("sasl.password=x,y\r\n\nclient.id=b\n"), &[]).unwrap();
        assert_eq!(value(&merged, "sasl.password"), Some("x,y"));
        assert_eq!(value(&merged, "client.id"), Some("b"));
    }

    #[test]
    fn what_is_not_a_property_is_named_by_its_place_and_never_repeated() {
        for error in [merge(Some("client.id=a,hunter2"), &[]), merge(None, &options(&["client.id=a", "hunter2"]))] {
            let message = error.unwrap_err().to_string();
            assert!(message.contains('2') && !message.contains("hunter2"), "{message}");
        }
        assert!(merge(None, &options(&["=value"])).is_err());
    }

    #[test]
    fn idempotence_acks_and_delivery_reports_cannot_be_turned_off() {
        for refused in
            ["enable.idempotence=false", "acks=1", "request.required.acks=0", "delivery.report.only.error=true"]
        {
            let message = merge(None, &options(&[refused])).unwrap_err().to_string();
            assert!(message.contains("must stay"), "{message}");
        }
        for kept in ["enable.idempotence=True", "acks=-1", "acks=all"] {
            assert!(merge(None, &options(&[kept])).is_ok(), "{kept}");
        }
    }
}
