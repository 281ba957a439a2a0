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
    /// A web identity (IRSA): the file of a token that `AWS_ROLE_ARN` trusts; read for each use.
    AWS_WEB_IDENTITY_TOKEN_FILE;
    /// The role of that web identity.
    AWS_ROLE_ARN;
    /// The session's name in that role; `rolebridge` if unset.
    AWS_ROLE_SESSION_NAME;
    /// The profile of AWS's shared files; `default` if unset.
    AWS_PROFILE;
    /// AWS's credentials file; `~/.aws/credentials` if unset.
    AWS_SHARED_CREDENTIALS_FILE;
    /// AWS's config file; `~/.aws/config` if unset.
    AWS_CONFIG_FILE;
    /// Where `aws login` keeps its sign-ins; `~/.aws/login/cache` if unset.
    AWS_LOGIN_CACHE_DIRECTORY;
    /// Where calls to AWS's services go in place of AWS's own hosts (never what Google calls).
    AWS_ENDPOINT_URL;
    /// The same for AWS STS alone.
    AWS_ENDPOINT_URL_STS;
    /// The same for the portal of IAM Identity Center.
    AWS_ENDPOINT_URL_SSO;
    /// The same for the sign-ins of IAM Identity Center.
    AWS_ENDPOINT_URL_SSO_OIDC;
    /// `true` (any case) leaves those aside, and what profiles say of endpoints.
    AWS_IGNORE_CONFIGURED_ENDPOINT_URLS;
    /// The user's home, for `~`.
    HOME;
    /// The user's home on Windows.
    USERPROFILE;
    /// The drive of the user's home on Windows.
    HOMEDRIVE;
    /// The path of the user's home on that drive.
    HOMEPATH;
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
