//! A stream that fails when the other side is too slow: to begin, to finish a request, to take its answer.

use std::{
    io,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll},
    time::Duration,
};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    time::{Instant, Sleep},
};

/// How long the other side may take.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pace {
    /// To the first byte on a fresh connection.
    pub first_byte: Duration,
    /// From the first byte of a request until its answer is taken.
    pub request: Duration,
    /// Between an answer and the next request.
    pub idle: Duration,
}

/// Tells the stream that a request has been answered.
#[derive(Clone, Debug)]
pub(super) struct Answered(Arc<AtomicBool>);

impl Answered {
    pub fn mark(&self) {
        self.0.store(true, Ordering::Release);
    }
}

/// The stream with its clock.
#[derive(Debug)]
pub(super) struct Paced<S> {
    inner: S,
    pace: Pace,
    timer: Pin<Box<Sleep>>,
    in_request: bool,
    answered: Arc<AtomicBool>,
}

impl<S> Paced<S> {
    pub fn new(inner: S, pace: Pace) -> (Self, Answered) {
        let answered = Arc::new(AtomicBool::new(false));
        let timer = Box::pin(tokio::time::sleep(pace.first_byte));
        (Self { inner, pace, timer, in_request: false, answered: answered.clone() }, Answered(answered))
    }

    fn restart(&mut self, after: Duration) {
        self.timer.as_mut().reset(Instant::now() + after);
    }

    fn check<T>(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<T>> {
        match self.timer.as_mut().poll(cx) {
            Poll::Ready(()) => Poll::Ready(Err(io::ErrorKind::TimedOut.into())),
            Poll::Pending => Poll::Pending,
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Paced<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        let polled = Pin::new(&mut self.inner).poll_read(cx, buf);
        if polled.is_pending() {
            return self.check(cx);
        }
        if buf.filled().len() > before && !self.in_request {
            self.in_request = true;
            let request = self.pace.request;
            self.restart(request);
        }
        polled
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Paced<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let polled = Pin::new(&mut self.inner).poll_write(cx, buf);
        if polled.is_pending() { self.check(cx) } else { polled }
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let polled = Pin::new(&mut self.inner).poll_write_vectored(cx, bufs);
        if polled.is_pending() { self.check(cx) } else { polled }
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let polled = Pin::new(&mut self.inner).poll_flush(cx);
        if polled.is_pending() {
            return self.check(cx);
        }
        if self.answered.swap(false, Ordering::AcqRel) {
            self.in_request = false;
            let idle = self.pace.idle;
            self.restart(idle);
        }
        polled
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let polled = Pin::new(&mut self.inner).poll_shutdown(cx);
        if polled.is_pending() { self.check(cx) } else { polled }
    }
}
