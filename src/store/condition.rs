//! The condition of transactions, of their rooms and of their records, which the API tells beside what the shop said.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use sqlx::AssertSqlSafe;
use ulid::Ulid;

use super::columns::parse_id;
use super::questions::{self, Answer, Question};
use super::rooms::select_rooms;
use super::{Person, RecordRoom, RoomProblem, RoomRow, Store, StoreError};

/// The transactions that are asked about: those of a shop between two ids whose ids are in a text, one after the
/// other. So there is one statement, however many there are.
macro_rules! in_range {
    () => {
        "transaction_id IN (SELECT id FROM transactions WHERE shop = $1 AND id >= $2 AND id <= $3 \
         AND $4 LIKE '%' || id || '%')"
    };
}
const SELECT_ROOMS_IN_RANGE: &str = select_rooms!(concat!("WHERE ", in_range!()));
static SELECT_CONDITIONS: LazyLock<String> = LazyLock::new(|| {
    questions::ask(&[
        Question {
            name: "record",
            of: "t.id",
            texts: &["t.last_hash", "h.public_key"],
            numbers: &[
                "t.last_seq",
                "(SELECT COUNT(*) FROM entries e WHERE e.transaction_id = t.id \
                 AND e.kind = 'encrypted')",
                "h.seq",
                "h.signed_at",
            ],
            from: "transactions t LEFT JOIN heads h ON h.transaction_id = t.id \
                   AND (h.seq, h.acts) = (SELECT n.seq, n.acts FROM heads n \
                   WHERE n.transaction_id = t.id ORDER BY n.seq DESC, n.acts DESC LIMIT 1) \
                   WHERE t.shop = $1 AND t.id >= $2 AND t.id <= $3 \
                   AND $4 LIKE '%' || t.id || '%'",
        },
        Question {
            name: "person",
            of: "transaction_id",
            texts: &["user_id", "membership", "problem"],
            numbers: &["since", "declined", "missing_since", "failing_since"],
            from: concat!("members WHERE ", in_range!()),
        },
        Question {
            name: "handed_over",
            of: "transaction_id",
            texts: &["user_id"],
            numbers: &[],
            from: concat!("far_invitations WHERE ", in_range!()),
        },
        Question {
            name: "problem",
            of: "transaction_id",
            texts: &["step", "problem"],
            numbers: &["failures", "since", "retry_at"],
            from: concat!("room_problems WHERE ", in_range!()),
        },
        Question {
            name: "mail",
            of: "c.transaction_id",
            texts: &["c.party", "c.contact", "m.problem"],
            numbers: &[],
            from: concat!(
                "mail_contacts c JOIN mails m ON m.mail_contact_id = c.id AND m.id = \
                 (SELECT MAX(n.id) FROM mails n WHERE n.mail_contact_id = c.id) \
                 WHERE m.problem IS NOT NULL AND c.",
                in_range!()
            ),
        },
        Question {
            name: "room",
            of: "transaction_id",
            texts: &["room_id", "why"],
            numbers: &["since"],
            from: concat!("record_rooms WHERE ", in_range!()),
        },
    ])
});

/// The condition of a transaction. Times are milliseconds since 1970.
#[derive(Clone, Debug, Default)]
pub struct Condition {
    /// The current room.
    pub room: Option<RoomRow>,
    /// What is known about everybody in the room or invited to it, by Matrix user id.
    pub people: BTreeMap<String, Person>,
    /// The Matrix users whose invitation waits for another homeserver.
    pub handed_over: BTreeSet<String>,
    /// The refused steps of the room, oldest first.
    pub problems: Vec<RoomProblem>,
    /// Why the last mail to a contact was not taken, by party and e-mail address.
    pub mail_problems: BTreeMap<(String, String), String>,
    /// All rooms of the transaction, oldest first.
    pub rooms: Vec<RecordRoom>,
    /// The record.
    pub record: RecordCondition,
}

