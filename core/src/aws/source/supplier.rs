//! A supplier of the program's own: `identity` of a token source, in place of every other source.
//!
//! It is asked for each identity, within a budget, and what it gives is checked as any other source's is. Its future is
//! polled on the thread that mints tokens; work that blocks goes to [`on_another_thread`].

use crate::aws::failure;
use crate::context::MintContext;
use crate::error::{Error, Kind, Step};
use crate::identity::{AccessKey, IdentitySupplier, Region};
use futures_util::FutureExt;
use std::cell::Cell;
use std::fmt;
use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// A supplier may itself ask AWS STS, or a person's browser.
const BUDGET: Duration = Duration::from_secs(20);

thread_local! {
    /// The supplier for which this thread works just now.
    static WORKING_FOR: Cell<Option<u64>> = const { Cell::new(None) };
}

/// A supplier, told from every other one of the process.
#[derive(Clone)]
pub(crate) struct Supplier {
    id: u64,
    supplier: Arc<dyn IdentitySupplier>,
}

impl Supplier {
    pub(crate) fn new(supplier: Arc<dyn IdentitySupplier>) -> Supplier {
        static LAST: AtomicU64 = AtomicU64::new(0);
        Supplier { id: LAST.fetch_add(1, Ordering::Relaxed) + 1, supplier }
    }

    /// Whether this thread works for this supplier: a token that needs it would wait for itself.
    pub(crate) fn is_at_work_here(&self) -> bool {
        WORKING_FOR.get() == Some(self.id)
    }

    pub(in crate::aws) fn id(&self) -> [u8; 8] {
        self.id.to_be_bytes()
    }

    /// Its keys and, if it knows one, its region.
    pub(in crate::aws) async fn identity(&self, context: &MintContext) -> Result<(AccessKey, Option<Region>), Error> {
        let context = &context.for_step(BUDGET);
        let supply = async {
            let making = std::panic::catch_unwind(AssertUnwindSafe(|| working_for(self.id, || self.supplier.supply())));
            let mut supplying = match making {
                Ok(supplying) => pin!(AssertUnwindSafe(supplying).catch_unwind()),
                Err(_) => return Err(panicked()),
            };
            let supplied = std::future::poll_fn(|task| working_for(self.id, || supplying.as_mut().poll(task))).await;
            let supplied = supplied.map_err(|_| panicked())?;
            supplied.map_err(failed)?.checked()
        };
        let seconds = context.left().as_secs_f64().ceil();
        let late = || {
            let message = format!("the identity supplier did not answer within {seconds} s");
            Error::new(Kind::Unavailable, Step::Identity, message)
                .hinting("let the supplier give up by itself, with an error that says what it waits for")
        };
        context.within_or(supply, late).await
    }
}

/// The supplier's own words, or what a binding found wrong with what it gave.
fn failed(cause: Box<dyn std::error::Error + Send + Sync>) -> Error {
    match cause.downcast::<Unusable>() {
        Ok(unusable) => failure(format!("the identity supplier gave {}", unusable.0)),
        Err(cause) => failure("the identity supplier failed")
            .hinting("see the cause, which is the supplier's own")
            .caused_by(cause),
    }
}

/// What a supplier gave in place of an identity, as a binding finds it before the types are those of core: the end of a
/// sentence, such as "no `accessKeyId`".
#[derive(Debug)]
pub struct Unusable(pub String);

impl fmt::Display for Unusable {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl std::error::Error for Unusable {}

/// That a supplier is at work, for a binding whose supplier works on a thread that is not of the engine's pool.
#[derive(Clone, Copy, Debug)]
pub struct AtWork(u64);

impl AtWork {
    /// The supplier for which this thread works just now. Only inside [`IdentitySupplier::supply`] there is one.
    pub fn here() -> Option<AtWork> {
        WORKING_FOR.get().map(AtWork)
    }

    /// Lets this thread work for the supplier as long as it lives.
    pub fn for_life(self) {
        WORKING_FOR.set(Some(self.0));
    }

    /// Lets this thread work for the supplier meanwhile.
    pub fn during<T>(self, work: impl FnOnce() -> T) -> T {
        working_for(self.0, work)
    }
}

fn panicked() -> Error {
    failure("the identity supplier panicked")
}

/// Work of a supplier's that blocks, on a thread of the pool of the engine. Only inside [`IdentitySupplier::supply`].
pub(crate) fn on_another_thread<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> impl Future<Output = Result<T, Error>> + Send {
    let supplier = AtWork::here();
    let working = tokio::task::spawn_blocking(move || match supplier {
        Some(supplier) => supplier.during(work),
        None => work(),
    });
    async move { working.await.map_err(|cause| panicked().caused_by(cause)) }
}

fn working_for<T>(id: u64, work: impl FnOnce() -> T) -> T {
    /// Restores what was there before, also after a panic.
    struct Restore(Option<u64>);
    impl Drop for Restore {
        fn drop(&mut self) {
            WORKING_FOR.set(self.0);
        }
    }
    let _restore = Restore(WORKING_FOR.replace(Some(id)));
    work()
}

impl fmt::Debug for Supplier {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Supplier").field("id", &self.id).finish_non_exhaustive()
    }
}
