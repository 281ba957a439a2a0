//! What an error may show of a text from outside: people put keys and whole files where a name or a path belongs, and what
//! a service or a command says may repeat what it was given.
//!
//! Nobody can tell every secret from a name. These rules show what a person writes as one, and say of everything else how
//! long it is and what it looks like. Of a service's words one line is shown, and of a command's output the end.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use std::path::Path;
use url::Url;

/// No file system that matters takes a longer name, nor a longer path.
const LONGEST_COMPONENT: usize = 255;
const LONGEST_PATH: usize = 4096;
/// No type, region, project or domain has a longer name, nor a longer word with digits in it; keys do.
const LONGEST_NAME: usize = 64;
const LONGEST_WORD: usize = 20;
/// So many letters and digits in a row, with both cases and a digit among them, are a key and no folder's name.
const SHORTEST_KEY: usize = 32;
/// What is no longer may be a word that happens to be base64 too.
const SHORTEST_BASE64: usize = 16;

/// The longest description that an error repeats.
const LONGEST_DESCRIPTION: usize = 400;

/// What a text is when it is not the path that was meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Json,
    /// Base64 of JSON or of a PEM file.
    Base64,
    /// A PEM file, or letters and digits such as keys and tokens are made of.
    Key,
    /// Too long, or with a control character in it.
    Other,
}

impl Kind {
    /// `None` for a text that can be a path, whether or not anything is there.
    pub(crate) fn of_no_path(text: &str) -> Option<Kind> {
        if text.contains(['{', '"']) {
            Some(Kind::Json)
        } else if is_base64(text) {
            Some(Kind::Base64)
        } else if text.contains("-----BEGIN") || words(text).any(is_key) {
            Some(Kind::Key)
        } else if text.len() > LONGEST_PATH
            || text.split(['/', '\\']).any(|component| component.len() > LONGEST_COMPONENT)
            || text.contains(char::is_control)
        {
            Some(Kind::Other)
        } else {
            None
        }
    }

    fn looks(self) -> &'static str {
        match self {
            Kind::Json => "looks like JSON",
            Kind::Base64 => "looks like base64",
            Kind::Key => "looks like a key or a token",
            Kind::Other => "can be no path, since it is too long or holds a control character",
        }
    }
}

/// A path in backticks; of a text that is none, only its length and what it looks like.
pub(crate) fn path(path: &Path) -> String {
    let text = path.to_string_lossy();
    match Kind::of_no_path(&text) {
        None => format!("`{text}`"),
        Some(kind) => format!("a text of {} that {}", characters(&text), kind.looks()),
    }
}

/// As [`path`], for the place behind a file's description: a text that is no path stands there in parentheses.
pub(crate) fn file(path: &Path) -> String {
    let shown = self::path(path);
    if shown.starts_with('`') { shown } else { format!("({shown})") }
}

/// A name in backticks, such as a type's, a region's or a project's; of a text that is none, only its length.
pub(crate) fn name(text: &str) -> String {
    match text {
        "" => "empty".to_owned(),
        text if is_name(text) => format!("`{text}`"),
        text => format!("a text of {}", characters(text)),
    }
}

/// Whether an error may show it.
pub(crate) fn is_name(text: &str) -> bool {
    let is_plain = |letter: char| letter.is_ascii_alphanumeric() || "-._:@*".contains(letter);
    let is_word = |word: &str| word.len() <= LONGEST_WORD || !word.contains(|letter: char| letter.is_ascii_digit());
    text.len() <= LONGEST_NAME && text.chars().all(is_plain) && words(text).all(is_word)
}

/// Scheme, host and port of a URL in backticks: what follows them, and a user before them, may be a secret.
pub(crate) fn origin(url: &Url) -> String {
    match url.origin() {
        origin @ url::Origin::Tuple(..) => format!("`{}`", origin.ascii_serialization()),
        url::Origin::Opaque(_) => format!("a URL of the scheme {}", name(url.scheme())),
    }
}

