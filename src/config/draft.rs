//! A config on its way from text to types: defaults, then file, then environment, then one typed
//! whole, with every problem collected instead of the first one only.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

use serde_json::{Map, Value, json};

use super::{
    Config,
    errors::{ConfigErrors, Problem},
    keys::{self, LISTS, List, REQUIRED},
};

/// The config as far as it is known.
pub(super) struct Draft {
    /// The defaults as a tree: which keys there are, and of which type.
    skeleton: Value,
    tree: Value,
    problems: Vec<Problem>,
    /// Paths that somebody set, with the environment variable that did, if one did.
    given: BTreeMap<String, Option<String>>,
    /// Paths whose value was replaced because it is wrong; they are not judged again.
    broken: BTreeSet<String>,
}

impl Draft {
    /// The defaults alone.
    pub(super) fn new() -> Self {
        // The defaults are plain data, which always has a tree; a test holds them to it.
        let skeleton = serde_json::to_value(Config::default()).unwrap_or_default();
        Self {
            tree: skeleton.clone(),
            skeleton,
            problems: Vec::new(),
            given: BTreeMap::new(),
            broken: BTreeSet::new(),
        }
    }

    /// The defaults, for who needs to know which keys there are.
    pub(super) fn skeleton(&self) -> &Value {
        &self.skeleton
    }

    /// Notes a problem.
    pub(super) fn add(&mut self, problem: Problem) {
        self.problems.push(problem);
    }

    /// Whether somebody set this leaf, in the file or the environment.
    pub(super) fn is_given(&self, path: &str) -> bool {
        self.given.contains_key(path)
    }

    /// Sets a leaf on behalf of an environment variable.
    pub(super) fn set(&mut self, path: &str, value: Value, variable: &str) {
        if let Some(slot) = self.tree.pointer_mut(&keys::pointer(path)) {
            *slot = value;
            self.given.insert(path.to_owned(), Some(variable.to_owned()));
        }
    }

    /// Lays what a file says over the defaults.
    pub(super) fn merge(&mut self, file: Value) {
        let skeleton = self.skeleton.clone();
        self.merge_section("", &skeleton, file);
    }

    fn merge_section(&mut self, path: &str, known: &Value, found: Value) {
        match (known, found) {
            (Value::Object(known), Value::Object(found)) => {
                for (name, value) in found {
                    match known.get(&name) {
                        Some(known) => self.merge_section(&keys::join(path, &name), known, value),
                        None => self.unknown_key(path, &name, "an unknown key"),
                    }
                }
            }
            // A section or list whose content is all commented out.
            (Value::Object(_) | Value::Array(_), Value::Null) => {}
            (Value::Object(known), other) => self.add(Problem::new(
                path,
                kind(&other),
                format!("a section with the keys {}", names(known)),
                "write the keys under it, each on a line of its own and further in",
            )),
            (_, leaf) => {
                if let Some(slot) = self.tree.pointer_mut(&keys::pointer(path)) {
                    *slot = leaf;
                    self.given.insert(path.to_owned(), None);
                }
            }
        }
    }

    /// Refuses a key that its section does not have, and guesses which one was meant.
    pub(super) fn unknown_key(&mut self, section: &str, name: &str, found: &str) {
        let known = match self.skeleton.pointer(&keys::pointer(section)) {
            Some(Value::Object(known)) => known.clone(),
            _ => Map::new(),
        };
        let elsewhere: Vec<String> = keys::leaves("", &self.skeleton)
            .into_iter()
            .filter(|leaf| leaf.rsplit('.').next() == Some(name))
            .collect();
        let fix = match keys::closest(name, known.keys().map(String::as_str)) {
            Some(meant) => format!("did you mean {}?", keys::join(section, meant)),
            None if !elsewhere.is_empty() => format!("did you mean {}?", elsewhere.join(" or ")),
            None => "take it out, or correct its spelling or indentation".to_owned(),
        };
        let kind = if section.is_empty() { "sections" } else { "keys" };
        let allowed = format!("the {kind} {}", names(&known));
        self.add(Problem::new(keys::join(section, &as_a_name(name)), found, allowed, fix));
    }

