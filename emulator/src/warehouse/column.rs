//! The columns of tables, and their types under the names that BigQuery and SQLite have for them.

#[derive(Clone, PartialEq)]
pub(crate) struct Field {
    pub(crate) name: String,
    pub(crate) kind: Kind,
    pub(crate) is_required: bool,
}

#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Kind {
    Boolean,
    Date,
    Float,
    Integer,
    Text,
    Timestamp,
}

impl Kind {
    const ALL: [Kind; 6] = [Kind::Boolean, Kind::Date, Kind::Float, Kind::Integer, Kind::Text, Kind::Timestamp];

    /// As schemas name it, and as SQL does.
    pub(crate) fn names(self) -> (&'static str, &'static str) {
        match self {
            Kind::Boolean => ("BOOLEAN", "BOOL"),
            Kind::Date => ("DATE", "DATE"),
            Kind::Float => ("FLOAT", "FLOAT64"),
            Kind::Integer => ("INTEGER", "INT64"),
            Kind::Text => ("STRING", "STRING"),
            Kind::Timestamp => ("TIMESTAMP", "TIMESTAMP"),
        }
    }

    pub(crate) fn named(name: &str) -> Option<Kind> {
        let name = name.to_uppercase();
        Kind::ALL.into_iter().find(|kind| kind.names().0 == name || kind.names().1 == name)
    }

    /// As SQLite has it declared; what it calls STRING would hold numbers.
    pub(crate) fn declaration(self) -> &'static str {
        if self == Kind::Text { "TEXT" } else { self.names().0 }
    }

    pub(crate) fn declared(declaration: &str) -> Option<Kind> {
        Kind::ALL.into_iter().find(|kind| kind.declaration().eq_ignore_ascii_case(declaration))
    }
}
