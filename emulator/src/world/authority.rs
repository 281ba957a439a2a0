//! The certificate authority behind the proxy: a root made per cloud, leaf certificates made when first asked for.

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair,
    KeyUsagePurpose,
};
use rustls::ServerConfig;
use rustls::crypto::ring;
use rustls::pki_types::PrivateKeyDer;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

pub(crate) struct Authority {
    root: CertifiedIssuer<'static, KeyPair>,
    leaves: Mutex<HashMap<String, Arc<ServerConfig>>>,
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

    /// What a TLS server needs to be believed under this name.
    pub(crate) fn server(&self, host: &str) -> Arc<ServerConfig> {
        let mut leaves = self.leaves.lock().unwrap_or_else(PoisonError::into_inner);
        leaves.entry(host.to_owned()).or_insert_with(|| Arc::new(self.issue(host))).clone()
    }

    fn issue(&self, host: &str) -> ServerConfig {
        let mut parameters = CertificateParams::new([host.to_owned()]).expect("a host name is a subject");
        parameters.distinguished_name.push(DnType::CommonName, host);
        parameters.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        parameters.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        parameters.use_authority_key_identifier_extension = true;
        let key = KeyPair::generate().expect("ring makes keys");
        let leaf = parameters.signed_by(&key, &self.root).expect("valid parameters are signed");
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
