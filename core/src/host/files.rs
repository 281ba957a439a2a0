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

#[cfg(all(test, unix))]
#[expect(clippy::disallowed_methods, reason = "a test makes its own files")]
mod tests {
    use super::{read, write_private};
    use crate::host::FileError;
    use std::fs::{self, File};
    use std::os::unix::fs::PermissionsExt;
    use std::path::PathBuf;

    /// A folder that goes with the test.
    struct Folder(PathBuf);

    impl Folder {
        fn new(name: &str) -> Folder {
            let path = std::env::temp_dir().join(format!("rolebridge-files-{name}-{}", std::process::id()));
            fs::create_dir_all(&path).expect("a folder");
            Folder(path)
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    #[test]
    fn what_is_no_short_file_is_an_error_at_once() {
        let folder = Folder::new("read");
        let path = |name: &str| folder.0.join(name);
        fs::write(path("token"), "token\n").expect("written");
        assert_eq!(read(&path("token")).expect("a file"), b"token\n");
        assert!(matches!(read(&path("absent")), Err(FileError::Missing)));
        assert!(matches!(read(&path("token/below")), Err(FileError::Unreadable(_))));
        assert!(matches!(read(&folder.0), Err(FileError::NotAFile("a folder"))));
        assert!(std::process::Command::new("mkfifo").arg(path("pipe")).status().expect("it ran").success());
        assert!(matches!(read(&path("pipe")), Err(FileError::NotAFile("a pipe"))));
        File::create(path("long")).and_then(|file| file.set_len(10 << 20)).expect("10 MiB");
        assert!(matches!(read(&path("long")), Err(FileError::TooLong)));
        File::create(path("longest")).and_then(|file| file.set_len(1 << 20)).expect("1 MiB");
        assert_eq!(read(&path("longest")).expect("short enough").len(), 1 << 20);
        assert!(matches!(read("/dev/zero".as_ref()), Err(FileError::TooLong)));
    }

    #[test]
    fn a_file_is_replaced_whole_and_for_its_owner_alone() {
        let folder = Folder::new("write");
        let path = folder.0.join("sign-in.json");
        fs::write(&path, "old").expect("written");
        fs::set_permissions(&path, PermissionsExt::from_mode(0o644)).expect("set");
        write_private(&path, b"new").expect("replaced");
        assert_eq!(fs::read(&path).expect("a file"), b"new");
        assert_eq!(fs::metadata(&path).expect("a file").permissions().mode() & 0o777, 0o600);
        let names = || fs::read_dir(&folder.0).expect("a folder").count();
        assert_eq!(names(), 1, "nothing is left beside it");
        fs::create_dir_all(folder.0.join("taken/inside")).expect("a folder");
        assert!(write_private(&folder.0.join("taken"), b"new").is_err());
        assert_eq!(names(), 2, "nothing is left where it failed");
    }
}
