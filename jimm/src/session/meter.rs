//! What a client may send before the broker knows who it is: little, so that strangers cannot fill the memory.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// Bytes before the login; logins are a few kilobytes long.
pub(crate) const BEFORE_LOGIN: usize = 1 << 20;
const UNLIMITED: usize = usize::MAX;

/// More was sent than allowed.
#[derive(Debug, thiserror::Error)]
#[error("message too large: more than {BEFORE_LOGIN} bytes before a login")]
pub(crate) struct TooMuch;

/// What is still allowed.
#[derive(Debug)]
pub(crate) struct Allowance(AtomicUsize);

impl Allowance {
    /// From now on anything is.
    pub(crate) fn lift(&self) {
        self.0.store(UNLIMITED, Ordering::Relaxed);
    }

    fn is_used_up(&self) -> bool {
        self.0.load(Ordering::Relaxed) == 0
    }

    fn take(&self, bytes: usize) {
        let left = |left: usize| (left != UNLIMITED).then(|| left.saturating_sub(bytes));
        // It was lifted meanwhile, or has been.
        let _ = self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, left);
    }
}

/// A byte stream whose peer may send so much and no more.
#[derive(Debug)]
pub struct Metered<S> {
    inner: S,
    allowance: Arc<Allowance>,
}

impl<S> Metered<S> {
    /// Allows [`BEFORE_LOGIN`] bytes.
    pub(crate) fn new(inner: S) -> Self {
        Self { inner, allowance: Arc::new(Allowance(AtomicUsize::new(BEFORE_LOGIN))) }
    }

    /// What is still allowed.
    pub(crate) fn allowance(&self) -> Arc<Allowance> {
        Arc::clone(&self.allowance)
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Metered<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        if self.allowance.is_used_up() {
            return Poll::Ready(Err(io::Error::other(TooMuch)));
        }
        let before = buf.filled().len();
        let read = Pin::new(&mut self.inner).poll_read(cx, buf);
        self.allowance.take(buf.filled().len() - before);
        read
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Metered<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.inner).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.inner).poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::AsyncReadExt as _;

    use super::*;

    #[tokio::test]
    async fn more_than_allowed_is_an_error_until_the_limit_is_lifted() {
        let bytes = vec![7; 3 * BEFORE_LOGIN];
        let mut stream = Metered::new(bytes.as_slice());
        let error = stream.read_to_end(&mut Vec::new()).await.unwrap_err();
        assert!(error.to_string().starts_with("message too large"));
        let mut stream = Metered::new(bytes.as_slice());
        stream.allowance().lift();
        assert_eq!(stream.read_to_end(&mut Vec::new()).await.unwrap(), bytes.len());
    }
}
