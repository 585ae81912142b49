//! The commands that people write to the bot in the room of a transaction, such as `!tally status`.

use crate::language::{Language, Locale};
use crate::transaction::Status;

/// The word with which a command begins.
pub(super) const PREFIX: &str = "!tally";
/// The longest word that is compared with those of the commands, in characters.
const MAX_WORD_CHARS: usize = 40;

/// What somebody asks the bot for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Command {
    /// The list of all commands.
    Help,
    /// What is to be paid, and by when.
    Status,
    /// The invoice in short.
    Invoice,
    /// Who is here for whom.
    Who,
    /// A personal link to the invoice page, in a direct message.
    Link,
    /// The conversation as a file: a personal link to it, in a direct message.
    Export,
    /// The status `accepted`.
    Accept,
    /// The status `disputed`, with a reason.
    Dispute,
    /// The status `paid`.
    Paid,
    /// The status `shipped`.
    Shipped,
}

/// A message to the bot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// What is asked for.
    pub wish: Wish,
    /// The language of the word, if it is a word of one language or of the room's.
    pub language: Language,
}

/// What a message to the bot asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wish {
    /// This command, with what was written after it.
    Command(Command, String),
    /// No command has this name.
    Unknown {
        /// What was written, at most as long as the longest word.
        word: String,
        /// The command that was probably meant.
        nearest: Option<Command>,
    },
}

impl Command {
    /// All commands, in the order of the help.
    pub const ALL: [Self; 10] = [
        Self::Status,
        Self::Invoice,
        Self::Who,
        Self::Link,
        Self::Export,
        Self::Accept,
        Self::Dispute,
        Self::Paid,
        Self::Shipped,
        Self::Help,
    ];

    /// The status that the command sets.
    pub fn status(self) -> Option<Status> {
        match self {
            Self::Accept => Some(Status::Accepted),
            Self::Dispute => Some(Status::Disputed),
            Self::Paid => Some(Status::Paid),
            Self::Shipped => Some(Status::Shipped),
            Self::Help | Self::Status | Self::Invoice | Self::Who | Self::Link | Self::Export => {
                None
            }
        }
    }

    /// The id of the text with its words. The text that says what it does has `-about` behind it.
    pub(super) fn text_id(self) -> &'static str {
        match self {
            Self::Help => "command-help",
            Self::Status => "command-status",
            Self::Invoice => "command-invoice",
            Self::Who => "command-who",
            Self::Link => "command-link",
            Self::Export => "command-export",
            Self::Accept => "command-accept",
            Self::Dispute => "command-dispute",
            Self::Paid => "command-paid",
            Self::Shipped => "command-shipped",
        }
    }

    /// How the command is written in a language, such as `!tally status`.
    pub fn written(self, locale: &Locale) -> String {
        let words = locale.text(self.text_id());
        format!("{PREFIX} {}", in_list(&words).next().unwrap_or_default())
    }

    /// Whether this is a word for the command in a language. The word is in lower case.
    fn is_called(self, word: &str, language: Language) -> bool {
        in_list(&Locale::of(language).text(self.text_id())).any(|it| it == word)
    }
}

/// Whether a message is one to the bot.
pub fn is_request(text: &str) -> bool {
    after_prefix(text).is_some()
}

/// Reads a message to the bot. Returns none if it is none. The words of all languages are understood. A word that
/// several languages have counts as one of the room's language, if that is among them.
pub fn request(text: &str, of_room: Language) -> Option<Request> {
    let rest = after_prefix(text)?.trim();
    let (word, arguments) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
    let word: String = word.to_lowercase().chars().take(MAX_WORD_CHARS).collect();
    if word.is_empty() {
        return Some(Request {
            wish: Wish::Command(Command::Help, String::new()),
            language: of_room,
        });
    }
    let languages = || std::iter::once(of_room).chain(Language::ALL);
    for language in languages() {
        let called = Command::ALL.into_iter().find(|it| it.is_called(&word, language));
        if let Some(command) = called {
            let wish = Wish::Command(command, arguments.trim().to_owned());
            return Some(Request { wish, language });
        }
    }
    let (nearest, language) = nearest(&word, languages()).unzip();
    let wish = Wish::Unknown { word, nearest };
    Some(Request { wish, language: language.unwrap_or(of_room) })
}

