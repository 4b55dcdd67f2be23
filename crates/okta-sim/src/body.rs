//! Response bodies: whole ones, and those that break off or never end on purpose.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};

/// A response body.
pub(crate) struct SimBody {
    rest: Option<Bytes>,
    /// How much the head promises; nothing if the body has no end.
    promised: Option<u64>,
    end: End,
}

/// How a body ends.
#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    Proper,
    /// The rest never comes, once what was there is on its way.
    Wait,
    BreakOff,
    /// What is there is sent again and again.
    Never,
}

impl SimBody {
    pub(crate) fn whole(bytes: Bytes) -> Self {
        let promised = Some(bytes.len() as u64);
        Self { rest: (!bytes.is_empty()).then_some(bytes), promised, end: End::Proper }
    }

    /// The first half of a body whose head promises all of it.
    pub(crate) fn half(bytes: &Bytes) -> Self {
        let promised = Some(bytes.len() as u64);
        Self { rest: Some(bytes.slice(..bytes.len() / 2)), promised, end: End::Wait }
    }

    /// A body that repeats these bytes for as long as anybody reads them.
    pub(crate) fn endless(bytes: Bytes) -> Self {
        Self { rest: Some(bytes), promised: None, end: End::Never }
    }
}

impl Body for SimBody {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        if self.end == End::Never {
            return Poll::Ready(self.rest.clone().map(|bytes| Ok(Frame::data(bytes))));
        }
        if let Some(bytes) = self.rest.take() {
            return Poll::Ready(Some(Ok(Frame::data(bytes))));
        }
        match self.end {
            End::Proper | End::Never => Poll::Ready(None),
            // A connection is flushed when its body has nothing to give: without this the head would be lost too.
            End::Wait => {
                self.end = End::BreakOff;
                context.waker().wake_by_ref();
                Poll::Pending
            }
            End::BreakOff => Poll::Ready(Some(Err(io::Error::other("broken off on purpose")))),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_none() && self.end == End::Proper
    }

    fn size_hint(&self) -> SizeHint {
        self.promised.map_or_else(SizeHint::default, SizeHint::with_exact)
    }
}
