//! Ctrl-C, where there is nothing else. It reaches every process of a console by itself.

use super::unexpectable;
use crate::error::Failure;

/// Once it is expected, Ctrl-C does not end this process by itself.
pub(crate) struct Endings(tokio::signal::windows::CtrlC);

impl Endings {
    pub(crate) fn expected() -> Result<Endings, Failure> {
        tokio::signal::windows::ctrl_c().map(Endings).map_err(|cause| unexpectable(&cause))
    }

    pub(crate) async fn next(&mut self) {
        self.0.recv().await;
    }
}

/// The same, for a process whose child is to end first.
pub(crate) struct Passed(Endings);

impl Passed {
    pub(crate) fn expected() -> Result<Passed, Failure> {
        Endings::expected().map(Passed)
    }

    pub(crate) async fn next(&mut self) {
        self.0.next().await;
    }

    pub(crate) fn pass_on((): (), _child: Option<u32>) {}
}
