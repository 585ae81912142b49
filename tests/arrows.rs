//! Which folder of `src` uses which. The table "Where is what" in ARCHITECTURE.md says it, and
//! what it says is compared here with every path in the code (tests left out).

#![expect(clippy::unwrap_used, reason = "a test")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// Path of a module below `src`, such as `["page", "view"]`.
type Module = Vec<String>;
/// For each child of one module: which other children of the same module it uses.
type Arrows = BTreeMap<String, BTreeSet<String>>;

/// The first folder in the table that may do I/O.
const FIRST_IMPURE: &str = "logging";
/// What none above it uses.
const IMPURE_CRATES: [&str; 6] = ["sqlx", "axum", "reqwest", "hyper", "matrix_sdk", "object_store"];

#[test]
fn the_table_of_the_architecture_says_which_folder_uses_which() {
    let code = arrows(&sources(&[]));
    let of_code = &code[&Vec::new()];
    let table = table();
    let names: Vec<&str> = table.iter().map(|(name, _)| name.as_str()).collect();
    let rows: BTreeSet<String> = names.iter().map(|&it| it.to_owned()).collect();
    assert_eq!(rows, children(&[]), "rows of the table, and folders of src");
    for (row, (name, says)) in table.iter().enumerate() {
        // The last row uses all.
        if row == table.len() - 1 {
            continue;
        }
        let uses = of_code.get(name).cloned().unwrap_or_default();
        assert_eq!(*says, uses, "`{name}`: what ARCHITECTURE.md says, and what its code uses");
        for used in &uses {
            let above = names.iter().position(|it| it == used).unwrap() < row;
            assert!(above, "`{name}` uses `{used}`, which stands below it in the table");
        }
    }
}

#[test]
fn no_two_modules_of_a_folder_use_each_other() {
    for (folder, arrows) in arrows(&sources(&[])) {
        for name in arrows.keys() {
            let mut seen = BTreeSet::new();
            let mut next: Vec<&String> = arrows[name].iter().collect();
            while let Some(used) = next.pop() {
                assert_ne!(
                    used,
                    name,
                    "in src/{}: a circle leads back to {name}",
                    folder.join("/")
                );
                if seen.insert(used) {
                    next.extend(arrows.get(used).into_iter().flatten());
                }
            }
        }
    }
}

#[test]
fn what_is_pure_does_no_io() {
    let table = table();
    let rows = table.iter().map(|(name, _)| name.as_str());
    let pure: Vec<&str> =
        rows.take_while(|it| *it != FIRST_IMPURE).chain(["mail", "page/view"]).collect();
    assert!(pure.len() > 10 && pure.len() < table.len());
    for folder in pure {
        for (file, code) in sources(&[folder.to_owned()]) {
            for name in IMPURE_CRATES {
                let file = file.display();
                assert!(!code.contains(&format!("{name}::")), "{file} uses {name}");
            }
        }
    }
}

/// The rows of the table: a folder, and what it uses.
fn table() -> Vec<(String, BTreeSet<String>)> {
    let text = fs::read_to_string("ARCHITECTURE.md").unwrap();
    let (_, section) = text.split_once("## Where is what").unwrap();
    let rows = section.lines().filter(|line| line.starts_with("| `"));
    let quoted = |cell: &str| -> Vec<String> {
        let parts = cell.split('`').skip(1).step_by(2);
        parts.map(|it| it.trim_end_matches('/').to_owned()).collect()
    };
    rows.map(|row| {
        let cells: Vec<&str> = row.split('|').collect();
        (quoted(cells[1]).remove(0), quoted(cells[3]).into_iter().collect())
    })
    .collect()
}

/// The code below a module, without comments and tests.
fn sources(module: &[String]) -> Vec<(PathBuf, String)> {
    let folder = Path::new("src").join(module.join("/"));
    let mut found = Vec::new();
    let alone = folder.with_extension("rs");
    let mut files = vec![folder];
    files.extend(alone.is_file().then_some(alone));
    while let Some(path) = files.pop() {
        if path.is_dir() {
            files.extend(fs::read_dir(&path).unwrap().map(|it| it.unwrap().path()));
        } else if path.extension().is_some_and(|it| it == "rs")
            && path.file_stem().unwrap() != "tests"
        {
            let text = fs::read_to_string(&path).unwrap();
            let text = text.split("#[cfg(test)]\nmod tests {").next().unwrap();
            let lines = text.lines().map(|line| line.split("//").next().unwrap());
            found.push((path, lines.collect::<Vec<_>>().join("\n")));
        }
    }
    found.retain(|(path, _)| !path.components().any(|it| it.as_os_str() == "tests"));
    found
}

/// The modules that stand directly in a module.
fn children(module: &[String]) -> BTreeSet<String> {
    let folder = Path::new("src").join(module.join("/"));
    let entries = fs::read_dir(folder).into_iter().flatten();
    let names =
        entries.map(|it| it.unwrap().path().file_stem().unwrap().to_str().unwrap().to_owned());
    names.filter(|it| !["mod", "lib", "main", "tests"].contains(&it.as_str())).collect()
}

