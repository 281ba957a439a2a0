//! Whom a connection to Google trusts: the root certificates that the environment names, or the system's.
//!
//! A root is trusted as the verifier of rustls does: for its name and key (RFC 5280, section 6.1.1). The time until which
//! its own certificate is valid is not looked at, as OpenSSL would.
#![expect(clippy::disallowed_methods, reason = "this is the outside that the rest of the crate may not name")]

use super::{Reason, SendError};
use crate::env_names;
use crate::environment::Environment;
use crate::quote;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Where Linux distributions and the BSDs keep all their roots in one file; reading it takes a third of the time that
/// scanning the folder of single ones does. (Debian, Fedora, openSUSE, CentOS, Alpine and FreeBSD, in this order.)
#[cfg(all(unix, not(target_os = "macos")))]
const SYSTEM_BUNDLES: [&str; 6] = [
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
    "/etc/ssl/cert.pem",
    "/usr/local/share/certs/ca-root-nss.crt",
];

/// Where the environment says that root certificates are.
#[derive(Clone, PartialEq, Eq, Hash, Default)]
pub(super) struct Roots {
    file: Option<PathBuf>,
    folders: Option<PathBuf>,
    more: Option<PathBuf>,
}

impl Roots {
    pub(super) fn of(environment: &Environment) -> Roots {
        let first = |names: &[&str]| names.iter().find_map(|name| environment.path(name));
        Roots {
            file: first(&[env_names::SSL_CERT_FILE, env_names::REQUESTS_CA_BUNDLE, env_names::CURL_CA_BUNDLE]),
            folders: first(&[env_names::SSL_CERT_DIR]),
            more: first(&[env_names::NODE_EXTRA_CA_CERTS]),
        }
    }

    /// What the environment names, else the system's, else those compiled in (an image may have none at all); and on
    /// top of them what Node was told to add.
    pub(super) fn read(&self) -> Result<rustls::RootCertStore, SendError> {
        let mut roots = rustls::RootCertStore::empty();
        let mut add = |certificates: Vec<CertificateDer<'static>>| roots.add_parsable_certificates(certificates).0;
        if let Some(file) = &self.file {
            add(certificates(file)?);
        }
        for folder in self.folders.iter().flat_map(std::env::split_paths) {
            add(certificates_in_folder(&folder)?);
        }
        if self.file.is_none() && self.folders.is_none() && add(system_certificates()) == 0 {
            roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
        }
        if let Some(more) = self.more.as_ref().and_then(|file| certificates(file).ok()) {
            // A file that cannot be read is passed over, as Node does.
            roots.add_parsable_certificates(more);
        }
        if roots.is_empty() {
            return Err(setup("the root certificates that the environment names hold none"));
        }
        Ok(roots)
    }
}

/// The ring provider, given explicitly: with two providers in one program rustls could not choose.
pub(super) fn client_config(roots: rustls::RootCertStore) -> Result<rustls::ClientConfig, SendError> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|cause| SendError::new(Reason::Unsendable, cause))?;
    Ok(config.with_root_certificates(roots).with_no_client_auth())
}

/// Of a file, or, since requests takes one too, of a folder.
fn certificates(file: &Path) -> Result<Vec<CertificateDer<'static>>, SendError> {
    if file.is_dir() {
        return certificates_in_folder(file);
    }
    let unreadable = |cause: &dyn std::fmt::Display| {
        setup(format!("the root certificates in {} cannot be read: {cause}", quote::path(file)))
    };
    let pem = std::fs::read(file).map_err(|cause| unreadable(&cause))?;
    CertificateDer::pem_slice_iter(&pem).collect::<Result<_, _>>().map_err(|cause| unreadable(&cause))
}

fn certificates_in_folder(folder: &Path) -> Result<Vec<CertificateDer<'static>>, SendError> {
    let entries = std::fs::read_dir(folder)
        .map_err(|cause| setup(format!("the root certificates in {} cannot be read: {cause}", quote::path(folder))))?;
    // A folder of roots also holds other files, and other folders; what is no certificate is passed over.
    let files = entries.filter_map(Result::ok).map(|entry| entry.path()).filter(|path| !path.is_dir());
    Ok(files.filter_map(|file| certificates(&file).ok()).flatten().collect())
}

#[cfg(all(unix, not(target_os = "macos")))]
fn system_certificates() -> Vec<CertificateDer<'static>> {
    let pem = SYSTEM_BUNDLES.iter().find_map(|file| std::fs::read(file).ok()).unwrap_or_default();
    // One damaged section does not cost the others.
    CertificateDer::pem_slice_iter(&pem).filter_map(Result::ok).collect()
}

#[cfg(not(all(unix, not(target_os = "macos"))))]
fn system_certificates() -> Vec<CertificateDer<'static>> {
    rustls_native_certs::load_native_certs().certs
}

/// What the environment says cannot be used.
fn setup(problem: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> SendError {
    SendError::new(Reason::Setup, problem)
}
