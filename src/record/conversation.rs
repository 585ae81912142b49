//! Puts the entries of a record together as a conversation: lines in the reading order, each with its
//! edits, reactions, votes and redaction. The result does not depend on the order of receipt.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::entry::{Entry, VOTE_TOO_LATE, objection};
use super::{Kind, Relation, RelationKind, Role};

/// One line of the conversation.
#[derive(Clone, Debug)]
pub struct Line<'a> {
    /// The original entry.
    pub entry: &'a Entry,
    /// The sender's display name at that place in the reading order.
    pub name: Option<&'a str>,
    /// The author's edits, oldest first.
    pub edits: Vec<&'a Entry>,
    /// The redaction that removed the entry from the room.
    pub redaction: Option<&'a Entry>,
    /// The users who reacted, by reaction.
    pub reactions: BTreeMap<&'a str, Vec<&'a str>>,
    /// In a poll: the last vote of each voter.
    pub votes: BTreeMap<&'a str, &'a Entry>,
    /// In a poll: the entry that ended it.
    pub poll_end: Option<&'a Entry>,
    /// The edits, redactions, votes and ends of a poll that have no effect, each with the reason.
    pub ignored: Vec<(&'a Entry, &'static str)>,
}

impl<'a> Line<'a> {
    fn of(entry: &'a Entry, name: Option<&'a str>) -> Self {
        Self {
            entry,
            name,
            edits: Vec::new(),
            redaction: None,
            reactions: BTreeMap::new(),
            votes: BTreeMap::new(),
            poll_end: None,
            ignored: Vec::new(),
        }
    }

    /// The current version of the line: the last edit, or the original entry.
    pub fn current(&self) -> &'a Entry {
        self.edits.last().copied().unwrap_or(self.entry)
    }

    /// Returns the last vote of each person. `person` names the person who speaks as a user: somebody who votes on the page and
    /// with their own client has one vote.
    pub fn votes_of_people<'p>(
        &self,
        person: impl Fn(&'a str) -> &'p str,
    ) -> BTreeMap<&'p str, &'a Entry> {
        let mut votes: BTreeMap<&'p str, &'a Entry> = BTreeMap::new();
        for (voter, vote) in &self.votes {
            let last = votes.entry(person(voter)).or_insert(vote);
            if reading_order(vote) > reading_order(last) {
                *last = vote;
            }
        }
        votes
    }
}

/// Returns the lines of a record. An entry about an event that the record does not hold becomes a
/// line of its own.
pub fn conversation(entries: &[Entry]) -> Vec<Line<'_>> {
    let mut ordered: Vec<&Entry> = entries.iter().collect();
    ordered.sort_by(|a, b| reading_order(a).cmp(&reading_order(b)));
    let known: HashSet<&str> = entries.iter().map(|it| it.fixed.event_id.as_str()).collect();
    let (about, lines): (Vec<&Entry>, Vec<&Entry>) = ordered.iter().partition(|entry| {
        about(entry).is_some_and(|relation| known.contains(relation.event_id.as_str()))
    });
    let mut builder = Builder::default();
    for entry in &ordered {
        builder.learn_name(entry);
    }
    for entry in lines {
        builder.add_line(entry);
    }
    for entry in about {
        builder.add_to_line(entry);
    }
    builder.lines
}

/// Returns the relation of an entry to its line, or none if the entry is a line of its own.
fn about(entry: &Entry) -> Option<&Relation> {
    let relation = entry.relates_to.as_ref()?;
    // The relation alone does not decide: a message with the relation of a reaction is a line.
    let is_about = match entry.kind.role() {
        Role::About(kind) => relation.kind == kind,
        // An edit without new content is malformed, and still belongs to its message.
        Role::Line => entry.kind == Kind::Malformed && relation.kind == RelationKind::Edit,
        Role::StateEvent => false,
    };
    is_about.then_some(relation)
}

/// Returns the sort key of an entry: first its time, then the order in which a room is made (all
/// events of one createRoom may have the same time), then its event id, so that the order is
/// unique.
fn reading_order(entry: &Entry) -> (i64, u8, &str) {
    let rank = match (entry.kind, entry.fixed.event_type.as_str()) {
        (_, "m.room.create") => 0,
        (Kind::Membership, _) => 1,
        (_, "m.room.power_levels") => 2,
        (kind, _) if kind.role() == Role::StateEvent => 3,
        _ => 4,
    };
    (entry.sort_at, rank, &entry.fixed.event_id)
}

#[derive(Default)]
struct Builder<'a> {
    lines: Vec<Line<'a>>,
    by_event: HashMap<&'a str, usize>,
    names: HashMap<&'a str, &'a str>,
    name_at: HashMap<&'a str, Option<&'a str>>,
}

