//! JSON objects as they stand: members in their order, each as often as it is there.

use std::fmt;
use std::marker::PhantomData;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

/// The batches of an event by name, name and batch as they were sent; none where `records` is not there once, as an object.
pub(crate) fn batches(payload: &str) -> Option<Vec<(&RawValue, &RawValue)>> {
    let Members(event) = serde_json::from_str::<Members<String>>(payload).ok()?;
    let mut records = event.iter().filter(|(name, _)| name == "records");
    let (Some((_, records)), None) = (records.next(), records.next()) else {
        return None;
    };
    let Members(batches) = serde_json::from_str(records.get()).ok()?;
    Some(batches)
}

struct Members<'a, Name>(Vec<(Name, &'a RawValue)>);

impl<'de: 'a, 'a, Name: Deserialize<'de>> Deserialize<'de> for Members<'a, Name> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct InOrder<Name>(PhantomData<Name>);
        impl<'de, Name: Deserialize<'de>> Visitor<'de> for InOrder<Name> {
            type Value = Vec<(Name, &'de RawValue)>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Self::Value, M::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(members)
            }
        }
        deserializer.deserialize_map(InOrder(PhantomData)).map(Members)
    }
}
