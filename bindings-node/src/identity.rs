//! An identity that the program supplies: a question to JavaScript, which answers when it has one.

use futures_channel::oneshot;
use napi::Status;
use napi::bindgen_prelude::Function;
use napi::threadsafe_function::{ThreadsafeFunction, ThreadsafeFunctionCallMode};
use napi_derive::napi;
use rolebridge::binding::{self, AtWork, Unusable};
use rolebridge::{IdentitySupplier, SuppliedIdentity, Supplying};
use std::fmt;
use std::sync::Arc;

type Cause = Box<dyn std::error::Error + Send + Sync>;
type Reply = Result<SuppliedIdentity, Cause>;

/// Puts questions to JavaScript from any thread, and does not keep Node alive: whoever waits for a token does.
#[derive(Clone)]
pub(crate) struct Asked(Arc<ThreadsafeFunction<Question, (), Question, Status, false, true>>);

impl Asked {
    pub(crate) fn new(ask: &Function<'_, Question, ()>) -> napi::Result<Asked> {
        ask.build_threadsafe_function().weak::<true>().build().map(|ask| Asked(Arc::new(ask)))
    }
}

impl IdentitySupplier for Asked {
    fn supply(&self) -> Supplying {
        let (sender, answer) = oneshot::channel();
        let question = Question { work: AtWork::here(), sender: Some(sender) };
        let status = self.0.call(question, ThreadsafeFunctionCallMode::NonBlocking);
        Box::pin(async move {
            if status != Status::Ok {
                return Err(format!("its JavaScript thread takes no more calls: {status}").into());
            }
            answer.await.unwrap_or_else(|_| Err("it was dropped without an answer".into()))
        })
    }
}

/// One question to a supplier: it is answered once. Each answer says whether anybody still waited for it.
#[napi]
pub struct Question {
    work: Option<AtWork>,
    sender: Option<oneshot::Sender<Reply>>,
}

/// An identity as JavaScript gives it.
#[napi(object, object_to_js = false)]
pub struct Supplied {
    /// The access key's id.
    pub access_key_id: String,
    /// Its secret.
    pub secret_access_key: String,
    /// The session token of a temporary key.
    pub session_token: Option<String>,
    /// When it ends, in milliseconds since 1970 (UTC).
    pub expires_at: Option<f64>,
    /// The AWS region.
    pub region: Option<String>,
}

#[napi]
impl Question {
    /// The identity.
    #[napi(catch_unwind)]
    pub fn supply(&mut self, supplied: Supplied) -> bool {
        let Supplied { access_key_id, secret_access_key, session_token, expires_at, region } = supplied;
        let expires_at = expires_at.map(|milliseconds| milliseconds / 1000.0);
        self.answer(Ok(binding::supplied_identity(access_key_id, secret_access_key, session_token, expires_at, region)))
    }

    /// What the supplier gave is no identity: the end of the sentence that says so.
    #[napi(catch_unwind)]
    pub fn refuse(&mut self, problem: String) -> bool {
        self.answer(Err(Box::new(Unusable(problem))))
    }

    /// What the supplier threw, which JavaScript keeps by this number.
    #[napi(catch_unwind)]
    pub fn fail(&mut self, words: String, number: u32) -> bool {
        self.answer(Err(Box::new(Thrown { words, number })))
    }

    pub(crate) fn work(&self) -> Option<AtWork> {
        self.work
    }

    fn answer(&mut self, reply: Reply) -> bool {
        self.sender.take().is_some_and(|sender| sender.send(reply).is_ok())
    }
}

/// What JavaScript threw, on its way through core, where it is the cause of an error.
#[derive(Debug)]
pub(crate) struct Thrown {
    words: String,
    number: u32,
}

impl Thrown {
    pub(crate) fn number(&self) -> u32 {
        self.number
    }
}

impl fmt::Display for Thrown {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.words)
    }
}

impl std::error::Error for Thrown {}