/// The first line of a description that has words: without control characters, cut at 400 characters, and never the
/// request that AWS echoes when a signature does not match, since the session token stands in it.
pub(crate) fn description(text: &str) -> String {
    let end = text.find("The Canonical String").unwrap_or(text.len());
    let line = text[..end].split(['\r', '\n']).find(|line| !line.trim().is_empty()).unwrap_or_default();
    line.trim().chars().filter(|letter| !letter.is_control()).take(LONGEST_DESCRIPTION).collect()
}

/// A service's name for an error, if it is one word such as `ExpiredTokenException`.
pub(crate) fn code(text: &str) -> Option<&str> {
    let text = text.trim();
    let is_code = (1..=100).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-#:/".contains(&byte));
    is_code.then_some(text)
}

/// The end of what a command printed, on one line: its last words say why it stopped.
pub(crate) fn ending(bytes: &[u8]) -> String {
    // Four bytes are the longest letter.
    let from = bytes.len().saturating_sub(LONGEST_DESCRIPTION * 4);
    let text = String::from_utf8_lossy(&bytes[from..]);
    let words =
        text.split(|letter: char| letter.is_whitespace() || letter.is_control()).filter(|word| !word.is_empty());
    let line = words.collect::<Vec<_>>().join(" ");
    let skipped = line.chars().count().saturating_sub(LONGEST_DESCRIPTION);
    line.chars().skip(skipped).collect()
}

fn characters(text: &str) -> String {
    match text.chars().count() {
        1 => "1 character".to_owned(),
        count => format!("{count} characters"),
    }
}

/// Letters and digits in a row.
fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|letter: char| !letter.is_ascii_alphanumeric())
}

fn is_key(word: &str) -> bool {
    let has = |is: fn(&u8) -> bool| word.as_bytes().iter().any(is);
    word.len() >= SHORTEST_KEY && has(u8::is_ascii_uppercase) && has(u8::is_ascii_lowercase) && has(u8::is_ascii_digit)
}

/// Whether a text is base64, of either alphabet and broken into lines or not, whose content begins as JSON or PEM does. It
/// may stand behind a folder, which a binding has put before it to make a path absolute.
fn is_base64(text: &str) -> bool {
    let compact: String = text.chars().filter(|letter| !letter.is_whitespace()).collect();
    let starts = std::iter::once(0).chain(compact.match_indices(['/', '\\']).map(|(place, _)| place + 1));
    starts.map(|start| compact[start..].trim_end_matches('=')).any(is_base64_of_a_file)
}

