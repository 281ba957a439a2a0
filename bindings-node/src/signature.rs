//! A signature on its way to JavaScript.

use crate::failure::Failure;
use napi::bindgen_prelude::{Buffer, Either};
use napi_derive::napi;
use rolebridge::Error;

/// What a service account signed: RSA with SHA-256 (RS256).
#[napi(object, object_from_js = false)]
pub struct Signature {
    /// The id of the account's key, under which its public half is published.
    pub key_id: String,
    /// The signature itself.
    pub value: Buffer,
}

pub(crate) fn outcome(result: Result<rolebridge::Signature, Error>) -> Either<Signature, Failure> {
    match result {
        Ok(signature) => {
            Either::A(Signature { key_id: signature.key_id().to_owned(), value: Buffer::from(signature.bytes()) })
        }
        Err(error) => Either::B(Failure::from(&error)),
    }
}
