//! What is wrong with a connection on purpose: it ends with a reset, a body promises more than it sends, a body is
//! longer than anyone wants.

use hyper::body::{Body, Bytes, Frame, SizeHint};
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

/// Why a reply, or the rest of it, is withheld.
#[derive(Debug)]
pub(crate) struct Broken;

impl std::fmt::Display for Broken {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("the connection is broken off on purpose")
    }
}

impl std::error::Error for Broken {}

/// A TCP connection that can be told to end with a reset instead of a farewell.
pub(crate) struct Line {
    stream: TcpStream,
    reset: Arc<AtomicBool>,
}

impl Line {
    pub(crate) fn new(stream: TcpStream) -> io::Result<(Line, Arc<AtomicBool>)> {
        stream.set_nodelay(true)?;
        let reset = Arc::new(AtomicBool::new(false));
        Ok((Line { stream, reset: reset.clone() }, reset))
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        if self.reset.load(Ordering::Relaxed) {
            // Without it the client sees an orderly end: a weaker fault, not a wrong one.
            let _ = self.stream.set_zero_linger();
        }
    }
}

impl AsyncRead for Line {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let read = Pin::new(&mut self.stream).poll_read(context, buffer);
        // A client that sends its head and its body apart, and does not set TCP_NODELAY (urllib3 behind a proxy), would
        // wait 40 ms for the acknowledgement between them: a pause of this machine's, and no service's.
        #[cfg(target_os = "linux")]
        if read.is_ready() {
            let _ = self.stream.set_quickack(true);
        }
        read
    }
}

impl AsyncWrite for Line {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.reset.load(Ordering::Relaxed) {
            return Poll::Ready(Ok(()));
        }
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

/// A body that promises more than it sends.
pub(crate) struct Truncated {
    sent: Option<Bytes>,
    is_flushed: bool,
}

impl Truncated {
    pub(crate) fn new(sent: Bytes) -> Truncated {
        Truncated { sent: Some(sent), is_flushed: false }
    }
}

impl Body for Truncated {
    type Data = Bytes;
    type Error = Broken;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Broken>>> {
        if let Some(bytes) = self.sent.take() {
            return Poll::Ready(Some(Ok(Frame::data(bytes))));
        }
        if !self.is_flushed {
            // hyper writes out what it has only while a body makes it wait.
            self.is_flushed = true;
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        Poll::Ready(Some(Err(Broken)))
    }
}

/// How many spaces are sent at a time.
const PADDING: &[u8] = &[b' '; 65_536];

/// A body with spaces at its end, made while they are sent.
pub(crate) struct Padded {
    sent: Option<Bytes>,
    spaces: u64,
}

impl Padded {
    /// As long as the bytes at least.
    pub(crate) fn new(sent: Bytes, length: u64) -> Padded {
        let spaces = length.saturating_sub(sent.len() as u64);
        Padded { sent: Some(sent), spaces }
    }
}

impl Body for Padded {
    type Data = Bytes;
    type Error = Broken;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Broken>>> {
        if let Some(bytes) = self.sent.take() {
            return Poll::Ready(Some(Ok(Frame::data(bytes))));
        }
        if self.spaces == 0 {
            return Poll::Ready(None);
        }
        let length = self.spaces.min(PADDING.len() as u64);
        self.spaces -= length;
        let length = usize::try_from(length).expect("no longer than the padding");
        Poll::Ready(Some(Ok(Frame::data(Bytes::from_static(&PADDING[..length])))))
    }

    fn size_hint(&self) -> SizeHint {
        let sent = self.sent.as_ref().map_or(0, |bytes| bytes.len() as u64);
        SizeHint::with_exact(sent + self.spaces)
    }
}
