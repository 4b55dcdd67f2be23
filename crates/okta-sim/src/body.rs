//! Response bodies: whole ones, and those that break off on purpose.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};

/// A response body.
pub(crate) struct SimBody {
    rest: Option<Bytes>,
    /// How much the head promises.
    promised: u64,
    breaks_off: bool,
}

impl SimBody {
    pub(crate) fn whole(bytes: Bytes) -> Self {
        let promised = bytes.len() as u64;
        Self { rest: (!bytes.is_empty()).then_some(bytes), promised, breaks_off: false }
    }

    /// The first half of a body whose head promises all of it.
    pub(crate) fn half(bytes: &Bytes) -> Self {
        Self { rest: Some(bytes.slice(..bytes.len() / 2)), promised: bytes.len() as u64, breaks_off: true }
    }
}

impl Body for SimBody {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        match self.rest.take() {
            Some(bytes) => Poll::Ready(Some(Ok(Frame::data(bytes)))),
            None if self.breaks_off => Poll::Ready(Some(Err(io::Error::other("broken off on purpose")))),
            None => Poll::Ready(None),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_none() && !self.breaks_off
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.promised)
    }
}
