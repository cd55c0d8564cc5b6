//! How byte streams come to be: dialed or accepted, over TCP or a Unix socket, or in a simulation.

use futures_util::future::{BoxFuture, FutureExt as _};
use std::{
    io,
    net::{IpAddr, SocketAddr},
    path::{Path, PathBuf},
};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpListener, TcpStream, UnixListener},
};

/// Bytes both ways.
pub trait Stream: AsyncRead + AsyncWrite + Send + Unpin + 'static {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin + 'static> Stream for T {}

/// A stream of any kind.
pub type BoxStream = Box<dyn Stream>;

/// Opens streams to `host:port`.
pub trait Dial: Send + Sync + 'static {
    /// Resolves the endpoint and connects. The caller sets the deadline.
    fn dial<'a>(&'a self, endpoint: &'a str) -> BoxFuture<'a, io::Result<BoxStream>>;
}

/// Takes streams that others open.
pub trait Listen: Send + 'static {
    /// The next stream, and the address it comes from if it has one.
    fn accept(&mut self) -> BoxFuture<'_, io::Result<(BoxStream, Option<IpAddr>)>>;

    /// Where it listens, if that is a network address.
    fn local_address(&self) -> Option<SocketAddr>;
}

/// The operating system's TCP.
#[derive(Clone, Copy, Debug, Default)]
pub struct TcpDial;

impl Dial for TcpDial {
    fn dial<'a>(&'a self, endpoint: &'a str) -> BoxFuture<'a, io::Result<BoxStream>> {
        async move {
            let stream = TcpStream::connect(endpoint).await?;
            stream.set_nodelay(true)?;
            Ok(Box::new(stream) as BoxStream)
        }
        .boxed()
    }
}

/// A TCP listener.
#[derive(Debug)]
pub struct TcpListen(TcpListener);

impl TcpListen {
    /// Binds; port 0 takes a free one.
    ///
    /// # Errors
    /// When the address cannot be bound.
    pub async fn bind(address: SocketAddr) -> io::Result<Self> {
        TcpListener::bind(address).await.map(Self)
    }
}

impl Listen for TcpListen {
    fn accept(&mut self) -> BoxFuture<'_, io::Result<(BoxStream, Option<IpAddr>)>> {
        async move {
            let (stream, from) = self.0.accept().await?;
            stream.set_nodelay(true)?;
            Ok((Box::new(stream) as BoxStream, Some(from.ip())))
        }
        .boxed()
    }

    fn local_address(&self) -> Option<SocketAddr> {
        self.0.local_addr().ok()
    }
}

/// A Unix socket, for this user only; its file goes when the listener goes.
#[derive(Debug)]
pub struct UnixListen {
    listener: UnixListener,
    path: PathBuf,
}

impl UnixListen {
    /// Binds with mode 0600, replacing a socket that a dead process left behind.
    ///
    /// # Errors
    /// When the path cannot be bound, or another process listens on it.
    pub fn bind(path: &Path) -> io::Result<Self> {
        use std::os::unix::fs::{FileTypeExt as _, PermissionsExt as _};
        let left_behind = std::fs::symlink_metadata(path).is_ok_and(|entry| entry.file_type().is_socket());
        if left_behind {
            if std::os::unix::net::UnixStream::connect(path).is_ok() {
                return Err(io::Error::new(io::ErrorKind::AddrInUse, "another process listens on this socket"));
            }
            std::fs::remove_file(path)?;
        }
        let listener = UnixListener::bind(path)?;
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600))?;
        Ok(Self { listener, path: path.to_owned() })
    }
}

impl Listen for UnixListen {
    fn accept(&mut self) -> BoxFuture<'_, io::Result<(BoxStream, Option<IpAddr>)>> {
        async move {
            let (stream, _) = self.listener.accept().await?;
            Ok((Box::new(stream) as BoxStream, None))
        }
        .boxed()
    }

    fn local_address(&self) -> Option<SocketAddr> {
        None
    }
}

impl Drop for UnixListen {
    fn drop(&mut self) {
        // A leftover file is replaced at the next bind, so a failure here costs nothing.
        let _ = std::fs::remove_file(&self.path);
    }
}
