//! Files that are written whole or not at all.

use crate::error::Failure;
use std::fs;
use std::io::{self, Write};
use std::path::Path;

/// Writes what anybody may read, as far as the process's mask and the file that is there allow.
pub(crate) fn write(path: &Path, content: &str) -> Result<(), Failure> {
    replace(path, content).map_err(|cause| Failure::file("written", path, &cause))
}

fn replace(path: &Path, content: &str) -> io::Result<()> {
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
    let mut beside = new_file(folder)?;
    beside.write_all(content.as_bytes())?;
    if let Some(permissions) = kept {
        beside.as_file().set_permissions(permissions)?;
    }
    beside.as_file().sync_all()?;
    beside.persist(place).map_err(|refused| refused.error)?;
    Ok(())
}

/// It is removed when it is dropped before it has its place.
fn new_file(folder: &Path) -> io::Result<tempfile::NamedTempFile> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(".rolebridge-");
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    builder.tempfile_in(folder)
}
