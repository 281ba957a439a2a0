//! Files that are written whole or not at all.

use crate::error::Failure;
use std::fs;
use std::io::{self, Write};
use std::path::Path;

/// Writes what anybody may read, as far as the process's mask and the file that is there allow.
pub(crate) fn write(path: &Path, content: &str) -> Result<(), Failure> {
    replace(path, content, Readers::Others).map_err(|cause| Failure::unwritable(path, &cause))
}

/// Writes what its owner alone may read, whatever was there.
pub(crate) fn write_secret(path: &Path, content: &str) -> Result<(), Failure> {
    replace(path, content, Readers::Owner).map_err(|cause| Failure::unwritable(path, &cause))
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Readers {
    Owner,
    /// Those whom the process's mask allows, or the file that is there.
    Others,
}

fn replace(path: &Path, content: &str, readers: Readers) -> io::Result<()> {
    // Through a link, as whoever opens it would write.
    let there = match fs::canonicalize(path) {
        Ok(place) => Some((fs::metadata(&place)?, place)),
        Err(cause) if cause.kind() == io::ErrorKind::NotFound => None,
        Err(cause) => return Err(cause),
    };
    let (place, kept) = match &there {
        // A pipe or a device has no place that another file could take.
        Some((metadata, place)) if !metadata.is_file() => return fs::write(place, content),
        Some((metadata, _)) if metadata.permissions().readonly() => return Err(io::ErrorKind::PermissionDenied.into()),
        Some((metadata, place)) => (place.as_path(), Some(metadata.permissions())),
        None => (path, None),
    };
    let folder = place.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut beside = new_file(folder, readers)?;
    beside.write_all(content.as_bytes())?;
    if let Some(permissions) = kept.filter(|_| readers == Readers::Others) {
        beside.as_file().set_permissions(permissions)?;
    }
    beside.as_file().sync_all()?;
    beside.persist(place).map_err(|refused| refused.error)?;
    Ok(())
}

/// It is removed when it is dropped before it has its place.
fn new_file(folder: &Path, readers: Readers) -> io::Result<tempfile::NamedTempFile> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(".rolebridge-");
    // Elsewhere, a file has the permissions of its folder.
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(match readers {
        Readers::Owner => 0o600,
        Readers::Others => 0o666,
    }));
    #[cfg(not(unix))]
    let _ = readers;
    builder.tempfile_in(folder)
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn a_secret_is_its_owner_s_even_where_others_could_read_what_was_there() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("token");
        let mode = || fs::metadata(&file).expect("there").permissions().mode() & 0o777;
        for before in [None, Some(0o644)] {
            if let Some(mode) = before {
                fs::set_permissions(&file, fs::Permissions::from_mode(mode)).expect("changed");
            }
            write_secret(&file, "secret").expect("written");
            assert_eq!(mode(), 0o600);
        }
        assert_eq!(fs::read_to_string(&file).expect("readable"), "secret");
        assert_eq!(fs::read_dir(folder.path()).expect("readable").count(), 1);
    }
}