/// The command with the word that differs least from this one, if one differs little.
fn nearest(word: &str, languages: impl Iterator<Item = Language>) -> Option<(Command, Language)> {
    let most = (word.chars().count() / 3).clamp(1, 3);
    let all = languages.flat_map(|language| Command::ALL.map(|command| (command, language)));
    let distance = |(command, language): &(Command, Language)| {
        let words = Locale::of(*language).text(command.text_id());
        in_list(&words).map(|it| strsim::levenshtein(word, it)).min().unwrap_or(usize::MAX)
    };
    let (distance, found) = all.map(|it| (distance(&it), it)).min_by_key(|(it, _)| *it)?;
    (distance <= most).then_some(found)
}

/// Returns what stands after the prefix, if the text begins with it.
pub(super) fn after_prefix(text: &str) -> Option<&str> {
    let text = text.trim_start();
    let (prefix, rest) = text.split_at_checked(PREFIX.len())?;
    let ends = rest.chars().next().is_none_or(char::is_whitespace);
    (prefix.eq_ignore_ascii_case(PREFIX) && ends).then_some(rest)
}

fn in_list(words: &str) -> impl Iterator<Item = &str> {
    words.split(',').map(str::trim)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wish(text: &str, of_room: Language) -> Option<(Wish, Language)> {
        request(text, of_room).map(|it| (it.wish, it.language))
    }

    fn command(command: Command, arguments: &str) -> Wish {
        Wish::Command(command, arguments.to_owned())
    }

    #[test]
    fn only_a_message_that_begins_with_the_prefix_is_one_to_the_bot() {
        for text in ["tally status", "see !tally status", "!tallyho", "!tall", "", "!", "é!tally"]
        {
            assert!(!is_request(text) && request(text, Language::English).is_none(), "{text}");
        }
        for text in ["!tally", "  !Tally  STATUS", "!TALLY\nstatus", "!tally\u{a0}x"] {
            assert!(is_request(text), "{text}");
        }
    }

    #[test]
    fn the_words_of_all_languages_are_understood_in_every_room() {
        use Language::{Arabic, Dutch, English, French, German, Spanish};
        for (text, of_room, expected, language) in [
            ("!tally", German, command(Command::Help, ""), German),
            ("!tally status", English, command(Command::Status, ""), English),
            // German and English have the same word, and the room is neither.
            ("!tally status", Arabic, command(Command::Status, ""), English),
            ("!tally status", Dutch, command(Command::Status, ""), Dutch),
            ("!tally Rechnung", English, command(Command::Invoice, ""), German),
            ("!tally factuur  bitte ", English, command(Command::Invoice, "bitte"), Dutch),
            ("!tally QUIÉN", French, command(Command::Who, ""), Spanish),
            ("!tally رابط", English, command(Command::Link, ""), Arabic),
            ("!tally exportieren", English, command(Command::Export, ""), German),
            ("!tally تصدير", English, command(Command::Export, ""), Arabic),
            ("!tally aide", English, command(Command::Help, ""), French),
        ] {
            assert_eq!(wish(text, of_room), Some((expected, language)), "{text}");
        }
    }

    #[test]
    fn a_mistake_leads_to_the_command_that_was_meant() {
        let unknown = |word: &str, nearest| Wish::Unknown { word: word.to_owned(), nearest };
        for (text, expected, language) in [
            ("!tally statsu", unknown("statsu", Some(Command::Status)), Language::English),
            ("!tally rechnng", unknown("rechnng", Some(Command::Invoice)), Language::German),
            ("!tally dance", unknown("dance", None), Language::English),
        ] {
            assert_eq!(wish(text, Language::English), Some((expected, language)), "{text}");
        }
        let long = format!("!tally {}", "x".repeat(10_000));
        let Some((Wish::Unknown { word, .. }, _)) = wish(&long, Language::English) else {
            panic!()
        };
        assert_eq!(word.len(), MAX_WORD_CHARS);
    }

    #[test]
    fn a_word_means_the_same_in_all_languages_and_is_in_lower_case() {
        for language in Language::ALL {
            for command in Command::ALL {
                for word in in_list(&Locale::of(language).text(command.text_id())) {
                    assert_eq!(word, word.to_lowercase());
                    assert!(!word.is_empty() && !word.contains(char::is_whitespace), "{word:?}");
                    let text = format!("{PREFIX} {word}");
                    for of_room in Language::ALL {
                        let found = request(&text, of_room).map(|it| it.wish);
                        let expected = Wish::Command(command, String::new());
                        assert_eq!(found, Some(expected), "{word} of {language:?}");
                    }
                }
            }
        }
    }
}
