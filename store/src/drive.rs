//! Does on a store what a protocol says.

use futures::join;
use shared::landing::{Answer, LandingError, Protocol, Step};

use crate::{Store, StoreError};

/// Takes a protocol to its end.
pub async fn drive<S: Store, E: From<StoreError> + From<LandingError>>(
    store: &S,
    protocol: &mut impl Protocol,
) -> Result<(), E> {
    loop {
        let answer = match protocol.step()? {
            Step::Read(key) => Answer::Read(store.read(&key).await?),
            Step::Swap { key, body, expected } => {
                let (swapped, ()) = join!(store.swap(&key, body, expected), async { protocol.meanwhile() });
                Answer::Swapped(swapped?)
            }
            Step::Find(key) => Answer::Found(store.find(&key).await?),
            Step::Create(object) => Answer::Created(store.create(object).await?),
            Step::Overwrite(object) => {
                store.overwrite(object).await?;
                Answer::Written
            }
            Step::Done => return Ok(()),
        };
        protocol.told(answer)?;
    }
}
