//! What a call costs whose token is at hand, and what it does not.

mod support;

use allocation_counter::measure;
use futures::FutureExt;
use serde_json::json;

#[test]
fn a_hit_allocates_nothing() {
    let world = support::CLOUD.world(json!({}));
    let source = support::source(&world);
    source.blocking().headers().expect("headers");
    let hits = || {
        for _ in 0..1000 {
            source.token().now_or_never().expect("at hand").expect("a token");
            source.headers().now_or_never().expect("at hand").expect("headers");
            source.blocking().token().expect("a token");
            source.blocking().headers().expect("headers");
            source.cached().expect("at hand");
            source.warm();
        }
    };
    // A thread's first hit makes its own copy of the headers.
    hits();
    assert_eq!(measure(hits).count_total, 0);
    let miss = measure(|| {
        let _ = source.with_scopes(["another"]).token().now_or_never();
    });
    assert!(miss.count_total > 0, "the measure counts");
}
