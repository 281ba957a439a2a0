//! Runs `tests/vectors/config` and `tests/vectors/given`, as the README there says, through the public API of this crate.
//!
//! One test, so that nothing else runs in this process while its threads are counted: without a thread nothing is sent.
#![allow(clippy::disallowed_methods, clippy::panic, reason = "a test stands outside and may fail")]

use rolebridge::{Builder, Environment, Error, Kind, Step, TokenSource};
use serde_json::{Value, json};
use std::error::Error as _;
use std::fs;
use std::path::{Path, PathBuf};

const MIB: usize = 1024 * 1024;

#[test]
fn every_vector_is_judged_and_nothing_is_started() {
    let threads = threads();
    let complaints = [accepted(), rejected(), given(), files()].concat();
    assert_eq!(self::threads(), threads, "a thread was started");
    assert!(complaints.is_empty(), "{} complaints:\n{}", complaints.len(), complaints.join("\n"));
}

/// What is wrong, if anything, with each file that must build.
fn accepted() -> Vec<String> {
    let vectors = vectors("config/accept", 25);
    vectors
        .iter()
        .filter_map(|(name, path)| accept(path).err().map(|problem| format!("accept/{name}: {problem}")))
        .collect()
}

fn accept(path: &Path) -> Result<(), String> {
    if !rolebridge::binding::is_supported(&fs::read_to_string(path).expect("readable")) {
        return Err("is not taken for a credential file of AWS".into());
    }
    let builder = offline(TokenSource::builder().file(path));
    let source = builder.clone().build().map_err(|error| format!("was refused: {error}"))?;
    silent(&format!("{builder:?} {source:?} {source:#?}"))
}

/// What is wrong, if anything, with each text that must be refused.
fn rejected() -> Vec<String> {
    let vectors = vectors("config/reject", 60);
    vectors
        .iter()
        .filter_map(|(name, path)| reject(path).err().map(|problem| format!("reject/{name}: {problem}")))
        .collect()
}

fn reject(path: &Path) -> Result<(), String> {
    let vector: Value = serde_json::from_str(&fs::read_to_string(path).expect("readable")).expect("a vector is JSON");
    let text = |name: &str| vector[name].as_str().unwrap_or_else(|| panic!("{}: no {name}", path.display()));
    assert!(!text("about").is_empty(), "{} is about nothing", path.display());
    let builder = offline(TokenSource::builder().json(text("text")));
    silent(&format!("{builder:?}"))?;
    refuses(builder, &vector)
}

/// What is wrong, if anything, with what becomes of each thing that is given besides a file.
fn given() -> Vec<String> {
    let gcloud = fs::read_to_string(folder("config/accept").join("gcloud.json")).expect("readable");
    let judge = |(name, path): &(String, PathBuf)| {
        let text = fs::read_to_string(path).expect("readable");
        let vector: Value = serde_json::from_str(&text).expect("a vector is JSON");
        judge(&vector, &gcloud).err().map(|problem| format!("given/{name}: {problem}"))
    };
    vectors("given", 30).iter().filter_map(judge).collect()
}

fn judge(vector: &Value, gcloud: &str) -> Result<(), String> {
    let text = |value: &Value| value.as_str().map(|text| text.replace("{gcloud}", gcloud));
    let mut builder =
        TokenSource::builder().environment(Environment::from_lookup(|name| text(&vector["environment"][name])));
    if let Some(path) = text(&vector["file"]) {
        builder = builder.file(path);
    }
    if let Some(json) = text(&vector["json"]) {
        builder = builder.json(json);
    }
    if let Some(origins) = vector["allow_endpoints"].as_array() {
        builder = builder.allow_endpoints(origins.iter().filter_map(Value::as_str));
    }
    silent(&format!("{builder:?}"))?;
    if !vector["error"].is_null() {
        return refuses(builder, &vector["error"]);
    }
    let source = builder.build().map_err(|error| format!("was refused: {error}"))?;
    silent(&format!("{source:?}"))?;
    let found = json!({ "project": source.project(), "quota_project": source.quota_project() });
    if found == vector["source"] { Ok(()) } else { Err(format!("has {found}")) }
}

