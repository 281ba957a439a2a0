//! The lines of one of AWS's files: sections, properties, what goes on with a property, comments.
//!
//! A section or a property begins at the left margin; an indented line goes on with the property above it. Where that
//! property's own line ends at its `=`, each indented line is a property nested in it. `#` and `;` begin a comment as the
//! first character of a line, after a blank in a property, and anywhere in a section's line. An indented comment is a
//! comment, as in botocore and the SDKs for Go and JavaScript (those for Java and Rust make it part of the value above).

use super::{FileKind, LONGEST, Origin, SharedFile, failure};
use crate::error::Error;
use std::fmt;
use std::sync::Arc;

/// All that counts as blank.
pub(super) const BLANKS: [char; 2] = [' ', '\t'];
const COMMENT: [char; 2] = ['#', ';'];

/// One title and what stands under it, until the next.
pub(super) struct Section {
    pub(super) title: String,
    pub(super) origin: Origin,
    pub(super) properties: Vec<Property>,
}

/// Lines of a nested or continued value are joined by `\n`.
pub(super) struct Property {
    /// In lower case.
    pub(super) name: String,
    pub(super) value: String,
    pub(super) origin: Origin,
}

/// Why a line is none, in the words of the AWS SDKs where they have some, so that a search finds them.
#[derive(Clone, Copy)]
enum Problem {
    Outside,
    UnclosedTitle,
    IndentedTitle,
    Unattached,
    NoEquals(&'static str),
    NoName(&'static str),
}

impl fmt::Display for Problem {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Problem::Outside => write!(formatter, "Expected a profile definition, such as `[default]`"),
            Problem::UnclosedTitle => write!(formatter, "Profile definition must end with ']'"),
            Problem::IndentedTitle => {
                write!(formatter, "Profile definition must not be indented, or it belongs to the property above it")
            }
            Problem::Unattached => write!(formatter, "Expected a property definition, found continuation"),
            Problem::NoEquals(what) => write!(formatter, "Expected an '=' sign defining a {what}"),
            Problem::NoName("property") => write!(formatter, "Property did not have a name"),
            Problem::NoName(_) => write!(formatter, "Sub-property did not have a name"),
        }
    }
}

pub(super) fn read(kind: FileKind, file: &SharedFile<'_>) -> Result<Vec<Section>, Error> {
    let name = Arc::new((kind, file.path.to_owned()));
    let mut sections = Vec::new();
    for (index, line) in text(kind, file)?.lines().enumerate() {
        let origin = Origin { file: Arc::clone(&name), line: index + 1 };
        add(&mut sections, line, &origin).map_err(|problem| failure(format!("{origin} is wrong: {problem}")))?;
    }
    Ok(sections)
}

fn text<'a>(kind: FileKind, file: &SharedFile<'a>) -> Result<&'a str, Error> {
    let path = file.path;
    if file.bytes.len() > LONGEST {
        return Err(failure(format!("the {kind} `{path}` is longer than 1 MiB")));
    }
    let line = |end: usize| file.bytes[..end].iter().filter(|byte| **byte == b'\n').count() + 1;
    let text = std::str::from_utf8(file.bytes).map_err(|cause| {
        failure(format!("line {} of the {kind} `{path}` is not UTF-8", line(cause.valid_up_to())))
            .hinting("save the file as UTF-8")
    })?;
    if let Some(at) = text.find('\0') {
        return Err(failure(format!("line {} of the {kind} `{path}` holds a NUL character", line(at)))
            .hinting("save the file as UTF-8"));
    }
    Ok(text.strip_prefix('\u{feff}').unwrap_or(text))
}

fn add(sections: &mut Vec<Section>, line: &str, origin: &Origin) -> Result<(), Problem> {
    let content = line.trim_matches(BLANKS);
    if content.is_empty() || content.starts_with(COMMENT) {
        return Ok(());
    }
    if line.starts_with('[') {
        let title = without_comment(line, false).strip_prefix('[').and_then(|line| line.strip_suffix(']'));
        let title = title.ok_or(Problem::UnclosedTitle)?.trim_matches(BLANKS).to_owned();
        sections.push(Section { title, origin: origin.clone(), properties: Vec::new() });
        return Ok(());
    }
    let section = sections.last_mut().ok_or(Problem::Outside)?;
    if !line.starts_with(BLANKS) {
        let (name, value) = property(line, "property")?;
        let (name, value) = (name.to_ascii_lowercase(), value.to_owned());
        section.properties.push(Property { name, value, origin: origin.clone() });
        return Ok(());
    }
    let above = section.properties.last_mut().ok_or(Problem::Unattached)?;
    if content.starts_with('[') && without_comment(content, false).ends_with(']') {
        return Err(Problem::IndentedTitle);
    }
    if above.value.is_empty() || above.value.starts_with('\n') {
        property(line, "sub-property")?;
    }
    above.value.push('\n');
    above.value.push_str(content);
    Ok(())
}

