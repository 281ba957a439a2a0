//! A descriptor of our own that tells whether somebody closed those that are not theirs.

use std::io;

/// A socket that nobody uses. Where it is gone, or another file has its number, so it is with the engine's own descriptors.
pub(super) struct Sentinel {
    #[cfg(unix)]
    socket: Option<std::fs::File>,
    #[cfg(unix)]
    identity: (u64, u64),
}

#[cfg(unix)]
impl Sentinel {
    pub(super) fn new() -> io::Result<Sentinel> {
        let socket = std::os::unix::net::UnixDatagram::unbound()?;
        let socket = std::fs::File::from(std::os::fd::OwnedFd::from(socket));
        Ok(Sentinel { identity: identity(&socket)?, socket: Some(socket) })
    }

    pub(super) fn is_there(&self) -> bool {
        self.socket.as_ref().and_then(|socket| identity(socket).ok()) == Some(self.identity)
    }
}

#[cfg(unix)]
impl Drop for Sentinel {
    fn drop(&mut self) {
        if !self.is_there() {
            // What would be closed is somebody else's.
            std::mem::forget(self.socket.take());
        }
    }
}

#[cfg(unix)]
fn identity(file: &std::fs::File) -> io::Result<(u64, u64)> {
    use std::os::unix::fs::MetadataExt;
    let metadata = file.metadata()?;
    Ok((metadata.dev(), metadata.ino()))
}

#[cfg(not(unix))]
impl Sentinel {
    pub(super) fn new() -> io::Result<Sentinel> {
        Ok(Sentinel {})
    }

    pub(super) fn is_there(&self) -> bool {
        true
    }
}
