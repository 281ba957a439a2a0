//! What scenarios leave open: the places of a world filled in, and merge patches.

use rolebridge_emulator::World;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// What the placeholders stand for: each text that the world says of itself or of its instance's keys, and the home.
/// `{region}` stays, since a credential file says so itself.
pub(crate) fn places(world: &World, home: &str) -> BTreeMap<String, String> {
    let info = world.info();
    let texts = |value: &Value| {
        let members = value.as_object().into_iter().flatten();
        let texts = members.filter_map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned())));
        texts.collect::<Vec<_>>()
    };
    let mut places: BTreeMap<_, _> = texts(&info).into_iter().chain(texts(&info["keys"])).collect();
    places.remove("region");
    places.insert("home".to_owned(), home.to_owned());
    places
}

pub(crate) fn fill(value: &Value, places: &BTreeMap<String, String>) -> Value {
    match value {
        Value::String(text) => {
            let fill = |text: String, (name, place): (&String, &String)| text.replace(&format!("{{{name}}}"), place);
            places.iter().fold(text.clone(), fill).into()
        }
        Value::Array(items) => items.iter().map(|item| fill(item, places)).collect(),
        Value::Object(members) => members.iter().map(|(name, member)| (name.clone(), fill(member, places))).collect(),
        other => other.clone(),
    }
}

/// RFC 7396.
pub(crate) fn merge(target: &mut Value, patch: &Value) {
    let Value::Object(members) = patch else {
        *target = patch.clone();
        return;
    };
    if !target.is_object() {
        *target = json!({});
    }
    for (name, member) in members {
        if member.is_null() {
            target.as_object_mut().expect("made one above").remove(name);
        } else {
            merge(&mut target[name.as_str()], member);
        }
    }
}
