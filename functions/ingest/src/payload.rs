//! An event's bytes as they come. The runtime would check them as JSON first and hand over a copy, all of which is done once more when
//! the event is parsed: a fifth of what the function costs.

use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use bytes::Bytes;
use lambda_runtime::LambdaInvocation;
use lambda_runtime::tower::{Layer, Service};

/// Where the bytes are kept between the runtime and the handler: those of one invocation, for there is never more than one at a time.
#[derive(Clone, Debug, Default)]
pub struct Payload(Arc<Mutex<Option<Bytes>>>);

impl Payload {
    /// The bytes of the invocation that is being handled; none a second time.
    pub fn take(&self) -> Bytes {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take().unwrap_or_default()
    }

    fn put(&self, body: Bytes) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(body);
    }
}

impl<S> Layer<S> for Payload {
    type Service = Aside<S>;

    fn layer(&self, inner: S) -> Aside<S> {
        Aside { payload: self.clone(), inner }
    }
}

/// Puts the bytes aside; to the runtime the event is `null`.
#[derive(Clone, Debug)]
pub struct Aside<S> {
    payload: Payload,
    inner: S,
}

impl<S: Service<LambdaInvocation>> Service<LambdaInvocation> for Aside<S> {
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, mut invocation: LambdaInvocation) -> S::Future {
        self.payload.put(std::mem::replace(&mut invocation.body, Bytes::from_static(b"null")));
        self.inner.call(invocation)
    }
}