impl<'a> Builder<'a> {
    fn learn_name(&mut self, entry: &'a Entry) {
        if let Some(change) = &entry.membership
            && let Some(name) = &change.display_name
        {
            self.names.insert(&change.user_id, name);
        }
        let name = self.names.get(entry.fixed.sender.as_str()).copied();
        self.name_at.insert(&entry.fixed.event_id, name);
    }

    fn add_line(&mut self, entry: &'a Entry) {
        let name = self.name_at.get(entry.fixed.event_id.as_str()).copied().flatten();
        self.by_event.insert(&entry.fixed.event_id, self.lines.len());
        self.lines.push(Line::of(entry, name));
    }

    /// Adds an edit, reaction, vote or redaction to its line.
    fn add_to_line(&mut self, entry: &'a Entry) {
        let Some(relation) = &entry.relates_to else { return };
        let Some(line) =
            self.by_event.get(relation.event_id.as_str()).and_then(|at| self.lines.get_mut(*at))
        else {
            // The target is no line: it may itself be about a line, such as a redacted reaction.
            return;
        };
        if let Some(why) = objection(entry, line.entry) {
            line.ignored.push((entry, why));
            return;
        }
        // The kind and the relation of an erased entry cannot be checked any more. Otherwise whoever can
        // write to the database could make an empty edit of it, which hides a message.
        let removed = entry.redacted_by.is_some() || entry.erased.is_some();
        match relation.kind {
            RelationKind::Redaction => {
                line.redaction.get_or_insert(entry);
            }
            RelationKind::Edit if !removed => line.edits.push(entry),
            RelationKind::Reaction if !removed => {
                if let Some(key) = &relation.key {
                    let who = line.reactions.entry(key).or_default();
                    if !who.contains(&entry.fixed.sender.as_str()) {
                        who.push(&entry.fixed.sender);
                    }
                }
            }
            RelationKind::Reference if entry.kind == Kind::PollResponse && !removed => {
                if line.poll_end.is_some() {
                    line.ignored.push((entry, VOTE_TOO_LATE));
                } else {
                    line.votes.insert(&entry.fixed.sender, entry);
                }
            }
            RelationKind::Reference if entry.kind == Kind::PollEnd && entry.erased.is_none() => {
                line.poll_end.get_or_insert(entry);
            }
            _ => {}
        }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::super::entry::{Erased, Fixed};
    use super::*;
    use crate::record::derive;
    use serde_json::{Value, json};

    pub(in crate::record) fn entry(
        id: &str,
        sender: &str,
        at: i64,
        event_type: &str,
        content: Value,
    ) -> Entry {
        let raw = json!({ "type": event_type, "event_id": id, "sender": sender,
            "origin_server_ts": at, "content": content });
        let derived = derive(&raw.to_string());
        Entry {
            fixed: Fixed {
                transaction: "t".into(),
                seq: 0,
                room_id: "!r:x".into(),
                event_id: id.into(),
                event_type: event_type.into(),
                sender: sender.into(),
                party: "buyer".into(),
                sent_at: at,
                received_at: at,
                source: "push".into(),
                content: String::new(),
            },
            hash: String::new(),
            erased: None,
            sort_at: at,
            display_name: None,
            kind: derived.kind,
            text: derived.text,
            html: derived.html,
            relates_to: derived.relates_to,
            attachments: derived.attachments,
            membership: derived.membership,
            remark: derived.remark,
            redacted_by: None,
            absent_since: None,
        }
    }

    fn text(id: &str, sender: &str, at: i64, body: &str) -> Entry {
        entry(id, sender, at, "m.room.message", json!({ "msgtype": "m.text", "body": body }))
    }

    fn edit(id: &str, sender: &str, at: i64, of: &str, body: &str) -> Entry {
        entry(
            id,
            sender,
            at,
            "m.room.message",
            json!({ "msgtype": "m.text", "body": format!("* {body}"),
                "m.new_content": { "msgtype": "m.text", "body": body },
                "m.relates_to": { "rel_type": "m.replace", "event_id": of } }),
        )
    }

    fn about(id: &str, sender: &str, at: i64, event_type: &str, rel: &str, of: &str) -> Entry {
        let relates_to = json!({ "rel_type": rel, "event_id": of, "key": "👍" });
        let poll = json!({ "answers": [format!("{sender}-{at}")] });
        entry(
            id,
            sender,
            at,
            event_type,
            json!({ "m.relates_to": relates_to, "org.matrix.msc3381.poll.response": poll }),
        )
    }

    #[test]
    fn edits_count_only_from_the_author_and_only_of_the_original() {
        let entries = [
            edit("$e2", "@a:x", 30, "$m", "second"),
            edit("$e1", "@a:x", 20, "$m", "first"),
            edit("$evil", "@b:x", 25, "$m", "I owe nothing"),
            edit("$ee", "@a:x", 40, "$e1", "edit of an edit"),
            text("$m", "@a:x", 10, "original"),
        ];
        let lines = conversation(&entries);
        assert_eq!(lines.len(), 1);
        let texts: Vec<_> = lines[0].edits.iter().filter_map(|it| it.text.as_deref()).collect();
        assert_eq!(texts, ["first", "second"]);
        assert_eq!(lines[0].current().text.as_deref(), Some("second"));
        assert_eq!(lines[0].ignored.len(), 1);
        assert_eq!(lines[0].ignored[0].0.fixed.event_id, "$evil");
    }

    #[test]
    fn what_is_left_of_an_erased_entry_changes_no_other_line() {
        let mut erased = edit("$e", "@a:x", 20, "$m", "second");
        (erased.text, erased.erased) = (None, Some(Erased::Forgotten));
        let entries = [text("$m", "@a:x", 10, "I promise to pay 700"), erased];
        let lines = conversation(&entries);
        assert_eq!(lines.len(), 1);
        assert_eq!(lines[0].current().text.as_deref(), Some("I promise to pay 700"));
    }

    #[test]
    fn the_last_vote_before_the_end_counts() {
        let poll = json!({ "org.matrix.msc3381.poll.start": {
            "question": { "org.matrix.msc1767.text": "Friday?" }, "answers": [] } });
        let entries = [
            entry("$p", "@a:x", 1, "org.matrix.msc3381.poll.start", poll),
            about("$v1", "@b:x", 2, "org.matrix.msc3381.poll.response", "m.reference", "$p"),
            about("$v2", "@b:x", 3, "org.matrix.msc3381.poll.response", "m.reference", "$p"),
            about("$end", "@a:x", 4, "org.matrix.msc3381.poll.end", "m.reference", "$p"),
            about("$v3", "@b:x", 5, "org.matrix.msc3381.poll.response", "m.reference", "$p"),
        ];
        let lines = conversation(&entries);
        assert_eq!(lines.len(), 1);
        assert_eq!(lines[0].votes["@b:x"].text.as_deref(), Some("@b:x-3"));
        assert_eq!(lines[0].poll_end.unwrap().fixed.event_id, "$end");
        let ignored: Vec<_> = lines[0].ignored.iter().map(|it| &it.0.fixed.event_id).collect();
        assert_eq!(ignored, ["$v3"]);
    }

    #[test]
    fn whoever_votes_as_two_users_has_one_vote() {
        let poll = json!({ "org.matrix.msc3381.poll.start": {
            "question": { "org.matrix.msc1767.text": "Friday?" }, "answers": [] } });
        let vote = |id, user, at| {
            about(id, user, at, "org.matrix.msc3381.poll.response", "m.reference", "$p")
        };
        let entries = [
            entry("$p", "@a:x", 1, "org.matrix.msc3381.poll.start", poll),
            vote("$v1", "@b:x", 3),
            vote("$v2", "@guest_of_b:x", 2),
            vote("$v3", "@c:x", 4),
        ];
        let lines = conversation(&entries);
        let person = |user| if user == "@guest_of_b:x" { "@b:x" } else { user };
        let votes = lines[0].votes_of_people(person);
        let votes: Vec<_> = votes.values().map(|it| it.fixed.event_id.as_str()).collect();
        assert_eq!(votes, ["$v1", "$v3"]);
    }

    #[test]
    fn only_the_author_of_a_poll_ends_it() {
        let poll = json!({ "org.matrix.msc3381.poll.start": {
            "question": { "org.matrix.msc1767.text": "Friday?" }, "answers": [] } });
        let end = "org.matrix.msc3381.poll.end";
        let entries = [
            entry("$p", "@a:x", 1, "org.matrix.msc3381.poll.start", poll),
            about("$evil", "@b:x", 2, end, "m.reference", "$p"),
            about("$v", "@b:x", 3, "org.matrix.msc3381.poll.response", "m.reference", "$p"),
            about("$end", "@a:x", 4, end, "m.reference", "$p"),
            text("$m", "@a:x", 5, "no poll"),
            about("$odd", "@a:x", 6, end, "m.reference", "$m"),
        ];
        let lines = conversation(&entries);
        assert_eq!(lines.len(), 2);
        assert_eq!(lines[0].poll_end.unwrap().fixed.event_id, "$end");
        assert!(lines[0].votes.contains_key("@b:x"), "the vote came before the end that counts");
        assert_eq!(lines[0].ignored[0].0.fixed.event_id, "$evil");
        assert!(lines[1].poll_end.is_none() && lines[1].ignored[0].1.contains("no poll"));
    }

    #[test]
    fn nothing_that_the_room_shows_is_hidden_by_its_relation() {
        let relates_to = |rel: &str| json!({ "rel_type": rel, "event_id": "$m", "key": "👍" });
        let said = |rel: &str| json!({ "msgtype": "m.text", "body": "I owe you 500", "m.relates_to": relates_to(rel) });
        let mut left = json!({ "membership": "leave", "m.relates_to": relates_to("m.replace") });
        left["displayname"] = json!("Ada");
        let mut member = entry("$left", "@a:x", 4, "m.room.member", left);
        member.kind = Kind::Membership;
        let entries = [
            text("$m", "@a:x", 1, "hello"),
            entry("$1", "@a:x", 2, "m.room.message", said("m.annotation")),
            entry("$2", "@a:x", 3, "org.example.new", said("m.replace")),
            member,
            about("$5", "@a:x", 5, "org.matrix.msc3381.poll.end", "m.thread", "$m"),
        ];
        let lines = conversation(&entries);
        let ids: Vec<_> = lines.iter().map(|line| line.entry.fixed.event_id.as_str()).collect();
        assert_eq!(ids, ["$m", "$1", "$2", "$left", "$5"]);
        assert_eq!(lines[0].current().text.as_deref(), Some("hello"));
    }

    #[test]
    fn an_edit_without_new_words_changes_nothing_and_is_noted() {
        let relates_to = json!({ "rel_type": "m.replace", "event_id": "$m" });
        let content = json!({ "msgtype": "m.text", "body": "* x", "m.relates_to": relates_to });
        let entries = [
            text("$m", "@a:x", 1, "I owe you 500"),
            entry("$e", "@a:x", 2, "m.room.message", content),
        ];
        let lines = conversation(&entries);
        assert_eq!(lines.len(), 1);
        assert_eq!(lines[0].current().text.as_deref(), Some("I owe you 500"));
        assert_eq!(lines[0].ignored[0].0.fixed.event_id, "$e");
    }

    #[test]
    fn reactions_come_and_go() {
        let mut gone = about("$r2", "@c:x", 3, "m.reaction", "m.annotation", "$m");
        gone.redacted_by = Some("$x".into());
        let entries = [
            text("$m", "@a:x", 1, "hello"),
            about("$r1", "@b:x", 2, "m.reaction", "m.annotation", "$m"),
            about("$r1b", "@b:x", 2, "m.reaction", "m.annotation", "$m"),
            gone,
        ];
        let lines = conversation(&entries);
        assert_eq!(lines[0].reactions["👍"], ["@b:x"]);
    }

    #[test]
    fn a_redaction_counts_only_from_the_author() {
        let redaction = |id: &str, sender: &str| {
            let mut redaction =
                entry(id, sender, 5, "m.room.redaction", json!({ "redacts": "$m" }));
            redaction.relates_to = Some(Relation::to(RelationKind::Redaction, "$m".into()));
            redaction
        };
        let entries = [text("$m", "@a:x", 1, "hello"), redaction("$evil", "@b:x")];
        let lines = conversation(&entries);
        assert!(lines[0].redaction.is_none());
        assert_eq!(lines[0].ignored.len(), 1);
        let entries = [redaction("$good", "@a:x"), text("$m", "@a:x", 1, "hello")];
        assert_eq!(conversation(&entries)[0].redaction.unwrap().fixed.event_id, "$good");
    }

    #[test]
    fn names_are_those_of_the_time() {
        let member = |id: &str, at: i64, name: &str| {
            let mut member = entry(id, "@a:x", at, "m.room.member", json!({}));
            member.membership = Some(crate::record::MembershipChange {
                user_id: "@a:x".into(),
                membership: "join".into(),
                display_name: Some(name.into()),
            });
            member.kind = Kind::Membership;
            member
        };
        let entries = [
            text("$2", "@a:x", 40, "later"),
            member("$n2", 30, "Ada Lovelace"),
            text("$1", "@a:x", 20, "earlier"),
            member("$n1", 10, "Ada"),
        ];
        let lines = conversation(&entries);
        let shown: Vec<_> = lines.iter().map(|line| line.name.unwrap_or_default()).collect();
        assert_eq!(shown, ["Ada", "Ada", "Ada Lovelace", "Ada Lovelace"]);
    }
}
