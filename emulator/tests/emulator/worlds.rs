//! Worlds beside each other, and handles under any runtime.

use crate::support::{CLOUD, PATIENCE, client, federated_token, ready};
use rolebridge_emulator::Cloud;
use serde_json::json;

#[test]
fn worlds_know_nothing_of_each_other() {
    let (first, second) = (ready(), ready());
    first.patch(json!({ "clock": { "offset_seconds": 3600 } }));
    first.fault(json!({ "on": "sts.token", "times": null, "do": { "status": 500 } }));
    federated_token(&second);
    assert_eq!(first.requests().len(), 0);
    assert_eq!(second.requests().len(), 1);
    assert_ne!(first.info()["keys"], second.info()["keys"]);
    assert_eq!(first.ca_pem, second.ca_pem, "one authority for the cloud");
}

#[test]
fn a_dropped_world_is_gone() {
    let world = ready();
    let url = world.metadata_url.clone();
    assert!(client().get(&url).send().is_ok());
    drop(world);
    assert!(client().get(&url).send().is_err());
}

#[test]
fn a_dropped_cloud_is_gone_and_its_worlds_with_it() {
    let cloud = Cloud::start().expect("a cloud");
    let world = cloud.world(json!({}));
    let control = cloud.control_url();
    drop(cloud);
    assert!(client().get(&world.metadata_url).send().is_err());
    assert!(client().get(control).send().is_err());
    assert_eq!(world.requests().len(), 0, "what it saw can still be read");
}

#[test]
fn handles_work_inside_a_runtime() {
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    runtime.block_on(async {
        let world = CLOUD.world(json!({}));
        world.wait_for_request("sts.token", 0, PATIENCE);
    });
}