/// The cases that are files rather than texts.
fn files() -> Vec<String> {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("config_vectors");
    // What an earlier run left may be closed to us.
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).expect("a folder for files");
    let write = |name: &str, bytes: &[u8]| {
        let path = folder.join(name);
        fs::write(&path, bytes).expect("written");
        path
    };
    let right = fs::read(self::folder("config/accept").join("gcloud.json")).expect("readable");
    let padded = |length: usize| [right.clone(), vec![b' '; length - right.len()]].concat();
    let utf_16: Vec<u8> = String::from_utf8_lossy(&right).encode_utf16().flat_map(u16::to_le_bytes).collect();

    let mut cases = vec![
        (folder.clone(), "is a folder"),
        (folder.join("missing.json"), "cannot be read: "),
        (write("empty.json", b""), "is not JSON"),
        (write("marked.json", &[b"\xef\xbb\xbf".as_slice(), &right].concat()), "begins with a byte order mark"),
        (write("utf-16.json", &[b"\xff\xfe".as_slice(), &utf_16].concat()), "is not UTF-8 text"),
        (write("latin-1.json", &[right.as_slice(), b"\xe9"].concat()), "is not UTF-8 text"),
        (write("too-long.json", &padded(MIB + 1)), "is longer than 1 MiB"),
    ];
    if cfg!(target_os = "linux") {
        cases.push((PathBuf::from("/dev/zero"), "is longer than 1 MiB"));
    }
    let closed = write("closed.json", &right);
    if close(&closed) {
        cases.push((closed, "cannot be read: "));
    }
    let complain = |(path, says): &(PathBuf, &str)| {
        let refused = refuses(offline(TokenSource::builder().file(path)), &json!({ "says": [says] }));
        refused.err().map(|problem| format!("{}: {problem}", path.display()))
    };
    let mut complaints: Vec<String> = cases.iter().filter_map(complain).collect();

    complaints.extend(accept(&write("longest.json", &padded(MIB))).err().map(|problem| format!("1 MiB: {problem}")));
    complaints.extend(refuses(offline(TokenSource::builder()), &json!({ "says": ["is not named"] })).err());
    let wrong = write("wrong.json", b"{}");
    let names = json!({ "field": "type", "says": [format!("is missing (in `{}`)", wrong.display())] });
    complaints.extend(refuses(offline(TokenSource::builder().file(wrong)), &names).err());
    complaints
}

/// Takes away the right to read a file; false where that stops nobody, as it does not stop root.
fn close(path: &Path) -> bool {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        fs::set_permissions(path, fs::Permissions::from_mode(0o000)).expect("its owner may");
    }
    fs::File::open(path).is_err()
}

/// Demands that a source is refused for what `field` holds, in one clear sentence with each of `says` and a hint with each
/// of `hints`.
fn refuses(builder: Builder, expected: &Value) -> Result<(), String> {
    let Err(error) = builder.build() else { return Err("was accepted".into()) };
    let message = error.message();
    silent(&shown(&error))?;
    if (error.kind(), error.step(), error.is_transient()) != (Kind::Config, Step::Config, false) {
        return Err(format!("is blamed on {:?} in {:?}: {message}", error.kind(), error.step()));
    }
    let field = expected["field"].as_str().unwrap_or_default();
    if error.field().unwrap_or_default() != field {
        return Err(format!("blames `{}`, not `{field}`: {message}", error.field().unwrap_or_default()));
    }
    if message.chars().any(char::is_control) {
        return Err(format!("hands control characters of the file to the terminal: {message:?}"));
    }
    assert!(expected["says"].as_array().is_some_and(|says| !says.is_empty()), "a vector says nothing");
    for (parts, text) in [("says", message), ("hints", error.hint().unwrap_or_default())] {
        let parts = expected[parts].as_array().into_iter().flatten().filter_map(Value::as_str);
        if let Some(missing) = parts.into_iter().find(|part| !text.contains(*part)) {
            return Err(format!("says `{text}` without `{missing}`"));
        }
    }
    Ok(())
}

/// Everything that a user may see of an error.
fn shown(error: &Error) -> String {
    let mut shown = format!("{error} {error:?}");
    let mut cause = error.source();
    while let Some(error) = cause {
        shown += &format!(" {error} {error:?}");
        cause = error.source();
    }
    shown
}

/// Demands that nothing secret is shown: every secret in the vectors has this word in it.
fn silent(shown: &str) -> Result<(), String> {
    if shown.contains("planted") { Err(format!("shows a secret: {shown}")) } else { Ok(()) }
}

/// A builder that sees nothing of this process's environment.
fn offline(builder: Builder) -> Builder {
    builder.environment(Environment::default())
}

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/vectors").join(name)
}

/// Names and paths of all vectors in a folder that holds at least so many.
fn vectors(name: &str, least: usize) -> Vec<(String, PathBuf)> {
    let entries = fs::read_dir(folder(name)).expect("the folder is there");
    let paths = entries.map(|entry| entry.expect("an entry").path());
    let named = |path: PathBuf| (path.file_stem().unwrap_or_default().to_string_lossy().into_owned(), path);
    let mut vectors: Vec<_> =
        paths.filter(|path| path.extension().is_some_and(|end| end == "json")).map(named).collect();
    vectors.sort();
    assert!(vectors.len() >= least, "only {} vectors in {name}", vectors.len());
    vectors
}

/// How many threads this process has, where the system tells.
fn threads() -> usize {
    fs::read_dir("/proc/self/task").map_or(0, Iterator::count)
}
