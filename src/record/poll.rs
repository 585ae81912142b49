//! Reads polls and votes (MSC3381), with the names of the specification and the unstable names that
//! clients still send.

use std::collections::HashMap;

use serde::Serialize;
use serde_json::{Map, Value};

use super::extensible::extensible_text;
use super::{Entry, Kind, plain_text};

type Content = Map<String, Value>;

/// The maximum number of answers of a poll. Clients ignore further ones (MSC3381).
const MAX_ANSWERS: usize = 20;
/// The maximum number of choices that are read of one vote.
const MAX_CHOICES: usize = 20;

/// One version of a poll: the original or an edit.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Poll {
    /// The question.
    pub question: String,
    /// The id and the text of each answer, in the order of the poll.
    pub answers: Vec<(String, String)>,
    /// The number of answers that one vote may choose.
    pub max_selections: usize,
    /// Whether nobody is to see the votes before the poll has ended.
    pub is_undisclosed: bool,
}

/// One answer that a vote chose.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Choice {
    /// The id of the answer.
    pub id: String,
    /// The text of the answer; none if the record holds no poll with this answer.
    pub text: Option<String>,
}

impl Poll {
    /// Reads the poll in a raw event, or in the new content of an edit; none if there is none.
    fn of_raw(raw: &str) -> Option<Self> {
        let event: Value = serde_json::from_str(raw).ok()?;
        let content = event.get("content")?.as_object()?;
        let content = content.get("m.new_content").and_then(Value::as_object).unwrap_or(content);
        Self::read(content)
    }

    /// Reads the poll in the content of an event; none if there is none.
    pub(super) fn read(content: &Content) -> Option<Self> {
        let names = ["m.poll.start", "m.poll", "m.start", "org.matrix.msc3381.poll.start"];
        let poll = names.iter().find_map(|name| content.get(*name))?;
        let words_of =
            |value: &Value| Some(plain_text::text(&extensible_text(value.as_object()?)?));
        let answer = |answer: &Value| {
            let id = answer.get("m.id").or_else(|| answer.get("id"))?.as_str()?;
            Some((plain_text::text(id), words_of(answer)?))
        };
        let answers = poll.get("answers").and_then(Value::as_array);
        let kind = poll.get("kind").and_then(Value::as_str).unwrap_or_default();
        let selections = poll.get("max_selections").and_then(Value::as_u64).unwrap_or(1);
        Some(Self {
            question: poll.get("question").and_then(words_of).unwrap_or_default(),
            answers: answers.into_iter().flatten().filter_map(answer).take(MAX_ANSWERS).collect(),
            max_selections: usize::try_from(selections).unwrap_or(usize::MAX).max(1),
            is_undisclosed: kind.ends_with(".undisclosed"),
        })
    }

    /// Returns the question and the answers, each on its own line.
    pub(super) fn words(&self) -> String {
        let answers = self.answers.iter().map(|(_, words)| format!("- {words}"));
        let question = Some(self.question.clone()).filter(|it| !it.is_empty());
        question.into_iter().chain(answers).collect::<Vec<_>>().join("\n")
    }

    fn answer(&self, id: &str) -> Option<&str> {
        let found = self.answers.iter().find(|(known, _)| known == id);
        found.map(|(_, words)| words.as_str())
    }
}

/// Returns the ids of the answers that a vote chooses, in its order and without duplicates.
pub(super) fn chosen_in(content: &Content) -> Vec<String> {
    let names = ["m.poll.response", "m.response", "org.matrix.msc3381.poll.response"];
    let chosen = names
        .iter()
        .find_map(|name| content.get(*name)?.get("answers"))
        .or_else(|| content.get("m.selections"))
        .and_then(Value::as_array);
    let mut ids: Vec<String> = Vec::new();
    for id in chosen.into_iter().flatten().filter_map(Value::as_str).map(plain_text::text) {
        if !ids.contains(&id) && ids.len() < MAX_CHOICES {
            ids.push(id);
        }
    }
    ids
}

/// The polls and votes of a record, to show votes as text. The order in which they are added does not
/// matter: a vote may come before its poll.
#[derive(Debug, Default)]
pub struct Ballots {
    versions: HashMap<String, Vec<Version>>,
    votes: HashMap<String, Vote>,
}

#[derive(Debug)]
struct Version {
    event_id: String,
    event_type: String,
    sender: String,
    sort_at: i64,
    is_original: bool,
    poll: Poll,
}

