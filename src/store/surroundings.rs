//! What the invoice page shows around the lines of a conversation.

use std::sync::LazyLock;

use ruma::UserId;
use sqlx::AssertSqlSafe;
use ulid::Ulid;

use super::chat::SELECT_LAST_READS;
use super::members::{FROM_CONTACT_MEMBERS, FROM_STRANGERS};
use super::notes::SELECT_OF_SIDE;
use super::outgoing::guest_row;
use super::questions::{self, Answer, Question};
use super::replies;
use super::{
    GuestRow, LastRead, Note, NotesOfSide, Outgoing, RoomMember, SideNote, Store, StoreError,
};

static SELECT_SURROUNDINGS: LazyLock<String> = LazyLock::new(|| {
    let reads = SELECT_LAST_READS.as_str();
    questions::ask(&[
        Question {
            name: "room",
            of: "t.id",
            texts: &["r.room_id"],
            numbers: &["t.last_seq", "r.failures"],
            from: "transactions t LEFT JOIN rooms r ON r.transaction_id = t.id WHERE t.id = $1",
        },
        Question {
            name: "guest",
            of: "transaction_id",
            texts: &["user_id", "party", "contact", "display_name"],
            numbers: &["made_at"],
            from: "guests WHERE transaction_id = $1",
        },
        Question {
            name: "member",
            of: "m.transaction_id",
            texts: &["m.user_id", "m.membership", "m.display_name"],
            numbers: &[],
            from: &format!("{FROM_CONTACT_MEMBERS} WHERE m.transaction_id = $1"),
        },
        Question {
            name: "stranger",
            of: "transaction_id",
            texts: &["user_id", "membership", "display_name"],
            numbers: &[],
            from: FROM_STRANGERS,
        },
        Question {
            name: "last_read",
            of: "$1",
            texts: &["user_id", "line"],
            numbers: &["sort_at"],
            from: &format!("({reads}) last_reads"),
        },
        Question {
            name: "unsent",
            of: "transaction_id",
            texts: &["id", "event_type", "content", "sha256", "problem"],
            numbers: &["written_at"],
            from: "outgoing WHERE transaction_id = $1 AND user_id = $2 AND event_id IS NULL",
        },
        Question {
            name: "note",
            of: "transaction_id",
            texts: &["id", "author", "text", "user_id"],
            numbers: &["created_at", "removed_at", "position"],
            from: &format!("({SELECT_OF_SIDE}) notes"),
        },
        Question {
            name: "buyer_replies",
            of: "$1",
            texts: &[],
            numbers: &["replies", "delay"],
            from: &replies::from_buyer(),
        },
        Question {
            name: "seller_replies",
            of: "$1",
            texts: &[],
            numbers: &["replies", "delay"],
            from: &replies::from_seller(),
        },
    ])
});

/// What there is around the lines of a conversation, at one moment.
#[derive(Clone, Debug, Default)]
pub struct Surroundings {
    /// The `seq` of the last entry of the record.
    pub seq: i64,
    /// The id of the current Matrix room, once it is made.
    pub room_id: Option<String>,
    /// Whether the last steps in the room failed.
    pub is_stuck: bool,
    /// The guests of the transaction.
    pub guests: Vec<GuestRow>,
    /// The contacts with a Matrix account who are or were in the room, or are invited.
    pub members: Vec<RoomMember>,
    /// The people in the room who are neither contacts nor guests; the bot is one of them.
    pub strangers: Vec<RoomMember>,
    /// How far people have read.
    pub last_reads: Vec<LastRead>,
    /// The messages of the visitor that are not in the room, oldest first.
    pub unsent: Vec<Outgoing>,
    /// How long the buyer usually takes to reply in this transaction, in milliseconds; `None`: too few replies.
    pub buyer_replies_in: Option<i64>,
    /// How long the seller usually takes to reply in any transaction of the shop, in milliseconds; `None`: too few replies.
    pub seller_replies_in: Option<i64>,
    /// The notes of a side, newest first. Without a side, none.
    pub notes: Vec<SideNote>,
}

impl Store {
    /// Returns what there is around the lines of a conversation, for a visitor who speaks through
    /// this guest. Notes are read for one side only, or for none.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn surroundings(
        &self,
        id: Ulid,
        guest: &UserId,
        notes: Option<NotesOfSide>,
    ) -> Result<Surroundings, StoreError> {
        let answers: Vec<Answer> = sqlx::query_as(AssertSqlSafe(SELECT_SURROUNDINGS.as_str()))
            .bind(id.to_string())
            .bind(guest.as_str())
            .bind(notes.map_or("", |it| it.party.as_str()))
            .bind(notes.and_then(|it| it.before).map(|it| it.to_string()).unwrap_or_default())
            .bind(notes.map_or(0, |it| it.most))
            .fetch_all(&self.pool)
            .await?;
        let party = notes.map(|it| it.party.as_str());
        Ok(Surroundings::of(answers, guest, party.unwrap_or_default()))
    }
}

impl Surroundings {
    fn of(answers: Vec<Answer>, guest: &UserId, party: &str) -> Self {
        let mut found = Self::default();
        for Answer { question, texts, numbers, .. } in answers {
            let ([first, second, third, fourth, fifth], [number, failures, ..]) = (texts, numbers);
            let number = number.unwrap_or_default();
            match question.as_str() {
                "room" => {
                    found.seq = number;
                    found.room_id = first;
                    found.is_stuck = failures.is_some_and(|failures| failures > 0);
                }
                "guest" => {
                    let user = first.unwrap_or_default();
                    let name = fourth.unwrap_or_default();
                    let made_at = numbers[0];
                    found.guests.extend(guest_row(
                        &user,
                        second.unwrap_or_default(),
                        third,
                        name,
                        made_at,
                    ));
                }
                "member" | "stranger" => {
                    let is_stranger = question == "stranger";
                    let of = if is_stranger { &mut found.strangers } else { &mut found.members };
                    let user_id = first.unwrap_or_default();
                    of.push(RoomMember { user_id, membership: second, display_name: third });
                }
                "last_read" => found.last_reads.push(LastRead {
                    user_id: first.unwrap_or_default(),
                    line: second,
                    sort_at: number,
                }),
                "unsent" => found.unsent.push(Outgoing {
                    id: first.unwrap_or_default(),
                    user_id: guest.to_string(),
                    event_type: second.unwrap_or_default(),
                    content: third,
                    sha256: fourth,
                    written_at: number,
                    problem: fifth,
                }),
                "note" => found.notes.push(SideNote {
                    note: Note {
                        id: first.unwrap_or_default(),
                        position: numbers[2].unwrap_or_default(),
                        party: party.to_owned(),
                        author: second,
                        text: third,
                        created_at: number,
                        removed_at: numbers[1],
                    },
                    user_id: fourth,
                }),
                "buyer_replies" => {
                    found.buyer_replies_in = replies::usual(number, failures.unwrap_or_default());
                }
                _ => found.seller_replies_in = replies::usual(number, failures.unwrap_or_default()),
            }
        }
        // A union has no order of its own.
        found.guests.sort_by(|one, other| one.guest.user_id.cmp(&other.guest.user_id));
        found.strangers.sort_by(|one, other| one.user_id.cmp(&other.user_id));
        found.unsent.sort_by(|one, other| one.id.cmp(&other.id));
        found.notes.sort_by_key(|it| std::cmp::Reverse(it.note.position));
        found
    }
}
