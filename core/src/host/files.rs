//! Files of this machine, bounded: at most 1 MiB is read, nothing that could block is opened, and what is written is
//! written whole or not at all.

use super::FileError;
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::Path;

/// Token files, profiles and cached logins are a few pages of text.
const LONGEST_FILE: u64 = 1024 * 1024;

/// The whole file. A pipe is refused: who opens one may wait for its writer for ever.
pub(super) fn read(path: &Path) -> Result<Vec<u8>, FileError> {
    let file = open(path).map_err(|cause| match cause.kind() {
        io::ErrorKind::NotFound => FileError::Missing,
        _ => FileError::Unreadable(cause),
    })?;
    let kind = file.metadata().map_err(FileError::Unreadable)?.file_type();
    if kind.is_dir() {
        return Err(FileError::NotAFile("a folder"));
    }
    if is_pipe(kind) {
        return Err(FileError::NotAFile("a pipe"));
    }
    let mut bytes = Vec::new();
    file.take(LONGEST_FILE + 1).read_to_end(&mut bytes).map_err(FileError::Unreadable)?;
    if bytes.len() as u64 > LONGEST_FILE { Err(FileError::TooLong) } else { Ok(bytes) }
}

/// Replaces a file's content at once, readable by its owner alone: a reader sees the old text or the new one.
pub(super) fn write_private(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let folder = path.parent().ok_or(io::ErrorKind::InvalidInput)?;
    let name = path.file_name().ok_or(io::ErrorKind::InvalidInput)?.to_string_lossy();
    let number = getrandom::u64().map_err(io::Error::other)?;
    let beside = folder.join(format!(".{name}.{number:016x}"));
    let write = || {
        let mut file = private(&beside)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        std::fs::rename(&beside, path)
    };
    write().inspect_err(|_| {
        // What cannot be removed either is of no use to anybody: it is readable by its owner alone.
        let _ = std::fs::remove_file(&beside);
    })
}

#[cfg(unix)]
fn open(path: &Path) -> io::Result<File> {
    use std::os::unix::fs::OpenOptionsExt;
    // A pipe that nobody writes to opens at once, and is then told by its kind.
    OpenOptions::new().read(true).custom_flags(rustix::fs::OFlags::NONBLOCK.bits().cast_signed()).open(path)
}

#[cfg(not(unix))]
fn open(path: &Path) -> io::Result<File> {
    OpenOptions::new().read(true).open(path)
}

#[cfg(unix)]
fn is_pipe(kind: std::fs::FileType) -> bool {
    use std::os::unix::fs::FileTypeExt;
    kind.is_fifo() || kind.is_socket()
}

#[cfg(not(unix))]
fn is_pipe(_: std::fs::FileType) -> bool {
    false
}

#[cfg(unix)]
fn private(path: &Path) -> io::Result<File> {
    use std::os::unix::fs::OpenOptionsExt;
    OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)
}

#[cfg(not(unix))]
fn private(path: &Path) -> io::Result<File> {
    OpenOptions::new().write(true).create_new(true).open(path)
}
