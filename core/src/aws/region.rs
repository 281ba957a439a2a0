//! The region of a place, and the DNS suffix of its partition. Pure.
//!
//! A zone is a region's name and more: a letter (`us-east-1a`), a city (`us-west-2-lax-1a`, a local zone) or a carrier
//! (`us-east-1-wl1-bos-wlz-1`, a wavelength zone). What a container's task says of itself is described at
//! <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-metadata-endpoint-v4-fargate.html>.

use crate::identity::Region;
use serde_json::Value;

/// The region that a zone belongs to: the shortest beginning that is a region's name. A region is its own.
pub(crate) fn of_zone(zone: &str) -> Option<Region> {
    let number = zone.find(|letter: char| letter.is_ascii_digit())?;
    let digits = zone[number..].bytes().take_while(u8::is_ascii_digit).count();
    let (region, rest) = zone.split_at(number + digits);
    let is_zone = match rest.as_bytes() {
        [] => true,
        [letter] => letter.is_ascii_lowercase(),
        [b'-', place @ ..] => {
            !place.is_empty() && place.iter().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-'))
        }
        _ => false,
    };
    if is_zone { Region::parse(region) } else { None }
}

/// The region in which a container's task runs, from its own description (`${ECS_CONTAINER_METADATA_URI_V4}/task`).
pub(crate) fn of_task(description: &[u8]) -> Option<Region> {
    let description: Value = serde_json::from_slice(description).ok()?;
    let text = |name: &str| description[name].as_str();
    text("TaskARN").and_then(of_task_arn).or_else(|| text("AvailabilityZone").and_then(of_zone))
}

/// `arn:aws:ecs:us-west-2:111122223333:task/cluster/id`.
fn of_task_arn(arn: &str) -> Option<Region> {
    let mut parts = arn.split(':');
    let is_arn = parts.next() == Some("arn") && parts.next().is_some_and(|partition| partition.starts_with("aws"));
    if is_arn && parts.next() == Some("ecs") { parts.next().and_then(Region::parse) } else { None }
}

/// What the names of AWS's hosts end in, by the partition that a region's first words tell.
pub(crate) fn suffix(region: &Region) -> &'static str {
    // `us-iso` is the beginning of no other: a region's words are whole.
    const PARTITIONS: &[(&str, &str)] = &[
        ("cn-", "amazonaws.com.cn"),
        ("eusc-", "amazonaws.eu"),
        ("us-iso-", "c2s.ic.gov"),
        ("us-isob-", "sc2s.sgov.gov"),
        ("eu-isoe-", "cloud.adc-e.uk"),
        ("us-isof-", "csp.hci.ic.gov"),
    ];
    let partition = PARTITIONS.iter().find(|(prefix, _)| region.as_str().starts_with(prefix));
    partition.map_or("amazonaws.com", |(_, suffix)| suffix)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(region: Option<Region>) -> Option<String> {
        region.map(|region| region.to_string())
    }

    #[test]
    fn a_zone_tells_its_region() {
        for (zone, region) in [
            ("us-east-1", "us-east-1"),
            ("us-east-1a", "us-east-1"),
            ("ap-southeast-12b", "ap-southeast-12"),
            ("us-west-2-lax-1a", "us-west-2"),
            ("us-east-1-wl1-bos-wlz-1", "us-east-1"),
            ("us-gov-west-1a", "us-gov-west-1"),
            ("eusc-de-east-1a", "eusc-de-east-1"),
        ] {
            assert_eq!(name(of_zone(zone)).as_deref(), Some(region), "{zone}");
        }
        for zone in [
            "",
            "1",
            "use1-az1",
            "us-east-",
            "us-east-1A",
            "us-east-1ab",
            "us-east-1-",
            "us-east-1.x",
            "us-east-1a\n",
            "us-east-1-lax/1a",
            "US-EAST-1a",
            "us-1a",
            "-east-1a",
            "us-east-1-é",
        ] {
            assert_eq!(name(of_zone(zone)), None, "{zone}");
        }
    }

    #[test]
    fn a_task_tells_its_region() {
        for (description, region) in [
            (r#"{"TaskARN":"arn:aws:ecs:us-west-2:111122223333:task/default/158d"}"#, Some("us-west-2")),
            (
                r#"{"TaskARN":"arn:aws-us-gov:ecs:us-gov-west-1:1:task/x","AvailabilityZone":"x"}"#,
                Some("us-gov-west-1"),
            ),
            (r#"{"TaskARN":"arn:aws:ecs::1:task/x","AvailabilityZone":"eu-west-1c"}"#, Some("eu-west-1")),
            (r#"{"AvailabilityZone":"eu-west-1c"}"#, Some("eu-west-1")),
            (r#"{"TaskARN":"arn:aws:ec2:us-west-2:1:task/x"}"#, None),
            (r#"{"TaskARN":"arn:evil:ecs:us-west-2:1:task/x"}"#, None),
            (r#"{"TaskARN":"arn:aws:ecs:us-west-2.evil.example/:1:task/x"}"#, None),
            (r#"{"TaskARN":7}"#, None),
            (r#"{"TaskARN":"arn"#, None),
            ("", None),
        ] {
            assert_eq!(name(of_task(description.as_bytes())).as_deref(), region, "{description}");
        }
    }

    #[test]
    fn a_region_tells_the_suffix_of_its_hosts() {
        for (region, expected) in [
            ("us-east-1", "amazonaws.com"),
            ("us-gov-west-1", "amazonaws.com"),
            ("cn-north-1", "amazonaws.com.cn"),
            ("eusc-de-east-1", "amazonaws.eu"),
            ("us-iso-east-1", "c2s.ic.gov"),
            ("us-isob-east-1", "sc2s.sgov.gov"),
            ("eu-isoe-west-1", "cloud.adc-e.uk"),
            ("us-isof-south-1", "csp.hci.ic.gov"),
            ("us-isolated-east-1", "amazonaws.com"),
        ] {
            assert_eq!(suffix(&Region::parse(region).expect("a region")), expected, "{region}");
        }
    }
}