fn is_base64_of_a_file(text: &str) -> bool {
    let Some(start) = text.get(..SHORTEST_BASE64) else { return false };
    let decoded = STANDARD_NO_PAD.decode(start).or_else(|_| URL_SAFE_NO_PAD.decode(start)).unwrap_or_default();
    let content = decoded.trim_ascii_start();
    let is_of_either = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'-' | b'_');
    let is_object = content.strip_prefix(b"{").is_some_and(|rest| rest.trim_ascii_start().starts_with(b"\""));
    (is_object || content.starts_with(b"-----")) && text.bytes().all(is_of_either)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_shown_if_it_can_be_one() {
        for text in [
            "credential.json",
            "/etc/rolebridge/credential file (1).json",
            r"C:\Users\me\AppData\Local\Temp\credential.json",
            "/var/lib/docker/overlay2/3f5c9d0e8a7b6c5d4e3f2a1b0c9d8e7f6a5b4c3d2e1f0a9b8c7d6e5f4a3b2c1d/merged",
            "/home/user/eyes/and/ears/in/base64/alphabet",
            "ключ.json",
            "",
        ] {
            assert_eq!(path(Path::new(text)), format!("`{text}`"));
        }
    }

    #[test]
    fn what_is_no_path_is_named_by_what_it_looks_like() {
        let json = r#"{"type":"service_account","private_key":"planted"}"#;
        let (start, end) = json.split_at(24);
        let wrapped = format!("{}\n{}", STANDARD_NO_PAD.encode(start), STANDARD_NO_PAD.encode(end));
        let cases = [
            (json.to_owned(), Kind::Json),
            (r#""planted""#.to_owned(), Kind::Json),
            (STANDARD_NO_PAD.encode(json), Kind::Base64),
            (format!("{}==", URL_SAFE_NO_PAD.encode(json)), Kind::Base64),
            (STANDARD_NO_PAD.encode(format!("\n  {json}")), Kind::Base64),
            (STANDARD_NO_PAD.encode("-----BEGIN PRIVATE KEY-----\nplanted"), Kind::Base64),
            (wrapped, Kind::Base64),
            (format!("/home/me/{}", STANDARD_NO_PAD.encode(json)), Kind::Base64),
            (format!("/home/me/{json}"), Kind::Json),
            ("-----BEGIN PRIVATE KEY-----planted".to_owned(), Kind::Key),
            ("ya29.planted0AaBbCcDdEeFfGgHhIiJjKkLlMmNnOoPp".to_owned(), Kind::Key),
            ("planted\nplanted".to_owned(), Kind::Other),
            ("planted".repeat(37), Kind::Other),
            ("planted/".repeat(513), Kind::Other),
        ];
        for (text, kind) in cases {
            assert_eq!(Kind::of_no_path(&text), Some(kind), "{text}");
            let shown = path(Path::new(&text));
            assert_eq!(shown, format!("a text of {} characters that {}", text.chars().count(), kind.looks()));
        }
    }

    #[test]
    fn a_name_is_short_and_made_of_short_words() {
        for text in [
            "service_account",
            "urn:ietf:params:oauth:token-type:jwt",
            "us-east-1a",
            "example.com:project",
            "AssumeRoleUnauthorizedAccess",
            "*",
        ] {
            assert_eq!(name(text), format!("`{text}`"));
        }
        assert_eq!(name(""), "empty");
        for text in [
            "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
            "0123456789abcdef0123456789abcdef",
            r#"{"private_key":1}"#,
            "https://user:password@example.com",
            &"ab-".repeat(22),
        ] {
            assert_eq!(name(text), format!("a text of {} characters", text.len()));
        }
    }

    #[test]
    fn a_url_is_shown_by_its_origin() {
        let shown = |text: &str| origin(&Url::parse(text).expect("a URL"));
        assert_eq!(
            shown("https://user:planted@example.com:8443/planted?planted#planted"),
            "`https://example.com:8443`"
        );
        assert_eq!(shown("data:planted"), "a URL of the scheme `data`");
    }

    #[test]
    fn a_description_is_one_clean_line() {
        for (text, expected) in [
            ("\r\n  \n one\u{1b}[31m two \nthree", "one[31m two"),
            ("", ""),
            ("mismatch. The Canonical String for this request should have been 'FwoGZX'", "mismatch."),
            ("The Canonical String", ""),
        ] {
            assert_eq!(description(text), expected, "{text:?}");
        }
        assert_eq!(description(&"é".repeat(1 << 20)).chars().count(), 400);
    }

    #[test]
    fn a_code_is_one_word() {
        assert_eq!(code(" ExpiredTokenException\n"), Some("ExpiredTokenException"));
        for text in ["", "two words", "<html>", "é", &"a".repeat(101)] {
            assert_eq!(code(text), None, "{text}");
        }
    }

    #[test]
    fn the_end_of_an_output_is_kept() {
        assert_eq!(ending(b"start\r\n\n\tnot\x1b logged in\n"), "start not logged in");
        assert_eq!(ending(b"\xff\xfe end"), "\u{fffd}\u{fffd} end");
        let long = [b"x".repeat(1 << 20), b" the end".to_vec()].concat();
        let kept = ending(&long);
        assert!(kept.ends_with(" the end") && kept.len() == 400, "{kept}");
    }
}
