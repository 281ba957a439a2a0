//! A text that nobody may see by accident: it has no `Display`, its `Debug` shows stars, and its memory is zeroed on drop.

use std::fmt;
use zeroize::Zeroizing;

/// Key material or a token. Opened only by [`Secret::expose`]: to sign, to send, to tell one key from another, and for the
/// user who asks for the token.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Secret(Zeroizing<String>);

impl Secret {
    pub(crate) fn new(value: impl Into<String>) -> Secret {
        Secret(Zeroizing::new(value.into()))
    }

    pub(crate) fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Secret(***)")
    }
}

#[cfg(test)]
mod tests {
    use super::Secret;

    #[test]
    fn debug_shows_nothing_of_the_value() {
        let shown = format!("{:?}", Secret::new("wJalrXUtnFEMI"));
        assert_eq!(shown, "Secret(***)");
    }
}
