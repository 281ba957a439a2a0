//! Every environment variable that Rolebridge reads, one line each; the README's table is checked against this list.

#![allow(non_upper_case_globals)] // The variables of curl are lower-case, and a constant here is named as its variable.

macro_rules! names {
    ($($(#[doc = $about:literal])+ $name:ident;)+) => {
        $($(#[doc = $about])+ pub(crate) const $name: &str = stringify!($name);)+

        /// All of them, in the order of this page. A binding reads exactly these from its language's own environment.
        pub(crate) const ALL: &[&str] = &[$($name),+];
    };
}

names! {
    /// A credential file's path, or its JSON text itself; wins over `GOOGLE_APPLICATION_CREDENTIALS`.
    ROLEBRIDGE_CREDENTIALS;
    /// `1` lets a credential file name loopback endpoints, http included, for emulators and tests.
    ROLEBRIDGE_ALLOW_LOOPBACK;
    /// A credential file's path, as Google's libraries read it.
    GOOGLE_APPLICATION_CREDENTIALS;
    /// The project of the calls, where the program names none.
    GOOGLE_CLOUD_PROJECT;
    /// The project that pays for quota, over the file's `quota_project_id`.
    GOOGLE_CLOUD_QUOTA_PROJECT;
    /// The universe domain that a credential file may belong to; `googleapis.com` if unset.
    GOOGLE_CLOUD_UNIVERSE_DOMAIN;

    /// The access key of an AWS identity; with `AWS_SECRET_ACCESS_KEY` it is the first source asked.
    AWS_ACCESS_KEY_ID;
    /// The secret of that access key.
    AWS_SECRET_ACCESS_KEY;
    /// The session token of temporary keys.
    AWS_SESSION_TOKEN;
    /// When those keys end, RFC 3339.
    AWS_CREDENTIAL_EXPIRATION;
    /// The AWS region whose STS is signed for.
    AWS_REGION;
    /// The region where `AWS_REGION` is unset.
    AWS_DEFAULT_REGION;
    /// Names the source IRSA: never passed over for another identity.
    AWS_WEB_IDENTITY_TOKEN_FILE;
    /// Names a profile, a source: never passed over for another identity.
    AWS_PROFILE;
    /// Names the file of profiles, a source: never passed over for another identity.
    AWS_SHARED_CREDENTIALS_FILE;
    /// Names the file of profiles, a source: never passed over for another identity.
    AWS_CONFIG_FILE;
    /// The container's role on ECS and Fargate: a path at the task's agent.
    AWS_CONTAINER_CREDENTIALS_RELATIVE_URI;
    /// The container's role under EKS Pod Identity and SnapStart: a URL.
    AWS_CONTAINER_CREDENTIALS_FULL_URI;
    /// A file with what the container's agent wants as `Authorization`; read for each request.
    AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE;
    /// The same, as text; the file wins.
    AWS_CONTAINER_AUTHORIZATION_TOKEN;
    /// The ECS task's metadata, for the region that no variable names.
    ECS_CONTAINER_METADATA_URI_V4;
    /// `true` (any case) asks no instance metadata.
    AWS_EC2_METADATA_DISABLED;
    /// `true` (any case) forbids the token-less IMDSv1.
    AWS_EC2_METADATA_V1_DISABLED;
    /// The instance metadata service's address.
    AWS_EC2_METADATA_SERVICE_ENDPOINT;
    /// `IPv4` or `IPv6`: which of the two well-known metadata addresses is asked.
    AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE;

    /// The proxy of https requests to Google; metadata is never asked through a proxy.
    HTTPS_PROXY;
    /// The same, in the spelling of curl.
    https_proxy;
    /// The proxy of http requests, which only loopback endpoints make.
    HTTP_PROXY;
    /// The same, in the spelling of curl.
    http_proxy;
    /// The proxy where neither of the others is set.
    ALL_PROXY;
    /// The same, in the spelling of curl.
    all_proxy;
    /// Hosts reached without a proxy, separated by commas.
    NO_PROXY;
    /// The same, in the spelling of curl.
    no_proxy;

    /// A file of root certificates, PEM, instead of the system's.
    SSL_CERT_FILE;
    /// A folder of root certificates, PEM, instead of the system's.
    SSL_CERT_DIR;
    /// As `SSL_CERT_FILE`, in the spelling of Python's requests.
    REQUESTS_CA_BUNDLE;
    /// As `SSL_CERT_FILE`, in the spelling of curl.
    CURL_CA_BUNDLE;
    /// A file of root certificates, PEM, besides the others.
    NODE_EXTRA_CA_CERTS;
}
