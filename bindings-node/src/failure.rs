//! An error of core as plain data.

use crate::identity::Thrown;
use napi_derive::napi;
use rolebridge::Error;
use std::iter::successors;

/// What `index.js` makes an error of.
#[napi(object, object_from_js = false)]
pub struct Failure {
    /// The name of its class.
    pub kind: &'static str,
    /// Where it happened.
    pub step: &'static str,
    /// One sentence.
    pub message: String,
    /// The JSON path in the credential file.
    pub field: Option<String>,
    /// The HTTP status, where something answered.
    pub status: Option<u16>,
    /// The service's own name for it.
    pub code: Option<String>,
    /// What to do next.
    pub hint: Option<String>,
    /// The messages of what caused it, the nearest first.
    pub causes: Vec<String>,
    /// By which number JavaScript keeps what an identity supplier threw, if that is the cause.
    pub thrown: Option<u32>,
}

impl From<&Error> for Failure {
    fn from(error: &Error) -> Failure {
        let first = std::error::Error::source(error);
        Failure {
            kind: error.kind().name(),
            step: error.step().name(),
            message: error.message().to_owned(),
            field: error.field().map(str::to_owned),
            status: error.status(),
            code: error.code().map(str::to_owned),
            hint: error.hint().map(str::to_owned),
            causes: successors(first, |cause| cause.source()).map(ToString::to_string).collect(),
            thrown: first.and_then(|cause| cause.downcast_ref::<Thrown>()).map(Thrown::number),
        }
    }
}

impl Failure {
    /// A flight that ended and told nobody.
    pub(crate) fn vanished() -> Failure {
        Failure {
            kind: rolebridge::Kind::Internal.name(),
            step: rolebridge::Step::Config.name(),
            message: "the flight that was waited for ended without a result".to_owned(),
            field: None,
            status: None,
            code: None,
            hint: None,
            causes: Vec::new(),
            thrown: None,
        }
    }
}