    /// Turns the tree into types. A value that does not fit is noted and replaced by its default,
    /// until all that is wrong has been seen.
    pub(super) fn typed(&mut self) -> Config {
        for path in REQUIRED {
            if !self.is_given(path) {
                self.refuse(path, "nothing", None);
            }
        }
        for list in LISTS.iter().filter(|list| !list.item.is_empty()) {
            self.check_items(list);
        }
        // Each round fixes one leaf, and no leaf twice.
        loop {
            let error = match serde_path_to_error::deserialize::<_, Config>(&self.tree) {
                Ok(config) => return config,
                Err(error) => error,
            };
            let path = error.path().to_string();
            let pointer = keys::pointer(&path);
            let found = self.tree.pointer(&pointer).map(|value| keys::shown(&path, value));
            self.refuse(&path, &found.unwrap_or_else(|| "nothing".to_owned()), None);
            let default = match self.skeleton.pointer(&pointer) {
                Some(default) => default.clone(),
                None => json!(keys::stand_in(&path)),
            };
            match self.tree.pointer_mut(&pointer) {
                Some(slot) if *slot != default => *slot = default,
                _ => return Config::default(),
            }
            self.broken.insert(path);
        }
    }

    /// The items of a list of sections, which the skeleton does not describe.
    fn check_items(&mut self, list: &List) {
        let pointer = keys::pointer(list.path);
        let Some(Value::Array(items)) = self.tree.pointer(&pointer).cloned() else { return };
        let checked = items.into_iter().enumerate().map(|(position, item)| {
            let path = format!("{}[{position}]", list.path);
            Value::Object(match item {
                Value::Object(found) => self.check_item(list, &path, found),
                other => {
                    self.refuse(&path, kind(&other), None);
                    self.broken.insert(path.clone());
                    self.check_item(list, &path, Map::new())
                }
            })
        });
        let checked = Value::Array(checked.collect());
        if let Some(slot) = self.tree.pointer_mut(&pointer) {
            *slot = checked;
        }
    }

    fn check_item(
        &mut self,
        list: &List,
        path: &str,
        mut found: Map<String, Value>,
    ) -> Map<String, Value> {
        let known: Vec<&str> = list.item.iter().map(|(name, _)| *name).collect();
        for name in found.keys().filter(|name| !known.contains(&name.as_str())) {
            let meant = keys::closest(name, known.iter().copied());
            // Whoever wrote `KEY: SHOP` put a secret in the place of a name.
            let (path, fix) = match meant {
                Some(meant) => (keys::join(path, name), format!("did you mean {meant}?")),
                None => (path.to_owned(), "take it out, or correct its spelling".to_owned()),
            };
            let allowed = format!("the keys {}", known.join(", "));
            self.add(Problem::new(path, "an unknown key", allowed, fix));
        }
        found.retain(|name, _| known.contains(&name.as_str()));
        for (name, stand_in) in list.item {
            if !found.contains_key(*name) {
                let path = keys::join(path, name);
                self.refuse(&path, "nothing", None);
                self.broken.insert(path);
                found.insert((*name).to_owned(), json!(stand_in));
            }
        }
        found
    }

    /// Refuses the value at a path, unless it was refused before.
    pub(super) fn refuse(&mut self, path: &str, found: &str, fix: Option<&str>) {
        if self.broken.iter().any(|broken| is_within(path, broken)) {
            return;
        }
        let leaf = path.split('[').next().unwrap_or_default();
        let found = match self.given.get(leaf) {
            Some(Some(variable)) => format!("{found} (from the environment: {variable})"),
            _ => found.to_owned(),
        };
        let about = keys::about(path);
        let allowed = about.map(|key| key.allowed).unwrap_or_default();
        let fix = fix.or(about.map(|key| key.fix)).unwrap_or_default();
        self.add(Problem::new(path, found, allowed, fix));
    }

    /// The config, if nothing was wrong.
    pub(super) fn finish(mut self, file: &Path, config: Config) -> Result<Config, ConfigErrors> {
        if self.problems.is_empty() {
            return Ok(config);
        }
        self.problems.sort_by(|one, other| one.path.cmp(&other.path));
        Err(ConfigErrors::new(file, self.problems))
    }
}

fn is_within(path: &str, outer: &str) -> bool {
    path.strip_prefix(outer).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
}

/// A name up to its first colon. Whoever left out the blank in `{key: SECRET}` has made the secret a
/// part of the name.
fn as_a_name(text: &str) -> String {
    match text.split_once(':') {
        Some((name, _)) => format!("{name}…"),
        None => text.to_owned(),
    }
}

fn names(known: &Map<String, Value>) -> String {
    known.keys().map(String::as_str).collect::<Vec<_>>().join(", ")
}

/// What kind of value it is. The value itself may hold a secret that lost its key.
fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "nothing",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "a section",
    }
}
