//! The login of the project's administrator, as gcloud keeps it.

use crate::random;
use serde_json::{Value, json};

/// What a person's computer holds after `gcloud auth application-default login`.
pub(crate) struct Login {
    pub(crate) client_id: String,
    pub(crate) client_secret: String,
    pub(crate) refresh_token: String,
}

impl Login {
    pub(crate) fn new() -> Login {
        let client = random::text(random::HEX, 32);
        Login {
            client_id: format!("{}-{client}.apps.googleusercontent.com", random::text(random::DIGITS, 12)),
            client_secret: format!("d-{}", random::text(random::BASE64_URL, 22)),
            refresh_token: format!("1//{}", random::text(random::BASE64_URL, 98)),
        }
    }

    /// The content of `application_default_credentials.json`.
    pub(crate) fn file(&self) -> Value {
        json!({
            "type": "authorized_user",
            "client_id": self.client_id,
            "client_secret": self.client_secret,
            "refresh_token": self.refresh_token,
        })
    }
}
