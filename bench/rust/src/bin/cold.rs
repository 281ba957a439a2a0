//! One process, one token: `cold rolebridge`, `cold google-cloud-auth`; or none, and so many milliseconds: `cold wait 43`.

use rolebridge::TokenSource;

fn main() {
    match std::env::args().nth(1).as_deref() {
        Some("rolebridge") => {
            let source = TokenSource::from_env().expect("the credential file is right");
            source.blocking().token().expect("a token");
        }
        Some("google-cloud-auth") => {
            let path = std::env::var("GOOGLE_APPLICATION_CREDENTIALS").expect("set by the driver");
            let file = serde_json::from_str(&std::fs::read_to_string(path).expect("readable")).expect("JSON");
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
            runtime.block_on(async {
                let credentials =
                    google_cloud_auth::credentials::external_account::Builder::new(file).build().expect("built");
                credentials.headers(http::Extensions::new()).await.expect("a token");
            });
        }
        _ => {
            let milliseconds = std::env::args().nth(2).and_then(|text| text.parse().ok()).expect("milliseconds");
            std::thread::sleep(std::time::Duration::from_millis(milliseconds));
        }
    }
}
