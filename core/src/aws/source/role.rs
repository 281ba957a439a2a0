//! A role that is assumed with keys from another source: by a profile's chain, or by the program's own options.

use crate::aws::call;
use crate::aws::sts::{self, Role};
use crate::context::MintContext;
use crate::error::{Error, Step};
use crate::identity::{AccessKey, Identity, Region};
use std::time::Duration;
use url::Url;

/// For AWS STS: one reply, and two connections that cannot be made.
const BUDGET: Duration = Duration::from_secs(13);

/// The role's keys.
pub(in crate::aws) async fn key(
    context: &MintContext,
    region: &Region,
    endpoint: Option<&Url>,
    key: AccessKey,
    role: &Role,
) -> Result<AccessKey, Error> {
    let context = &context.for_step(BUDGET);
    let ask = async {
        let identity = Identity::of(key, region.clone());
        let endpoint = sts::endpoint(region, endpoint)?;
        let reply = call::sts(context, |now| sts::assume_role(&identity, &endpoint, role, now)).await?;
        sts::read_keys(&reply, role)
    };
    context.within(Step::Identity, ask).await
}
