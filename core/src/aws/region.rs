//! An AWS region's name, checked before it enters a URL, and how a zone's name leads to it.

use std::fmt;

/// A name such as `us-east-1`: `^[a-z]+(-[a-z]+)+-[0-9]+$`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Region(String);

impl Region {
    /// A region's name as it is.
    pub fn parse(name: &str) -> Option<Region> {
        let (words, number) = name.rsplit_once('-')?;
        let is_name = words.contains('-') && words.split('-').all(is_word) && is_number(number);
        is_name.then(|| Region(name.to_owned()))
    }

    /// The region that a zone's name begins with: `us-west-2` for `us-west-2a` and for the local zone `us-west-2-lax-1a`.
    ///
    /// Cutting off the last letter, as Google's libraries do, makes `us-west-2-lax-1` of the latter.
    pub fn of_zone(zone: &str) -> Option<Region> {
        let end_of_digits = |start: usize| zone[start..].bytes().take_while(u8::is_ascii_digit).count() + start;
        let digits = zone.char_indices().find(|(index, letter)| *index > 0 && letter.is_ascii_digit())?.0;
        Region::parse(zone.get(..end_of_digits(digits))?)
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

    #[test]
    fn a_zone_begins_with_its_region() {
        let region = |zone| Region::of_zone(zone).map(|region| region.to_string());
        for zone in ["us-west-2a", "us-west-2-lax-1a", "us-west-2"] {
            assert_eq!(region(zone).as_deref(), Some("us-west-2"), "{zone}");
        }
        assert_eq!(region("us-east-1-wl1-bos-wlz-1").as_deref(), Some("us-east-1"));
        for zone in ["", "1", "zone", "über-1", "a1"] {
            assert_eq!(region(zone), None, "{zone}");
        }
    }
}
