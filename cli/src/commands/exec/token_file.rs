//! The file in which gcloud and bq read their token: its owner's alone, renewed ahead of the token's end, and gone with us.

use super::{Failure, Token, TokenSource};
use crate::error::reason;
use crate::exit::Exit;
use crate::files;
use crate::metadata::fresh;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tempfile::TempDir;
use tokio::time::{Instant, Interval, interval_at};

/// How often it is looked whether the token is due. A machine that sleeps stops every longer wait.
const LOOK_EVERY: Duration = Duration::from_secs(10);

/// A file in a folder that others cannot enter; both are removed when this is dropped.
pub(super) struct TokenFile {
    path: PathBuf,
    token: Token,
    looks: Interval,
    _folder: TempDir,
}

impl TokenFile {
    /// Inside the runtime that will keep it.
    pub(super) fn write(token: Token) -> Result<TokenFile, Failure> {
        let folder = private_folder().map_err(|cause| no_folder(&cause))?;
        let path = folder.path().join("access-token");
        files::write_secret(&path, token.value())?;
        Ok(TokenFile { path, token, looks: interval_at(Instant::now() + LOOK_EVERY, LOOK_EVERY), _folder: folder })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Waits a while, and writes the token anew if it is due. Whoever waits may turn to something else in between.
    pub(super) async fn keep(&mut self, source: &TokenSource) -> Result<(), Failure> {
        self.looks.tick().await;
        // Somebody who asked the server may have renewed it.
        let token = match source.cached() {
            Some(token) => token,
            None => fresh::another(source, &self.token).await?,
        };
        if !token.is(&self.token) {
            files::write_secret(&self.path, token.value())?;
            self.token = token;
        }
        Ok(())
    }
}

fn private_folder() -> io::Result<TempDir> {
    let mut builder = tempfile::Builder::new();
    builder.prefix("rolebridge-");
    // Elsewhere, the folder for temporary files is its owner's alone.
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o700));
    builder.tempdir()
}

fn no_folder(cause: &io::Error) -> Failure {
    let place = std::env::temp_dir();
    Failure::new(Exit::File, format!("no folder can be made in `{}`: {}", place.display(), reason(cause)))
        .hinting("name another place for temporary files by TMPDIR")
}
