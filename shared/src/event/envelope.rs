//! What an event is around its records, `{"records":{"topic-0":[…]}}`: read in one pass, and only as far as there is room.

use std::borrow::Cow;
use std::cell::Cell;
use std::fmt;
use std::marker::PhantomData;

use serde::de::{
    Deserialize, DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Unexpected, Visitor,
};
use serde_json::value::RawValue;

use super::Record;
use crate::json::Text;

/// A batch under the name by which it was delivered.
pub(super) type Named<'a, B> = (Cow<'a, str>, B);

/// What is read of an event.
pub(super) struct Read<'a, B> {
    pub(super) batches: Vec<Named<'a, B>>,
    /// `make redrive` adds it, and nobody says that it is a text.
    pub(super) given_up_at: Option<&'a RawValue>,
}

/// For how many batches and members of batches there is room.
pub(super) struct Room {
    most: usize,
    taken: Cell<usize>,
}

impl Room {
    pub(super) fn new(most: usize) -> Self {
        Self { most, taken: Cell::new(0) }
    }

    pub(super) fn is_exceeded(&self) -> bool {
        self.taken.get() > self.most
    }

    fn take<E: Error>(&self) -> Result<(), E> {
        self.taken.set(self.taken.get() + 1);
        if self.is_exceeded() {
            return Err(E::custom(format_args!("it has more than {} batches and records", self.most)));
        }
        Ok(())
    }
}

/// What a batch is read as.
pub(super) trait Batch<'de>: Sized {
    fn read<D: Deserializer<'de>>(deserializer: D, room: &Room) -> Result<Self, D::Error>;
}

/// Not looked into, so that it takes no room but its own.
impl<'de> Batch<'de> for &'de RawValue {
    fn read<D: Deserializer<'de>>(deserializer: D, _: &Room) -> Result<Self, D::Error> {
        Self::deserialize(deserializer)
    }
}

impl<'de> Batch<'de> for Vec<Record<'de>> {
    fn read<D: Deserializer<'de>>(deserializer: D, room: &Room) -> Result<Self, D::Error> {
        let mut records = Vec::new();
        deserializer.deserialize_any(Members { room, take: |record| records.push(record), of: PhantomData })?;
        Ok(records)
    }
}

impl<'de> Batch<'de> for Vec<&'de RawValue> {
    fn read<D: Deserializer<'de>>(deserializer: D, room: &Room) -> Result<Self, D::Error> {
        let mut pieces = Vec::new();
        deserializer.deserialize_any(Members { room, take: |piece| pieces.push(piece), of: PhantomData })?;
        Ok(pieces)
    }
}

/// The batches of an event, in their order.
pub(super) fn read<'de, B: Batch<'de>>(payload: &'de str, room: &Room) -> Result<Read<'de, B>, serde_json::Error> {
    let mut json = serde_json::Deserializer::from_str(payload);
    let read = json.deserialize_any(Envelope(Batches { room, as_: PhantomData }))?;
    json.end()?;
    Ok(read)
}

/// Hands over each member of a batch, one after the other.
pub(super) fn pieces<'de>(
    batch: &'de RawValue,
    room: &Room,
    take: impl FnMut(&'de RawValue),
) -> Result<(), serde_json::Error> {
    serde_json::Deserializer::from_str(batch.get()).deserialize_any(Members { room, take, of: PhantomData })
}

/// That a string is not what was expected. (`serde_json` would repeat it, and have six letters for one: tens of megabytes.)
pub(super) fn no_string<'de, E: Error>(expected: &impl Visitor<'de>) -> E {
    E::invalid_type(Unexpected::Other("a string"), expected)
}

struct Envelope<'r, B>(Batches<'r, B>);

impl<'de, B: Batch<'de>> Visitor<'de> for Envelope<'_, B> {
    type Value = Read<'de, B>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an event, an object")
    }

    fn visit_str<E: Error>(self, _: &str) -> Result<Self::Value, E> {
        Err(no_string(&self))
    }

    fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Self::Value, M::Error> {
        const RECORDS: &str = "records";
        let (mut batches, mut given_up_at) = (None, None);
        while let Some(Text(name)) = map.next_key()? {
            if name == "givenUpAt" {
                given_up_at = Some(map.next_value()?);
            } else if name != RECORDS {
                map.next_value::<IgnoredAny>()?;
            } else if batches.replace(map.next_value_seed(self.0)?).is_some() {
                return Err(M::Error::duplicate_field(RECORDS));
            }
        }
        let batches = batches.ok_or_else(|| M::Error::missing_field(RECORDS))?;
        Ok(Read { batches, given_up_at })
    }
}

struct Batches<'r, B> {
    room: &'r Room,
    as_: PhantomData<B>,
}

impl<B> Clone for Batches<'_, B> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<B> Copy for Batches<'_, B> {}

impl<'de, B: Batch<'de>> DeserializeSeed<'de> for Batches<'_, B> {
    type Value = Vec<Named<'de, B>>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de, B: Batch<'de>> Visitor<'de> for Batches<'_, B> {
    type Value = Vec<Named<'de, B>>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object of record batches by `topic-partition`")
    }

    fn visit_str<E: Error>(self, _: &str) -> Result<Self::Value, E> {
        Err(no_string(&self))
    }

    fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Self::Value, M::Error> {
        let mut batches = Vec::new();
        while let Some(Text(name)) = map.next_key()? {
            self.room.take()?;
            batches.push((name, map.next_value_seed(One(self))?));
        }
        Ok(batches)
    }
}

struct One<'r, B>(Batches<'r, B>);

impl<'de, B: Batch<'de>> DeserializeSeed<'de> for One<'_, B> {
    type Value = B;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<B, D::Error> {
        B::read(deserializer, self.0.room)
    }
}

struct Members<'r, F, T> {
    room: &'r Room,
    take: F,
    of: PhantomData<T>,
}

impl<'de, F: FnMut(T), T: Deserialize<'de>> Visitor<'de> for Members<'_, F, T> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array of records")
    }

    fn visit_str<E: Error>(self, _: &str) -> Result<Self::Value, E> {
        Err(no_string(&self))
    }

    fn visit_seq<S: SeqAccess<'de>>(mut self, mut seq: S) -> Result<(), S::Error> {
        while let Some(member) = seq.next_element()? {
            self.room.take()?;
            (self.take)(member);
        }
        Ok(())
    }
}
