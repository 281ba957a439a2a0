//! An AWS region's name, checked before it enters a URL.

use std::fmt;

/// A name such as `us-east-1`: `^[a-z]+(-[a-z]+)+-[0-9]+$`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Region(String);

impl Region {
    /// A region's name; a zone's, which has a letter more, is none.
    pub fn parse(name: &str) -> Option<Region> {
        let (words, number) = name.rsplit_once('-')?;
        let is_name = words.contains('-') && words.split('-').all(is_word) && is_number(number);
        is_name.then(|| Region(name.to_owned()))
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Region {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

fn is_word(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_lowercase())
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::Region;

    #[test]
    fn a_region_is_words_and_a_number() {
        for name in ["us-east-1", "ap-southeast-12", "us-gov-west-1", "cn-north-1", "eusc-de-east-1"] {
            assert!(Region::parse(name).is_some(), "{name}");
        }
        for name in
            ["", "us", "us-1", "us-east", "us-east-1a", "US-EAST-1", "us-east-1.evil.example", "us--east-1", "-east-1"]
        {
            assert_eq!(Region::parse(name), None, "{name}");
        }
    }
}
