//! What an error may quote of what a service or a command said. Pure.

/// The longest description that an error repeats.
const LONGEST: usize = 400;

/// The first line of a description that has words: without control characters, cut at 400 characters, and never the
/// request that AWS echoes when a signature does not match, since the session token stands in it.
pub(crate) fn description(text: &str) -> String {
    let end = text.find("The Canonical String").unwrap_or(text.len());
    let line = text[..end].split(['\r', '\n']).find(|line| !line.trim().is_empty()).unwrap_or_default();
    line.trim().chars().filter(|letter| !letter.is_control()).take(LONGEST).collect()
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
    let from = bytes.len().saturating_sub(LONGEST * 4);
    let text = String::from_utf8_lossy(&bytes[from..]);
    let words =
        text.split(|letter: char| letter.is_whitespace() || letter.is_control()).filter(|word| !word.is_empty());
    let line = words.collect::<Vec<_>>().join(" ");
    let skipped = line.chars().count().saturating_sub(LONGEST);
    line.chars().skip(skipped).collect()
}

#[cfg(test)]
mod tests {
    use super::{code, description, ending};

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