/// The condition of a record.
#[derive(Clone, Debug, Default)]
pub struct RecordCondition {
    /// The `seq` of its last entry.
    pub seq: i64,
    /// The hash of that entry.
    pub hash: String,
    /// The number of encrypted messages. Tallyroom cannot read them.
    pub unreadable: i64,
    /// The last entry that a signed head covers, when it was signed, and the public key.
    pub signed: Option<(i64, i64, String)>,
}

impl Store {
    /// Returns the condition of these transactions of this shop.
    ///
    /// # Errors
    /// If the database does not answer or holds an unreadable value.
    pub async fn conditions(
        &self,
        shop: &str,
        ids: &[Ulid],
    ) -> Result<BTreeMap<Ulid, Condition>, StoreError> {
        let (Some(first), Some(last)) = (ids.iter().min(), ids.iter().max()) else {
            return Ok(BTreeMap::new());
        };
        let (first, last) = (first.to_string(), last.to_string());
        let chosen: String = ids.iter().map(Ulid::to_string).collect();
        let rooms = sqlx::query_as(SELECT_ROOMS_IN_RANGE).bind(shop).bind(&first).bind(&last);
        let rooms = rooms.bind(&chosen);
        let rooms: Vec<RoomRow> = rooms.fetch_all(&self.pool).await?;
        let answers = sqlx::query_as(AssertSqlSafe(SELECT_CONDITIONS.as_str()));
        let answers: Vec<Answer> =
            answers.bind(shop).bind(first).bind(last).bind(chosen).fetch_all(&self.pool).await?;
        let mut conditions: BTreeMap<Ulid, Condition> = BTreeMap::new();
        for room in rooms {
            let id = parse_id(&room.transaction_id)?;
            conditions.entry(id).or_default().room = Some(room);
        }
        for answer in answers {
            conditions.entry(parse_id(&answer.transaction)?).or_default().add(answer);
        }
        for condition in conditions.values_mut() {
            // A union has no order of its own.
            condition.problems.sort_by(|a, b| (a.since, &a.step).cmp(&(b.since, &b.step)));
            condition.rooms.sort_by(|a, b| (a.since, &a.room_id).cmp(&(b.since, &b.room_id)));
        }
        Ok(conditions)
    }
}

impl Condition {
    fn add(&mut self, Answer { question, texts, numbers, .. }: Answer) {
        let [first, second, third, ..] = texts;
        let key = first.unwrap_or_default();
        match question.as_str() {
            "record" => {
                let [seq, unreadable, signed_seq, signed_at] = numbers;
                let signed = signed_seq.zip(signed_at).zip(second);
                self.record = RecordCondition {
                    seq: seq.unwrap_or_default(),
                    hash: key,
                    unreadable: unreadable.unwrap_or_default(),
                    signed: signed.map(|((seq, at), public_key)| (seq, at, public_key)),
                };
            }
            "person" => {
                let [since, declined, missing_since, failing_since] = numbers;
                let person = Person {
                    user_id: key.clone(),
                    membership: second,
                    since,
                    declined: declined.unwrap_or_default(),
                    missing_since,
                    failing_since,
                    problem: third,
                };
                self.people.insert(key, person);
            }
            "handed_over" => drop(self.handed_over.insert(key)),
            "problem" => {
                let [failures, since, retry_at, _] = numbers;
                self.problems.push(RoomProblem {
                    step: key,
                    problem: second.unwrap_or_default(),
                    failures: failures.unwrap_or_default(),
                    since: since.unwrap_or_default(),
                    retry_at: retry_at.unwrap_or_default(),
                });
            }
            "mail" => {
                let (address, problem) = (second.unwrap_or_default(), third.unwrap_or_default());
                self.mail_problems.insert((key, address), problem);
            }
            _ => self.rooms.push(RecordRoom {
                room_id: key,
                why: second.unwrap_or_default(),
                since: numbers[0].unwrap_or_default(),
            }),
        }
    }
}
