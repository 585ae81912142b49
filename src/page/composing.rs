//! Decides what the text field of the page is for: a new message, an answer, a change of a message, or
//! another try to send one. Pure: no I/O.

use super::cast::Cast;
use super::chat;
use super::model::{Composing, Quote, Unsent, UnsentRelation};
use super::session::Session;
use crate::record::Line;

/// The part of the conversation that a visitor requests, and what they want to write.
#[derive(Clone, Debug, Default)]
pub(super) struct ChatRequest {
    /// The cursor of the line before which older lines are requested.
    pub(super) before: Option<String>,
    /// The event id of the line to answer.
    pub(super) reply: Option<String>,
    /// The event id of the line to change.
    pub(super) edit: Option<String>,
    /// The id of the unsent message to write again.
    pub(super) again: Option<String>,
    /// Which of the suggested questions to ask, counted from 0.
    pub(super) ask: Option<usize>,
    /// The words to search for.
    pub(super) find: Option<String>,
}

/// What a visitor wants to write.
#[derive(Clone, Debug)]
pub(super) enum Writing {
    New,
    /// An answer to the message with this event id.
    Reply(String),
    /// A change of the message with this event id.
    Edit(String),
    /// Another try to send the message with this id.
    Again {
        outgoing: String,
        text: String,
        relation: UnsentRelation,
    },
}

impl Writing {
    /// Reads it from a request. `unsent` are the messages of the visitor that are not in the room.
    pub(super) fn of(request: &ChatRequest, unsent: &[Unsent]) -> Self {
        match request {
            ChatRequest { again: Some(id), .. } => {
                let found = unsent.iter().find(|unsent| unsent.id == *id && unsent.gave_up);
                let Some(Unsent { id, text, relation: Some(relation), .. }) = found else {
                    return Self::New;
                };
                let (outgoing, text, relation) = (id.clone(), text.clone(), relation.clone());
                Self::Again { outgoing, text, relation }
            }
            ChatRequest { edit: Some(event), .. } => Self::Edit(event.clone()),
            ChatRequest { reply: Some(event), .. } => Self::Reply(event.clone()),
            _ => Self::New,
        }
    }

    /// Returns the event id of the message that the text field needs.
    pub(super) fn quotes(&self) -> Option<&str> {
        match self {
            Self::New => None,
            Self::Reply(event) | Self::Edit(event) => Some(event),
            Self::Again { relation, .. } => relation.reply.as_deref(),
        }
    }

    /// Returns what the text field is for. `quoted` has the message that it needs, if the record
    /// has it.
    pub(super) fn composing(
        self,
        quoted: &[Line<'_>],
        session: &Session,
        cast: &Cast,
    ) -> Composing {
        let line = |event: &str| quoted.iter().find(|it| it.entry.fixed.event_id == event);
        let quote = |event: &str| -> Option<Quote> {
            Some(chat::quote(line(event)?, None, cast, &session.reader))
        };
        match self {
            Self::New => Composing::New,
            Self::Reply(event) => quote(&event).map_or(Composing::New, Composing::Reply),
            Self::Again { outgoing, text, relation } => {
                let quote = relation.reply.as_deref().and_then(quote);
                Composing::Resend { text, relation, outgoing, quote }
            }
            Self::Edit(event) => match line(&event) {
                Some(line) if line.entry.fixed.sender == session.guest.user_id.as_str() => {
                    let text = line.current().text.clone().unwrap_or_default();
                    Composing::Edit { event, text }
                }
                _ => Composing::New,
            },
        }
    }
}