fn property<'a>(line: &'a str, what: &'static str) -> Result<(&'a str, &'a str), Problem> {
    let (name, value) = without_comment(line, true).split_once('=').ok_or(Problem::NoEquals(what))?;
    let name = name.trim_matches(BLANKS);
    if name.is_empty() { Err(Problem::NoName(what)) } else { Ok((name, value.trim_matches(BLANKS))) }
}

/// The line, trimmed, up to the comment that ends it.
fn without_comment(line: &str, only_after_blank: bool) -> &str {
    let line = line.trim_matches(BLANKS);
    let begins = |(at, _): &(usize, &str)| !only_after_blank || line[..*at].ends_with(BLANKS);
    let end = line.match_indices(COMMENT).find(begins).map_or(line.len(), |(at, _)| at);
    line[..end].trim_matches(BLANKS)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_text(bytes: &[u8]) -> Result<Vec<Section>, Error> {
        read(FileKind::Credentials, &SharedFile { path: "/home/user/.aws/credentials", bytes })
    }

    fn pairs(text: &str) -> Vec<(String, String)> {
        let sections = read_text(text.as_bytes()).expect("well formed");
        sections.into_iter().flat_map(|section| section.properties).map(|found| (found.name, found.value)).collect()
    }

    #[test]
    fn an_error_names_file_and_line_and_shows_nothing_of_it() {
        for (text, line, what) in [
            ("wJalrXUtnFEMI = x", 1, "Expected a profile definition"),
            ("\u{feff}\n\n  wJalrXUtnFEMI", 3, "Expected a profile definition"),
            ("[default\nwJalrXUtnFEMI", 1, "Profile definition must end with ']'"),
            ("[default]\r\nwJalrXUtnFEMI\r\n", 2, "Expected an '=' sign defining a property"),
            ("[default]\n# a\n= wJalrXUtnFEMI", 3, "Property did not have a name"),
            ("[default]\n wJalrXUtnFEMI", 2, "Expected a property definition, found continuation"),
            ("[default]\ns3 =\n a = 1\n wJalrXUtnFEMI", 4, "Expected an '=' sign defining a sub-property"),
            ("[default]\ns3 =\n = wJalrXUtnFEMI", 3, "Sub-property did not have a name"),
            ("[default]\na = 1\n [wJalrXUtnFEMI]", 3, "Profile definition must not be indented"),
            ("[default]\na = 1\n\t[wJalrXUtnFEMI] # b", 3, "Profile definition must not be indented"),
            ("[default]\na = wJalrXUtnFEMI\0", 2, "holds a NUL character"),
        ] {
            let error = read_text(text.as_bytes()).err().unwrap_or_else(|| panic!("{text:?} is wrong")).to_string();
            let place = format!("line {line} of the AWS credentials file `/home/user/.aws/credentials` ");
            assert!(error.starts_with(&place), "{error}");
            assert!(error.contains(what), "{error}");
            assert!(!error.contains("wJalr"), "{error}");
        }
    }

    #[test]
    fn another_encoding_is_refused() {
        let utf_16: Vec<u8> = "\u{feff}[default]".encode_utf16().flat_map(u16::to_le_bytes).collect();
        for bytes in [&utf_16, b"[default]\nname = caf\xe9".as_slice()] {
            let error = read_text(bytes).err().expect("refused");
            assert!(error.message().to_owned().ends_with("is not UTF-8"), "{error}");
            assert_eq!(error.hint(), Some("save the file as UTF-8"));
        }
        let big_endian: Vec<u8> = "[default]".encode_utf16().flat_map(u16::to_be_bytes).collect();
        assert!(read_text(&big_endian).err().expect("refused").message().ends_with("holds a NUL character"));
    }

    #[test]
    fn a_file_of_a_mebibyte_is_read_and_a_longer_one_is_not() {
        let mut text = b"[default]\n".to_vec();
        while text.len() < LONGEST {
            text.extend_from_slice(format!("p{}=\n", text.len()).as_bytes());
        }
        text.truncate(LONGEST);
        while text.last() != Some(&b'\n') {
            text.pop();
        }
        text.resize(LONGEST, b'\n');
        assert!(read_text(&text).is_ok());
        text.push(b'\n');
        let error = read_text(&text).err().expect("refused").message().to_owned();
        assert_eq!(error, "the AWS credentials file `/home/user/.aws/credentials` is longer than 1 MiB");
    }

    #[test]
    fn a_byte_order_mark_an_indented_comment_and_carriage_returns_are_no_part_of_a_value() {
        let text = "\u{feff}[default]\r\na = 1\r\n  # one\r\n\t; two\r\n  2\r\ns3 =\r\n  # three\r\n  b = 3\r\n";
        assert_eq!(pairs(text), [("a".into(), "1\n2".into()), ("s3".into(), "\nb = 3".into())]);
    }

    #[test]
    fn a_comment_in_a_property_begins_after_a_blank() {
        for (line, value) in
            [("a = b#c", "b#c"), ("a = b #c", "b"), ("a = b\t;c", "b"), ("a = #c", ""), ("a = b;c # d", "b;c")]
        {
            assert_eq!(pairs(&format!("[default]\n{line}")), [("a".to_owned(), value.to_owned())], "{line}");
        }
    }
}
