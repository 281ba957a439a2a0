//! The certificate authority behind the proxy: a root made per cloud, leaf certificates made when first asked for.

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair,
    KeyUsagePurpose, date_time_ymd,
};
use rustls::ServerConfig;
use rustls::crypto::ring;
use rustls::pki_types::PrivateKeyDer;
use serde::Deserialize;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

pub(crate) struct Authority {
    root: CertifiedIssuer<'static, KeyPair>,
    leaves: Mutex<HashMap<(String, Certificate), Arc<ServerConfig>>>,
}

/// What a server shows of itself.
#[derive(Clone, Copy, Default, Deserialize, PartialEq, Eq, Hash)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Certificate {
    #[default]
    Good,
    /// It ended in 2001.
    Expired,
    /// It begins in 2999.
    NotYetValid,
    /// It is another host's.
    OfAnotherName,
    /// It is signed by itself.
    OfAnotherIssuer,
}

impl Authority {
    pub(crate) fn new() -> Authority {
        let mut parameters = CertificateParams::default();
        parameters.distinguished_name.push(DnType::CommonName, "Rolebridge emulator");
        parameters.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        parameters.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let key = KeyPair::generate().expect("ring makes keys");
        let root = CertifiedIssuer::self_signed(parameters, key).expect("valid parameters are signed");
        Authority { root, leaves: Mutex::default() }
    }

    pub(crate) fn pem(&self) -> String {
        self.root.pem()
    }

    /// What a TLS server needs to be believed under this name, or not to be.
    pub(crate) fn server(&self, host: &str, certificate: Certificate) -> Arc<ServerConfig> {
        let mut leaves = self.leaves.lock().unwrap_or_else(PoisonError::into_inner);
        leaves.entry((host.to_owned(), certificate)).or_insert_with(|| Arc::new(self.issue(host, certificate))).clone()
    }

    fn issue(&self, host: &str, certificate: Certificate) -> ServerConfig {
        let name = if certificate == Certificate::OfAnotherName { "another.example" } else { host };
        let mut parameters = CertificateParams::new([name.to_owned()]).expect("a host name is a subject");
        match certificate {
            Certificate::Expired => parameters.not_after = date_time_ymd(2001, 1, 1),
            Certificate::NotYetValid => parameters.not_before = date_time_ymd(2999, 1, 1),
            _ => {}
        }
        parameters.distinguished_name.push(DnType::CommonName, host);
        parameters.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        parameters.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        parameters.use_authority_key_identifier_extension = true;
        let key = KeyPair::generate().expect("ring makes keys");
        let leaf = match certificate {
            Certificate::OfAnotherIssuer => parameters.self_signed(&key),
            _ => parameters.signed_by(&key, &self.root),
        };
        let leaf = leaf.expect("valid parameters are signed");
        let key = PrivateKeyDer::try_from(key.serialize_der()).expect("rcgen writes PKCS #8");
        let mut server = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .expect("ring speaks TLS 1.2 and 1.3")
            .with_no_client_auth()
            .with_single_cert(vec![leaf.der().clone()], key)
            .expect("the key belongs to the certificate");
        server.alpn_protocols = vec![b"http/1.1".to_vec()];
        server
    }
}