fn module_of(file: &Path) -> Module {
    let path = file.strip_prefix("src").unwrap().with_extension("");
    let mut module: Module = path.iter().map(|it| it.to_str().unwrap().to_owned()).collect();
    if ["mod", "lib"].contains(&module.last().unwrap().as_str()) {
        module.pop();
    }
    module
}

/// For each module: which of its children use which others.
fn arrows(sources: &[(PathBuf, String)]) -> BTreeMap<Module, Arrows> {
    let passed_on = passed_on(sources);
    let mut arrows: BTreeMap<Module, Arrows> = BTreeMap::new();
    for (file, code) in sources.iter().filter(|(file, _)| !file.ends_with("main.rs")) {
        let from = module_of(file);
        for path in paths(code, &from) {
            let same = from.iter().zip(&path).take_while(|(a, b)| a == b).count();
            let (folder, Some(user), Some(named)) = (&from[..same], from.get(same), path.get(same))
            else {
                continue;
            };
            let key = (folder.to_vec(), named.clone());
            let used = passed_on.get(&key).unwrap_or(named);
            if children(folder).contains(used) && used != user {
                let arrows = arrows.entry(folder.to_vec()).or_default();
                arrows.entry(user.clone()).or_default().insert(used.clone());
            }
        }
    }
    arrows
}

/// What a module passes on (`pub use`) of one of its children: the name, and the child.
fn passed_on(sources: &[(PathBuf, String)]) -> BTreeMap<(Module, String), String> {
    let mut passed_on = BTreeMap::new();
    for (file, code) in sources {
        let module = module_of(file);
        for statement in code.split(';') {
            let Some((before, tree)) = statement.rsplit_once("use ") else { continue };
            if !before.trim_end().ends_with("pub") && !before.trim_end().ends_with("pub(super)") {
                continue;
            }
            for path in expanded(tree.trim()) {
                if let [child, .., name] = path.as_slice() {
                    passed_on.insert((module.clone(), name.clone()), child.clone());
                }
            }
        }
    }
    passed_on
}

/// All paths of ours in the code of the module `from`.
fn paths(code: &str, from: &[String]) -> Vec<Module> {
    let mut paths = Vec::new();
    for start in ["crate::", "super::"] {
        for (at, _) in code.match_indices(start) {
            let before = code[..at].chars().next_back().unwrap_or(' ');
            if before.is_alphanumeric() || before == '_' || before == ':' {
                continue;
            }
            for mut path in expanded(tree_at(&code[at..])) {
                let mut module = if start == "crate::" { Vec::new() } else { from.to_vec() };
                while matches!(path.first().map(String::as_str), Some("crate" | "super")) {
                    if path.remove(0) == "super" {
                        module.pop();
                    }
                }
                module.extend(path);
                paths.push(module);
            }
        }
    }
    paths
}

/// The path, with its groups in braces, at the beginning of `code`.
fn tree_at(code: &str) -> &str {
    let mut depth = 0_usize;
    let mut before = ' ';
    let end = code.find(|c: char| {
        let opens_group = c == '{' && before == ':';
        depth += usize::from(opens_group || (c == '{' && depth > 0));
        let closes = c == '}' && depth > 0;
        let goes_on = depth > 0 || c.is_alphanumeric() || c == '_' || c == ':' || c == '*';
        depth -= usize::from(closes);
        before = c;
        !goes_on
    });
    &code[..end.unwrap_or(code.len())]
}

/// The paths in a `use` tree: `a::{b, c::d}` names `a::b` and `a::c::d`.
fn expanded(tree: &str) -> Vec<Module> {
    let Some((before, group)) = tree.split_once('{') else {
        let path = tree.split(" as ").next().unwrap();
        let segments = path.split("::").map(|it| it.trim().to_owned());
        return vec![segments.filter(|it| !it.is_empty() && it != "self").collect()];
    };
    let group = group.trim_end().trim_end_matches('}');
    let (mut depth, mut begin, mut items) = (0, 0, Vec::new());
    for (at, c) in group.char_indices() {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 0 => {
                items.push(&group[begin..at]);
                begin = at + 1;
            }
            _ => {}
        }
    }
    items.push(&group[begin..]);
    let prefix = expanded(before.trim().trim_end_matches("::")).remove(0);
    let items = items.into_iter().map(str::trim).filter(|it| !it.is_empty());
    items.flat_map(expanded).map(|path| [prefix.clone(), path].concat()).collect()
}

#[test]
fn paths_are_read_as_the_compiler_reads_them() {
    let from = ["page".to_owned(), "view".to_owned()];
    let code = "use super::{model, chat::{Line, self}};\nlet a = crate::record::Kind::Text; super::super::x()";
    let found: BTreeSet<String> = paths(code, &from).iter().map(|it| it.join("::")).collect();
    let expected = ["page::model", "page::chat", "page::chat::Line", "record::Kind::Text", "x"];
    assert_eq!(found, expected.map(str::to_owned).into());
}
