//! RSA keys that sign in Google's name: RS256, with the public half as verifiers take it.

use crate::random;
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use rsa::pkcs8::EncodePrivateKey;
use rsa::traits::PublicKeyParts;
use rsa::{Pkcs1v15Sign, PrivateKey};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

/// As Google's keys have it.
const BITS: usize = 2048;

pub(crate) struct SigningKey {
    pub(crate) id: String,
    private: PrivateKey,
}

impl SigningKey {
    /// Takes tens of milliseconds, so a world makes a key when it is first asked for.
    pub(crate) fn new() -> SigningKey {
        let private = PrivateKey::new(&mut rand::rng(), BITS).expect("2048 bits are enough for a key");
        SigningKey { id: random::text(random::HEX, 40), private }
    }

    /// PKCS #1 v1.5 over SHA-256.
    pub(crate) fn sign(&self, message: &[u8]) -> Vec<u8> {
        let digest = Sha256::digest(message);
        self.private.sign(Pkcs1v15Sign::new::<Sha256>(), &digest).expect("the key is longer than the digest")
    }

    pub(crate) fn has_signed(&self, message: &[u8], signature: &[u8]) -> bool {
        let digest = Sha256::digest(message);
        self.private.to_public_key().verify(Pkcs1v15Sign::new::<Sha256>(), &digest, signature).is_ok()
    }

    /// A JSON web token around claims that are JSON text already.
    pub(crate) fn json_web_token(&self, claims: &str) -> String {
        let header = json!({ "alg": "RS256", "kid": self.id, "typ": "JWT" }).to_string();
        let encode = |part: &[u8]| BASE64_URL_SAFE_NO_PAD.encode(part);
        let signed = format!("{}.{}", encode(header.as_bytes()), encode(claims.as_bytes()));
        format!("{signed}.{}", encode(&self.sign(signed.as_bytes())))
    }

    /// The public key as a member of a JSON web key set.
    pub(crate) fn json_web_key(&self) -> Value {
        let encode = |number: &[u8]| BASE64_URL_SAFE_NO_PAD.encode(number);
        json!({
            "kty": "RSA",
            "alg": "RS256",
            "use": "sig",
            "kid": self.id,
            "n": encode(&self.private.n_bytes()),
            "e": encode(&self.private.e_bytes()),
        })
    }

    /// The private key in PKCS #8, which a maker of certificates takes.
    pub(crate) fn pkcs8(&self) -> Vec<u8> {
        self.private.to_pkcs8_der().expect("a key can be written down").as_bytes().to_vec()
    }
}
