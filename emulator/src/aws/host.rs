//! The host names of AWS's regional services.

/// The service of `SERVICE.REGION.amazonaws.com`.
#[derive(Debug, PartialEq)]
pub(crate) enum Service {
    Sts,
    SsoPortal,
    SsoOidc,
}

/// Which service a host name means, and in which region.
pub(crate) fn service(host: &str) -> Option<(Service, String)> {
    let host = host.to_lowercase();
    let labels: Vec<&str> = host.strip_suffix(".amazonaws.com")?.split('.').collect();
    let (service, region) = match labels[..] {
        ["sts"] => (Service::Sts, "us-east-1"),
        ["sts" | "sts-fips", region] => (Service::Sts, region),
        ["portal", "sso", region] => (Service::SsoPortal, region),
        ["oidc", region] => (Service::SsoOidc, region),
        _ => return None,
    };
    is_region(region).then(|| (service, region.to_owned()))
}

pub(crate) fn is_region(text: &str) -> bool {
    let parts: Vec<&str> = text.split('-').collect();
    let [words @ .., number] = &parts[..] else { return false };
    let is_word = |word: &&str| !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_lowercase());
    words.len() >= 2 && words.iter().all(is_word) && number.parse::<u8>().is_ok()
}
