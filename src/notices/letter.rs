//! Notices as texts that PostgreSQL carries. A letter is one text with many notices.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use ulid::Ulid;

use super::{Notice, id};

/// The version of the form. A letter of another version is ignored. A new kind of notice needs no new
/// version, because each notice that is not understood is ignored alone.
const VERSION: u32 = 1;
/// The greatest length of a letter, in bytes. PostgreSQL refuses 8,000.
const MAX_BYTES: usize = 7_900;

/// Notices of one process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Letter {
    /// The process that sent them, by an id that it drew when it started.
    pub from: Ulid,
    /// The notices that this version understands.
    pub notices: Vec<Notice>,
}

#[derive(Serialize)]
struct Written<'a> {
    version: u32,
    #[serde(with = "id")]
    from: Ulid,
    notices: &'a [Notice],
}

#[derive(Deserialize)]
struct Read {
    version: u32,
    #[serde(with = "id")]
    from: Ulid,
    notices: Vec<Value>,
}

/// Writes notices as few letters. A notice that is too long for a letter of its own is left out.
pub fn letters(from: Ulid, notices: &[Notice]) -> Vec<String> {
    let write = |notices: &[Notice]| {
        serde_json::to_string(&Written { version: VERSION, from, notices }).unwrap_or_default()
    };
    let around = write(&[]).len();
    let (mut letters, mut first, mut length) = (Vec::new(), 0, around);
    for (number, notice) in notices.iter().enumerate() {
        // One more for the comma.
        let added = serde_json::to_string(notice).map_or(0, |text| text.len()) + 1;
        if length + added > MAX_BYTES {
            letters.push(write(notices.get(first..number).unwrap_or_default()));
            (first, length) = (number, around);
        }
        length += added;
    }
    letters.push(write(notices.get(first..).unwrap_or_default()));
    letters.retain(|letter| letter.len() > around && letter.len() <= MAX_BYTES);
    letters
}

impl Letter {
    /// Reads a letter. Returns none if it is not in the form that this version knows.
    pub fn read(text: &str) -> Option<Self> {
        let read: Read = serde_json::from_str(text).ok()?;
        if read.version != VERSION {
            return None;
        }
        let known = read.notices.into_iter().filter_map(|it| serde_json::from_value(it).ok());
        Some(Self { from: read.from, notices: known.filter(Notice::has_valid_ids).collect() })
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::notices::{MAX_ID_BYTES, Work};

    fn notices() -> Vec<Notice> {
        let users = BTreeSet::from(["@a:x".to_owned(), "@\"ü:x".to_owned()]);
        let (transaction, guest) = (Ulid::new(), "@guest:x".to_owned());
        vec![
            Notice::Work(Work::Journal),
            Notice::Changed(transaction),
            Notice::Lost,
            Notice::Beat,
            Notice::Pinged,
            Notice::typing("!r:x", &users),
            Notice::Looking { transaction, guest, is_open: true },
        ]
    }

    #[test]
    fn what_is_written_is_read_again() {
        let from = Ulid::new();
        let letters = letters(from, &notices());
        assert_eq!(letters.len(), 1);
        let expected = Letter { from, notices: notices_of(&letters) };
        assert_eq!(Letter::read(&letters[0]).unwrap(), expected);
        assert_eq!(expected.notices.len(), notices().len());
    }

    #[test]
    fn many_notices_take_several_letters_and_none_is_missing() {
        let from = Ulid::new();
        let many: Vec<Notice> = (0..1_000).map(|_| Notice::Changed(Ulid::new())).collect();
        let letters = letters(from, &many);
        assert!(letters.len() < 10);
        assert!(letters.iter().all(|letter| letter.len() <= MAX_BYTES));
        assert_eq!(notices_of(&letters), many);
    }

    #[test]
    fn a_notice_that_is_too_long_is_left_out_and_no_other() {
        let long = Notice::typing(&"x".repeat(MAX_BYTES), &BTreeSet::new());
        let letters = letters(Ulid::new(), &[Notice::Beat, long, Notice::Pinged]);
        assert_eq!(notices_of(&letters), [Notice::Beat, Notice::Pinged]);
        assert_eq!(super::letters(Ulid::new(), &[]), Vec::<String>::new());
    }

    #[test]
    fn ids_that_are_too_long_are_ignored() {
        let long = "x".repeat(MAX_ID_BYTES + 1);
        let (transaction, is_open) = (Ulid::new(), true);
        for notice in [
            Notice::typing(&long, &BTreeSet::new()),
            Notice::typing("!r:x", &BTreeSet::from([long.clone()])),
            Notice::Looking { transaction, guest: long.clone(), is_open },
        ] {
            assert_eq!(notices_of(&letters(Ulid::new(), &[notice])), []);
        }
    }

    #[test]
    fn what_another_version_says_is_ignored() {
        let from = Ulid::new();
        let newer = format!(
            r#"{{"version":1,"from":"{from}","more":5,
                "notices":["beat",{{"sung":"la"}},"hummed",{{"work":"dishes"}},{{"work":"rooms"}}]}}"#
        );
        let expected = [Notice::Beat, Notice::Work(Work::Rooms)];
        assert_eq!(Letter::read(&newer).unwrap().notices, expected);
        let other_form = newer.replace(r#""version":1"#, r#""version":2"#);
        assert_eq!(Letter::read(&other_form), None);
        assert_eq!(Letter::read("hello"), None);
    }

    /// The form does not change by accident, because older versions read it.
    #[test]
    fn the_form_is_fixed() {
        let (from, id) = (Ulid::nil(), Ulid::nil());
        let guest = "@g:x".to_owned();
        let notices = [
            Notice::Work(Work::Far),
            Notice::Changed(id),
            Notice::typing("!r:x", &BTreeSet::from(["@a:x".to_owned()])),
            Notice::Looking { transaction: id, guest, is_open: false },
        ];
        let nil = "00000000000000000000000000";
        let expected = format!(
            "{{\"version\":1,\"from\":\"{nil}\",\"notices\":[{{\"work\":\"far\"}},\
             {{\"changed\":\"{nil}\"}},{{\"typing\":{{\"room\":\"!r:x\",\"users\":[\"@a:x\"]}}}},\
             {{\"looking\":{{\"transaction\":\"{nil}\",\"guest\":\"@g:x\",\"is_open\":false}}}}]}}"
        );
        assert_eq!(letters(from, &notices), [expected]);
    }

    fn notices_of(letters: &[String]) -> Vec<Notice> {
        letters.iter().flat_map(|letter| Letter::read(letter).unwrap().notices).collect()
    }
}
