//! Builds a typed config from the defaults, the file and the environment, in this order.
//!
//! It collects all problems instead of stopping at the first one.

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

/// A config that is being read. Later sources override earlier ones.
pub(super) struct Draft {
    /// The defaults as a tree. It tells which keys exist and which type each has.
    skeleton: Value,
    /// The defaults, overridden by what was read so far.
    tree: Value,
    problems: Vec<Problem>,
    /// The paths that were set, each with the environment variable that set it, if any.
    set_by: BTreeMap<String, Option<String>>,
    /// The paths whose invalid value was replaced by a valid one. They are not reported again.
    broken: BTreeSet<String>,
}

impl Draft {
    /// Returns a draft that contains only the defaults.
    pub(super) fn new() -> Self {
        // The defaults can always be serialized; a test checks this.
        let skeleton = serde_json::to_value(Config::default()).unwrap_or_default();
        Self {
            tree: skeleton.clone(),
            skeleton,
            problems: Vec::new(),
            set_by: BTreeMap::new(),
            broken: BTreeSet::new(),
        }
    }

    /// The defaults as a tree, which shows which keys exist.
    pub(super) fn skeleton(&self) -> &Value {
        &self.skeleton
    }

    /// Adds a problem.
    pub(super) fn add(&mut self, problem: Problem) {
        self.problems.push(problem);
    }

    /// Whether the file or the environment sets this leaf.
    pub(super) fn is_set(&self, path: &str) -> bool {
        self.set_by.contains_key(path)
    }

    /// Sets a leaf to the value of an environment variable.
    pub(super) fn set(&mut self, path: &str, value: Value, variable: &str) {
        if let Some(slot) = self.tree.pointer_mut(&keys::pointer(path)) {
            *slot = value;
            self.set_by.insert(path.to_owned(), Some(variable.to_owned()));
        }
    }

