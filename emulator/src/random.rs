//! Keys, tokens and names that nobody can guess, in the alphabets that the two clouds use.

use rand::RngExt;

/// As in access key ids.
pub(crate) const BASE32: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
/// As in secret keys and session tokens; `+` and `/` catch a client that encodes them wrongly.
pub(crate) const BASE64: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
/// As in Google's tokens.
pub(crate) const BASE64_URL: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
/// As in names of operations and jobs.
pub(crate) const HEX: &str = "0123456789abcdef";
/// As in the numbers of accounts.
pub(crate) const DIGITS: &str = "0123456789";

pub(crate) fn text(alphabet: &str, length: usize) -> String {
    let letters = alphabet.as_bytes();
    let mut random = rand::rng();
    (0..length).map(|_| char::from(letters[random.random_range(0..letters.len())])).collect()
}

/// As in request ids.
pub(crate) fn uuid() -> String {
    [8, 4, 4, 4, 12].map(|length| text(HEX, length)).join("-")
}
