//! A store in memory, with S3's semantics, that can be made to fail.

use std::collections::BTreeMap;
use std::sync::Mutex;

use super::{ContentType, Created, Store, StoreError};

/// Objects by key; writes below `failing` are refused.
#[derive(Default)]
pub(crate) struct Fake {
    objects: Mutex<BTreeMap<String, Vec<u8>>>,
    failing: Option<&'static str>,
}

impl Fake {
    pub(crate) fn failing(prefix: &'static str) -> Self {
        Self { failing: Some(prefix), ..Self::default() }
    }

    pub(crate) fn keys(&self) -> Vec<String> {
        self.objects.lock().unwrap().keys().cloned().collect()
    }

    pub(crate) fn bytes(&self) -> usize {
        self.objects.lock().unwrap().values().map(Vec::len).sum()
    }
}

impl Store for Fake {
    async fn create(&self, key: &str, body: Vec<u8>, _: ContentType) -> Result<Created, StoreError> {
        if self.failing.is_some_and(|prefix| key.starts_with(prefix)) {
            return Err(StoreError { key: key.to_owned(), message: "slow down".to_owned() });
        }
        let mut objects = self.objects.lock().unwrap();
        if objects.contains_key(key) {
            return Ok(Created::Existed);
        }
        objects.insert(key.to_owned(), body);
        Ok(Created::New)
    }
}