    /// Overrides the defaults with the content of the file.
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
            // A section or list is null if all its content is commented out.
            (Value::Object(_) | Value::Array(_), Value::Null) => {}
            (Value::Object(known), other) => self.add(Problem::new(
                path,
                type_name(&other),
                format!("a section with the keys {}", key_names(known)),
                "write the keys under it, each on its own line and indented",
            )),
            (_, leaf) => {
                if let Some(slot) = self.tree.pointer_mut(&keys::pointer(path)) {
                    *slot = leaf;
                    self.set_by.insert(path.to_owned(), None);
                }
            }
        }
    }

    /// Reports a key that its section does not have, and suggests the key that was probably meant.
    pub(super) fn unknown_key(&mut self, section: &str, name: &str, found: &str) {
        let known = match self.skeleton.pointer(&keys::pointer(section)) {
            Some(Value::Object(known)) => known.clone(),
            _ => Map::new(),
        };
        let in_other_sections: Vec<String> = keys::leaves("", &self.skeleton)
            .into_iter()
            .filter(|leaf| leaf.rsplit('.').next() == Some(name))
            .collect();
        let fix = match keys::closest(name, known.keys().map(String::as_str)) {
            Some(meant) => format!("did you mean {}?", keys::join(section, meant)),
            None if !in_other_sections.is_empty() => {
                format!("did you mean {}?", in_other_sections.join(" or "))
            }
            None => "remove it, or correct its spelling or indentation".to_owned(),
        };
        let kind = if section.is_empty() { "sections" } else { "keys" };
        let allowed = format!("the {kind} {}", key_names(&known));
        self.add(Problem::new(keys::join(section, &without_value(name)), found, allowed, fix));
    }

    /// Converts the tree to a typed config. A value of the wrong type is reported and replaced by
    /// its default, so that the conversion goes on and finds all problems.
    pub(super) fn deserialize(&mut self) -> Config {
        for path in REQUIRED {
            if !self.is_set(path) {
                self.refuse(path, "nothing", None);
            }
        }
        for list in LISTS.iter().filter(|list| !list.item.is_empty()) {
            self.check_items(list);
        }
        // Each round replaces one leaf, and no leaf twice, so the loop ends.
        loop {
            let error = match serde_path_to_error::deserialize::<_, Config>(&self.tree) {
                Ok(config) => return config,
                Err(error) => error,
            };
            let path = error.path().to_string();
            let pointer = keys::pointer(&path);
            let found = self.tree.pointer(&pointer).map(|value| keys::displayed(&path, value));
            self.refuse(&path, &found.unwrap_or_else(|| "nothing".to_owned()), None);
            let default = match self.skeleton.pointer(&pointer) {
                Some(default) => default.clone(),
                None => keys::valid_item_value(&path),
            };
            match self.tree.pointer_mut(&pointer) {
                Some(slot) if *slot != default => *slot = default,
                _ => return Config::default(),
            }
            self.broken.insert(path);
        }
    }

    /// Checks the items of a list of sections, which the defaults do not describe. Invalid items
    /// are reported and replaced by valid ones.
    fn check_items(&mut self, list: &List) {
        let pointer = keys::pointer(list.path);
        let Some(Value::Array(items)) = self.tree.pointer(&pointer).cloned() else { return };
        let checked = items.into_iter().enumerate().map(|(position, item)| {
            let path = format!("{}[{position}]", list.path);
            Value::Object(match item {
                Value::Object(found) => self.check_item(list, &path, found),
                other => {
                    self.refuse(&path, type_name(&other), None);
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
        let required = list.item.iter().map(|(name, _)| *name);
        let known: Vec<&str> = required.chain(list.optional.iter().copied()).collect();
        for name in found.keys().filter(|name| !known.contains(&name.as_str())) {
            let meant = keys::closest(name, known.iter().copied());
            // In `SECRET: shop`, the unknown name itself is a secret. So it is shown only if it
            // resembles a known name.
            let (path, fix) = match meant {
                Some(meant) => (keys::join(path, name), format!("did you mean {meant}?")),
                None => (path.to_owned(), "remove it, or correct its spelling".to_owned()),
            };
            let allowed = format!("the keys {}", known.join(", "));
            self.add(Problem::new(path, "an unknown key", allowed, fix));
        }
        found.retain(|name, _| known.contains(&name.as_str()));
        for (name, valid_value) in list.item {
            if !found.contains_key(*name) {
                let path = keys::join(path, name);
                self.refuse(&path, "nothing", None);
                self.broken.insert(path);
                found.insert((*name).to_owned(), json!(valid_value));
            }
        }
        found
    }

    /// Checks that each number is in the range that the table of keys allows.
    pub(super) fn check_numbers(&mut self) {
        for (path, highest) in keys::numbers() {
            let number = self.tree.pointer(&keys::pointer(path)).and_then(Value::as_u64);
            if let Some(number) = number.filter(|number| !(1..=highest).contains(number)) {
                self.refuse(path, &number.to_string(), None);
            }
        }
    }

    /// Reports the value at a path as invalid, unless it was reported before. Without a `fix`, the
    /// message shows the one of the table of keys.
    pub(super) fn refuse(&mut self, path: &str, found: &str, fix: Option<&str>) {
        if self.broken.iter().any(|broken| is_within(path, broken)) {
            return;
        }
        let leaf = path.split('[').next().unwrap_or_default();
        let found = match self.set_by.get(leaf) {
            Some(Some(variable)) => format!("{found} (from the environment: {variable})"),
            _ => found.to_owned(),
        };
        let key = keys::find(path);
        let allowed = key.map(|key| key.allowed.to_string()).unwrap_or_default();
        let fix = fix.or(key.map(|key| key.fix)).unwrap_or_default();
        self.add(Problem::new(path, found, allowed, fix));
    }

    /// Returns the config.
    ///
    /// # Errors
    /// All problems, sorted by path, if there are any.
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

/// Returns a name up to the first character that no key has. If the blank in `{key: SECRET}` or the
/// colon after a key is missing, YAML takes the secret as a part of the name.
fn without_value(text: &str) -> String {
    let is_of_name = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.');
    match text.find(|c| !is_of_name(c)) {
        Some(end) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

fn key_names(known: &Map<String, Value>) -> String {
    known.keys().map(String::as_str).collect::<Vec<_>>().join(", ")
}

/// Returns the type of a value, for error messages. The value itself may be a misplaced secret, so
/// it is not shown.
fn type_name(value: &Value) -> &'static str {
    match value {
        Value::Null => "nothing",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "a section",
    }
}