#[derive(Debug)]
struct Vote {
    poll: String,
    voted_at: i64,
    ids: Vec<String>,
}

impl Ballots {
    /// Adds an entry if it is a poll, an edit of a poll, or a vote. `raw` is its raw event.
    pub fn add(&mut self, entry: &Entry, raw: &str) {
        let fixed = &entry.fixed;
        let target = entry.relates_to.as_ref().map(|relation| relation.event_id.clone());
        match (entry.kind, target) {
            (Kind::PollStart, _) => self.add_version(entry, fixed.event_id.clone(), raw),
            (Kind::Edit, Some(target)) => self.add_version(entry, target, raw),
            (Kind::PollResponse, Some(poll)) => {
                let event: Value = serde_json::from_str(raw).unwrap_or_default();
                let content = event.get("content").and_then(Value::as_object);
                let ids = content.map(chosen_in).unwrap_or_default();
                let vote = Vote { poll, voted_at: entry.sort_at, ids };
                self.votes.insert(fixed.event_id.clone(), vote);
            }
            _ => {}
        }
    }

    fn add_version(&mut self, entry: &Entry, of: String, raw: &str) {
        let Some(poll) = Poll::of_raw(raw) else { return };
        let fixed = &entry.fixed;
        self.versions.entry(of).or_default().push(Version {
            event_id: fixed.event_id.clone(),
            event_type: fixed.event_type.clone(),
            sender: fixed.sender.clone(),
            sort_at: entry.sort_at,
            is_original: entry.kind == Kind::PollStart,
            poll,
        });
    }

    /// Returns the versions of a poll: the original, then its author's edits in the reading order.
    fn versions(&self, poll: &str) -> Vec<&Version> {
        let all = self.versions.get(poll).map(Vec::as_slice).unwrap_or_default();
        let Some(original) = all.iter().find(|it| it.is_original) else { return Vec::new() };
        let own = |it: &&Version| {
            it.is_original || (it.sender == original.sender && it.event_type == original.event_type)
        };
        let mut versions: Vec<_> = all.iter().filter(own).collect();
        versions.sort_by_key(|it| (!it.is_original, it.sort_at, &it.event_id));
        versions
    }

    /// Returns the current version of a poll.
    pub fn poll(&self, event_id: &str) -> Option<&Poll> {
        self.versions(event_id).last().map(|it| &it.poll)
    }

    /// Returns what a vote chose, or none if the event is no vote.
    ///
    /// The text of an answer is that of the poll's version at the time of the vote. If that version
    /// does not have the answer, the others are searched. Choices after `max_selections` do not count
    /// (MSC3381).
    pub fn choices(&self, event_id: &str) -> Option<Vec<Choice>> {
        let vote = self.votes.get(event_id)?;
        let versions = self.versions(&vote.poll);
        let voted_on = versions.iter().rev().find(|version| version.sort_at <= vote.voted_at);
        let voted_on = voted_on.or_else(|| versions.first()).map(|it| &it.poll);
        let words_of = |id: &str| {
            let of_others = || versions.iter().rev().find_map(|it| it.poll.answer(id));
            voted_on?.answer(id).or_else(of_others).map(str::to_owned)
        };
        let counted = voted_on.map_or(vote.ids.len(), |poll| poll.max_selections);
        let choice = |id: &String| Choice { id: id.clone(), text: words_of(id) };
        Some(vote.ids.iter().take(counted).map(choice).collect())
    }

    /// Returns the answers of a poll in their order, with the number of these votes for each; or none if the poll cannot
    /// be read.
    pub fn counts<'v>(
        &self,
        poll: &str,
        votes: impl Iterator<Item = &'v Entry>,
    ) -> Option<Vec<(String, usize)>> {
        let choices = votes.filter_map(|vote| self.choices(&vote.fixed.event_id)).flatten();
        let chosen: Vec<String> = choices.map(|choice| choice.id).collect();
        let count = |id: &String| chosen.iter().filter(|it| *it == id).count();
        let answers = self.poll(poll)?.answers.iter();
        Some(answers.map(|(id, text)| (text.clone(), count(id))).collect())
    }
}

/// Returns choices as a text, separated by commas. An answer without a known text is shown by its id.
pub fn in_words(choices: &[Choice]) -> String {
    let words = choices.iter().map(|choice| choice.text.as_ref().unwrap_or(&choice.id).as_str());
    words.collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests;
