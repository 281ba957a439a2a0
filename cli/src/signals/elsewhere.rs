//! Ctrl-C, where there is nothing else. It reaches every process of a console by itself.

use super::unexpectable;
use crate::error::Failure;
use shared_child::SharedChild;
use std::future::pending;
use std::io;
use tokio::sync::mpsc::{self, UnboundedReceiver};

/// Once it is expected, Ctrl-C does not end this process by itself.
pub(crate) struct Endings(UnboundedReceiver<()>);

impl Endings {
    pub(crate) fn expected() -> Result<Endings, Failure> {
        let (arrived, arriving) = mpsc::unbounded_channel();
        // Nobody may wait for it any more.
        let tell = move || _ = arrived.send(());
        ctrlc::set_handler(tell).map_err(|cause| unexpectable(&io::Error::other(cause)))?;
        Ok(Endings(arriving))
    }

    pub(crate) async fn next(&mut self) {
        if self.0.recv().await.is_none() {
            pending().await
        }
    }
}

/// The same, for a process whose child is to end first.
pub(crate) struct Passed(Endings);

impl Passed {
    pub(crate) fn expected() -> Result<Passed, Failure> {
        Endings::expected().map(Passed)
    }

    pub(crate) async fn pass_on(&mut self, _child: &SharedChild) {
        self.0.next().await;
    }
}
