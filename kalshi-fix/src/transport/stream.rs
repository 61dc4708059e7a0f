//! A connected stream, with TLS or without.

use std::fmt;
use std::io::{self, IoSlice};
use std::net::SocketAddr;
use std::pin::Pin as Pinned;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::client::TlsStream;

use super::pin::Pin;

/// A connection to an endpoint.
pub struct Stream {
    inner: Inner,
    peer: SocketAddr,
}

enum Inner {
    // A TLS stream is over a kilobyte, a plain one a few words.
    Tls(Box<TlsStream<TcpStream>>),
    Plain(TcpStream),
}

impl Stream {
    pub(super) fn tls(stream: TlsStream<TcpStream>, peer: SocketAddr) -> Stream {
        Stream {
            inner: Inner::Tls(Box::new(stream)),
            peer,
        }
    }

    pub(super) fn plain(stream: TcpStream, peer: SocketAddr) -> Stream {
        Stream {
            inner: Inner::Plain(stream),
            peer,
        }
    }

    /// The address that answered.
    #[must_use]
    pub fn peer(&self) -> SocketAddr {
        self.peer
    }

    #[cfg(test)]
    pub(super) fn tcp(&self) -> &TcpStream {
        match &self.inner {
            Inner::Tls(stream) => stream.get_ref().0,
            Inner::Plain(stream) => stream,
        }
    }

    /// What was agreed by TLS; `None` for plaintext.
    #[must_use]
    pub fn tls_summary(&self) -> Option<TlsSummary> {
        let Inner::Tls(stream) = &self.inner else {
            return None;
        };
        let (_, session) = stream.get_ref();
        Some(TlsSummary {
            version: match session.protocol_version() {
                Some(rustls::ProtocolVersion::TLSv1_3) => "TLS 1.3",
                Some(rustls::ProtocolVersion::TLSv1_2) => "TLS 1.2",
                _ => "TLS",
            },
            certificate: session
                .peer_certificates()
                .and_then(<[_]>::first)
                .map(|der| Pin::of_der(der)),
        })
    }
}

/// What the two sides agreed by TLS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct TlsSummary {
    /// `TLS 1.2` or `TLS 1.3`.
    pub version: &'static str,
    /// The server's certificate, as one would pin it.
    pub certificate: Option<Pin>,
}

impl fmt::Debug for Stream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stream")
            .field("peer", &self.peer)
            .field("tls", &self.tls_summary())
            .finish_non_exhaustive()
    }
}

impl AsyncRead for Stream {
    fn poll_read(
        mut self: Pinned<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match &mut self.inner {
            Inner::Tls(stream) => Pinned::new(stream).poll_read(cx, buffer),
            Inner::Plain(stream) => Pinned::new(stream).poll_read(cx, buffer),
        }
    }
}

impl AsyncWrite for Stream {
    fn poll_write(
        mut self: Pinned<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        match &mut self.inner {
            Inner::Tls(stream) => Pinned::new(stream).poll_write(cx, bytes),
            Inner::Plain(stream) => Pinned::new(stream).poll_write(cx, bytes),
        }
    }

    fn poll_flush(mut self: Pinned<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.inner {
            Inner::Tls(stream) => Pinned::new(stream).poll_flush(cx),
            Inner::Plain(stream) => Pinned::new(stream).poll_flush(cx),
        }
    }

    fn poll_shutdown(mut self: Pinned<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.inner {
            Inner::Tls(stream) => Pinned::new(stream).poll_shutdown(cx),
            Inner::Plain(stream) => Pinned::new(stream).poll_shutdown(cx),
        }
    }

    fn poll_write_vectored(
        mut self: Pinned<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        match &mut self.inner {
            Inner::Tls(stream) => Pinned::new(stream).poll_write_vectored(cx, slices),
            Inner::Plain(stream) => Pinned::new(stream).poll_write_vectored(cx, slices),
        }
    }

    fn is_write_vectored(&self) -> bool {
        match &self.inner {
            Inner::Tls(stream) => stream.is_write_vectored(),
            Inner::Plain(stream) => stream.is_write_vectored(),
        }
    }
}
