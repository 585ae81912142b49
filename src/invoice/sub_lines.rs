//! Lines inside of lines: UBL nests them, and the model names the line around.

use std::collections::HashMap;

use super::model::LineInput;
use super::model::line::{INFORMATION, is_summed};

/// The greatest depth of lines inside each other.
const MAX_DEPTH: usize = 16;

/// Where a line stands in UBL.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Nested {
    /// It is a line of the invoice.
    Line,
    /// It is a sub-line of the line at this place in the list.
    Within(usize),
    /// UBL has no place for it.
    Nowhere,
}

/// What decides where a line stands.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Numbered<'a> {
    /// The id (BT-126).
    pub(super) id: Option<&'a str>,
    /// The id of the line around.
    pub(super) parent: Option<&'a str>,
    /// The role (BT-X-8).
    pub(super) role: Option<&'a str>,
}

impl<'a> From<&'a LineInput> for Numbered<'a> {
    fn from(line: &'a LineInput) -> Self {
        let LineInput { id, parent, role, .. } = line;
        Self { id: id.as_deref(), parent: parent.as_deref(), role: role.as_deref() }
    }
}

/// Returns where each line stands in UBL. The lines that are summed are lines of the invoice, so that its sums
/// stay right. A line that only informs is a sub-line of the line that it names. A line that groups others
/// has no place: UBL would add it to the sum.
pub(super) fn nested<'a>(lines: impl IntoIterator<Item = impl Into<Numbered<'a>>>) -> Vec<Nested> {
    let mut all = Vec::new();
    let mut depths: Vec<usize> = Vec::new();
    let mut latest: HashMap<&str, usize> = HashMap::new();
    for (index, line) in lines.into_iter().enumerate() {
        let Numbered { id, parent, role } = line.into();
        let around = parent.and_then(|parent| latest.get(parent)).copied();
        let (place, depth) = if is_summed(role) {
            (Nested::Line, 0)
        } else {
            let depth = around.and_then(|around| depths.get(around)).map_or(0, |depth| depth + 1);
            match around {
                Some(around) if role == Some(INFORMATION) && depth < MAX_DEPTH => {
                    (Nested::Within(around), depth)
                }
                _ => (Nested::Nowhere, 0),
            }
        };
        all.push(place);
        depths.push(depth);
        if let (Some(id), true) = (id, place != Nested::Nowhere) {
            latest.insert(id, index);
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(id: &str, parent: Option<&str>, role: Option<&str>) -> LineInput {
        LineInput {
            id: Some(id.to_owned()),
            parent: parent.map(str::to_owned),
            role: role.map(str::to_owned),
            ..LineInput::default()
        }
    }

    #[test]
    fn a_line_that_informs_stands_in_the_line_that_it_names() {
        let lines = [
            line("1", None, None),
            line("1.1", Some("1"), Some(INFORMATION)),
            line("1.1.1", Some("1.1"), Some(INFORMATION)),
            line("2", None, Some("GROUP")),
            line("2.1", Some("2"), None),
            line("2.2", Some("2"), Some(INFORMATION)),
            line("3", None, Some(INFORMATION)),
        ];
        assert_eq!(
            nested(&lines),
            [
                Nested::Line,
                Nested::Within(0),
                Nested::Within(1),
                Nested::Nowhere,
                Nested::Line,
                Nested::Nowhere,
                Nested::Nowhere
            ]
        );
    }

    #[test]
    fn lines_are_not_nested_without_end() {
        let deep: Vec<LineInput> = (0..1_000)
            .map(|it: i32| {
                let parent = (it - 1).to_string();
                let role = (it > 0).then_some(INFORMATION);
                line(&it.to_string(), (it > 0).then_some(parent.as_str()), role)
            })
            .collect();
        let within = nested(&deep).into_iter().filter(|it| *it != Nested::Nowhere).count();
        assert_eq!(within, MAX_DEPTH);
    }
}
