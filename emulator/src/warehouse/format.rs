//! How the bytes of an upload are to be read.

pub(crate) enum Format {
    /// One object a line.
    Json,
    Csv(Csv),
}

pub(crate) struct Csv {
    pub(crate) delimiter: u8,
    /// None where nothing is quoted.
    pub(crate) quote: Option<u8>,
    pub(crate) skipped_rows: usize,
    pub(crate) null: String,
    /// Whether columns at a row's end may be missing.
    pub(crate) allows_jagged_rows: bool,
}
