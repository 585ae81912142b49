//! Reads a mail that somebody sent: who wrote it, their words and their files.

mod html;
mod kind;
mod ours;
mod phrases;
#[cfg(test)]
mod tests;
mod words;

pub use kind::{Bounce, Kind};
pub use ours::Ours;

use mail_parser::decoders::base64::base64_decode;
use mail_parser::decoders::quoted_printable::quoted_printable_decode;
use mail_parser::{
    Encoding, Header, HeaderName, Message, MessageParser, MessagePart, MimeHeaders, PartType,
};

/// The greatest number of parts of a mail, and how deep mails may be in mails.
const MAX_PARTS: usize = 200;
/// The greatest number of files that one mail brings.
pub const MAX_FILES: usize = 30;
/// The greatest length of a part with text, in bytes.
const MAX_TEXT_BYTES: usize = 2_000_000;
/// The greatest length of an id of a mail or of an address, in bytes (RFC 5322, section 2.1.1).
const MAX_ID_BYTES: usize = 998;

/// What a mail says.
#[derive(Clone, Debug)]
pub struct Incoming {
    /// The address of its author, in lower case. `None` if it has none or several.
    pub from: Option<String>,
    /// Its id, without the angle brackets.
    pub message_id: Option<String>,
    /// When its author sent it, as the header says.
    pub date: Option<String>,
    /// Who sent it.
    pub kind: Kind,
    /// The words of its author, without what is quoted and without signatures.
    pub words: String,
    /// Its whole text, if something was left out of it into which somebody may have written.
    pub whole: Option<String>,
    /// The files that come with it, without mails of ours.
    pub files: Vec<MailFile>,
}

/// A file in a mail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MailFile {
    /// The name that it has in the mail, or one that follows from its type.
    pub name: String,
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// Whether it is text, such as a mail or a page.
    pub is_text: bool,
}

/// Why a mail cannot be taken in. It cannot be taken in later either.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    /// It is no mail.
    #[error("This is no mail.")]
    NoMail,
    /// It has too many parts, or too many mails in mails.
    #[error("The mail has too many parts.")]
    TooManyParts,
    /// It has too many files.
    #[error("The mail has more than {MAX_FILES} files.")]
    TooManyFiles,
    /// Its text is too long.
    #[error("The text of the mail is too long. Send it as a file.")]
    TooLong,
    /// It has another mail in it in a form that the standards do not allow.
    #[error("A mail in the mail is encoded, which RFC 2046 does not allow.")]
    EncodedMail,
}

/// Reads a mail. `sender` is the address in its envelope, and is empty if nobody is to answer it; `ours` says how mails of
/// ours are known in it. The caller bounds its length.
///
/// # Errors
/// See [`Unreadable`].
pub fn read(raw: &[u8], sender: &str, ours: &Ours) -> Result<Incoming, Unreadable> {
    check_nesting(raw)?;
    let message = MessageParser::default().parse(raw).ok_or(Unreadable::NoMail)?;
    if message.headers().is_empty() {
        return Err(Unreadable::NoMail);
    }
    if message.parts.len() > MAX_PARTS {
        return Err(Unreadable::TooManyParts);
    }
    let kind = kind::kind(&message, sender);
    let (words, files) = match kind {
        Kind::Person | Kind::PerhapsProgram => {
            check_length(&message)?;
            let files = files(&message, ours);
            (words(&message, !files.is_empty(), ours), files)
        }
        Kind::Automatic | Kind::Bounce(_) => (Words::default(), Vec::new()),
    };
    if files.len() > MAX_FILES {
        return Err(Unreadable::TooManyFiles);
    }
    Ok(Incoming {
        from: author(&message),
        message_id: message.message_id().and_then(bounded),
        date: message.header_raw("Date").and_then(bounded),
        kind,
        words: words.answer,
        whole: words.whole,
        files,
    })
}

/// Refuses what would be nested too deeply for the parser, which is recursive where a mail in a mail is encoded, and where
/// it frees what it has read.
fn check_nesting(raw: &[u8]) -> Result<(), Unreadable> {
    let mut types = 0;
    let mut has_digest = false;
    let mut of_part = PartHeader::default();
    for line in raw.split(|byte| *byte == b'\n') {
        let line = String::from_utf8_lossy(line);
        if line.trim().is_empty() {
            let may_be_mail = of_part.is_mail || has_digest && !of_part.has_type;
            if of_part.is_encoded && may_be_mail {
                return Err(Unreadable::EncodedMail);
            }
            of_part = PartHeader::default();
            continue;
        }
        let line = line.to_ascii_lowercase();
        has_digest = has_digest || line.contains("digest");
        types += usize::from(of_part.take(&line));
    }
    if types > MAX_PARTS { Err(Unreadable::TooManyParts) } else { Ok(()) }
}

/// What may be the header of a part: the lines between two empty ones.
#[derive(Default)]
struct PartHeader {
    field: String,
    /// Whether the parameters of this field have begun.
    has_parameters: bool,
    has_type: bool,
    is_mail: bool,
    is_encoded: bool,
}

impl PartHeader {
    /// Takes the next line, in lower case. Returns whether a content type begins there.
    fn take(&mut self, line: &str) -> bool {
        // The parser forgives spaces before a name and in it.
        let (name, rest) = line.split_once(':').unwrap_or((line, ""));
        let name: String = name.split_whitespace().collect();
        let is_type = name == "content-type";
        let is_new =
            is_type || name == "content-transfer-encoding" || !line.starts_with([' ', '\t']);
        let value = if is_new { rest } else { line };
        if is_new {
            (self.field, self.has_parameters) = (name, false);
        }
        match self.field.as_str() {
            "content-type" => {
                self.has_type = true;
                let before = value.split(';').next().unwrap_or_default();
                self.is_mail = self.is_mail || !self.has_parameters && before.contains("message");
                self.has_parameters = self.has_parameters || value.contains(';');
            }
            "content-transfer-encoding" => {
                let encodings = ["base64", "quoted-printable"];
                self.is_encoded = self.is_encoded || encodings.iter().any(|it| value.contains(it));
            }
            _ => {}
        }
        is_type
    }
}

/// Returns the address of the author. With two fields `From`, servers and programs differ about who that is.
fn author(message: &Message<'_>) -> Option<String> {
    let is_from = |header: &&Header<'_>| header.name == HeaderName::From;
    if message.headers().iter().filter(is_from).count() != 1 {
        return None;
    }
    let mut authors = message.from()?.iter();
    let (first, further) = (authors.next()?, authors.next());
    let address = first.address.as_deref().filter(|_| further.is_none())?;
    bounded(address).map(|it| it.to_lowercase())
}

fn bounded(text: &str) -> Option<String> {
    let text = text.trim();
    let is_plain = !text.is_empty() && text.len() <= MAX_ID_BYTES && !text.contains('\0');
    is_plain.then(|| text.to_owned())
}

/// Refuses texts that are too long to be searched for words.
fn check_length(message: &Message<'_>) -> Result<(), Unreadable> {
    let length = |ids: &[u32]| -> usize {
        let parts = ids.iter().filter_map(|id| message.part(*id));
        parts.filter_map(|part| part.text_contents()).map(str::len).sum()
    };
    let is_long = [&message.text_body, &message.html_body]
        .into_iter()
        .any(|ids| length(ids) > MAX_TEXT_BYTES);
    if is_long { Err(Unreadable::TooLong) } else { Ok(()) }
}

/// The words in a mail.
#[derive(Default)]
struct Words {
    answer: String,
    /// The whole text, if the answer may not be all that its author wrote.
    whole: Option<String>,
}

/// Returns the words of the author: from the plain text, or else from the HTML.
fn words(message: &Message<'_>, has_files: bool, ours: &Ours) -> Words {
    let bodies = message.text_body.iter().filter_map(|id| message.part(*id));
    let plain = bodies.filter_map(plain_text).collect::<Vec<_>>().join("\n");
    let text = if plain.trim().is_empty() { html_text(message) } else { plain };
    let found = words::answer(&text, ours);
    let (answer, whole) = (shown(&found.words), shown(&text));
    // An answer without words brings files, or was sent by mistake. Otherwise, what was taken for a quote is none.
    let is_empty = has_files || found.is_certain && found.has_attribution;
    if answer.is_empty() && !is_empty {
        return Words { answer: whole, whole: None };
    }
    Words { answer, whole: Some(whole).filter(|_| !found.is_certain) }
}

/// Returns a text as it is said, without what stands for pictures.
fn shown(text: &str) -> String {
    let text = html::without_pictures(text);
    let lines = text.lines().filter(|line| !stands_for_picture(line));
    lines.collect::<Vec<_>>().join("\n").trim().replace('\0', "\u{fffd}")
}

/// Whether a line of a plain text is only the name of a picture that the HTML shows there, as Outlook and Gmail write it.
fn stands_for_picture(line: &str) -> bool {
    let line = line.trim();
    line.ends_with(']') && ["[cid:", "[image: "].iter().any(|it| line.starts_with(it))
}

/// Returns the text of a part that is plain text, or HTML that stands for it.
fn plain_text(part: &MessagePart<'_>) -> Option<String> {
    match &part.body {
        PartType::Text(text) => {
            let text = text.replace("\r\n", "\n");
            let of_type = |name| part.content_type().and_then(|it| it.attribute(name));
            let is_flowed = of_type("format").is_some_and(|it| it.eq_ignore_ascii_case("flowed"));
            let is_joined = of_type("delsp").is_some_and(|it| it.eq_ignore_ascii_case("yes"));
            Some(if is_flowed { unflowed(&text, is_joined) } else { text })
        }
        PartType::Html(html) => Some(html::text(html)),
        _ => None,
    }
}

fn html_text(message: &Message<'_>) -> String {
    let bodies = message.html_body.iter().filter_map(|id| message.part(*id));
    let html = bodies.filter_map(|part| match &part.body {
        PartType::Html(html) => Some(html::text(html)),
        _ => None,
    });
    html.collect::<Vec<_>>().join("\n")
}

/// Joins the lines that a program has broken (RFC 3676). `is_joined`: the space at the end of a broken line was added.
fn unflowed(text: &str, is_joined: bool) -> String {
    let mut lines: Vec<(usize, String)> = Vec::new();
    let mut is_open = false;
    for line in text.lines() {
        let depth = line.bytes().take_while(|byte| *byte == b'>').count();
        let words = line.get(depth..).unwrap_or_default();
        // A space stands before what would otherwise look like a quote. It keeps doing so.
        let words = words.strip_prefix(' ').filter(|it| !it.starts_with('>')).unwrap_or(words);
        let is_broken = words.ends_with(' ') && words != "-- ";
        let kept = if is_broken && is_joined { words.trim_end_matches(' ') } else { words };
        match lines.last_mut() {
            Some((of, last)) if is_open && *of == depth && words != "-- " => last.push_str(kept),
            _ => lines.push((depth, kept.to_owned())),
        }
        is_open = is_broken;
    }
    let quoted = lines.into_iter().map(|(depth, words)| match depth {
        0 => words,
        depth => format!("{} {words}", ">".repeat(depth)),
    });
    quoted.collect::<Vec<_>>().join("\n")
}

/// Returns the files that come with a mail, and the pictures between its words, but not those that it quotes or has in its
/// signature, and no mails of ours.
fn files(message: &Message<'_>, ours: &Ours) -> Vec<MailFile> {
    let answer = words::answer(&html_text(message), ours).words;
    let shown = html::pictures(&answer);
    let all = html_pictures(message);
    let bodies = || message.text_body.iter().chain(&message.html_body);
    let mut files = Vec::new();
    for (id, part) in (0_u32..).zip(&message.parts) {
        let is_text = matches!(part.body, PartType::Text(_) | PartType::Html(_));
        let is_body = is_text && bodies().any(|body| *body == id);
        if is_body || matches!(part.body, PartType::Multipart(_)) || is_no_file(part) {
            continue;
        }
        let content_id = part.content_id().map(|it| it.trim_matches(['<', '>']));
        let is_left_out =
            content_id.is_some_and(|it| all.iter().any(|id| id == it) && !shown.contains(&it));
        let name = file_name(part);
        let is_text = is_text || is_mail(part, &name) || has_name_of_text(&name);
        let file = MailFile { name, bytes: bytes(message, part), is_text };
        if !is_left_out && !is_of_ours(part, &file, ours) {
            files.push(file);
        }
    }
    files
}

/// Whether a file is a mail of ours, with the secrets of its reader, which some programs attach to an answer.
fn is_of_ours(part: &MessagePart<'_>, file: &MailFile, ours: &Ours) -> bool {
    let is_mail = is_mail(part, &file.name);
    let mail = is_mail.then(|| MessageParser::default().parse_headers(&file.bytes)).flatten();
    mail.is_some_and(|it| it.message_id().is_some_and(|id| ours.have_id(id)))
}

/// Whether a file is a mail.
fn is_mail(part: &MessagePart<'_>, name: &str) -> bool {
    matches!(part.body, PartType::Message(_))
        || kind::is_type(part, "message", "rfc822")
        || kind::is_type(part, "message", "global")
        || name.to_ascii_lowercase().ends_with(".eml")
}

/// Whether a file is text, as its name says: some programs say of no file what it is.
fn has_name_of_text(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    [".txt", ".htm", ".html", ".mht", ".mhtml"].iter().any(|it| name.ends_with(it))
}

/// Returns the ids of all pictures that the HTML of a mail shows.
fn html_pictures(message: &Message<'_>) -> Vec<String> {
    let bodies = message.html_body.iter().filter_map(|id| message.part(*id));
    let html = bodies.filter_map(|part| part.text_contents());
    let named = html.flat_map(|html| html.split("cid:").skip(1).collect::<Vec<_>>());
    let id =
        |rest: &str| rest.split(['"', '\'', '>', ' ', ')']).next().unwrap_or_default().to_owned();
    named.map(id).collect()
}

/// Whether a part is for programs only: a signature over the mail, a key, or another form of the text.
fn is_no_file(part: &MessagePart<'_>) -> bool {
    [
        ("application", "pkcs7-signature"),
        ("application", "x-pkcs7-signature"),
        ("application", "pgp-signature"),
        ("application", "pgp-keys"),
        ("text", "x-amp-html"),
        ("text", "watch-html"),
    ]
    .into_iter()
    .any(|(main, sub)| kind::is_type(part, main, sub))
}

/// Returns the bytes of a file as its sender had it. The parser has decoded texts into UTF-8, whatever they say of
/// themselves.
fn bytes(message: &Message<'_>, part: &MessagePart<'_>) -> Vec<u8> {
    let (from, to) = (part.raw_body_offset() as usize, part.raw_end_offset() as usize);
    match part.body {
        PartType::Binary(_) | PartType::InlineBinary(_) => part.contents().to_vec(),
        _ => {
            let raw = message.raw_message().get(from..to).unwrap_or_default();
            let decoded = match part.encoding {
                Encoding::Base64 => base64_decode(raw),
                Encoding::QuotedPrintable => quoted_printable_decode(raw),
                Encoding::None => None,
            };
            decoded.unwrap_or_else(|| raw.to_vec())
        }
    }
}

fn file_name(part: &MessagePart<'_>) -> String {
    let named = part.attachment_name().map(str::trim).filter(|it| !it.is_empty());
    if let Some(name) = named {
        return name.to_owned();
    }
    let content_type = part.content_type();
    let subtype = content_type.and_then(|it| it.subtype()).unwrap_or_default();
    let ending = match content_type.map(|it| it.ctype()) {
        Some("message") => "eml",
        Some("text") if subtype == "plain" => "txt",
        Some("text") if subtype == "calendar" => "ics",
        Some("image" | "text" | "audio" | "video") => subtype,
        Some("application") if ["pdf", "zip", "xml", "json"].contains(&subtype) => subtype,
        _ => return "file".to_owned(),
    };
    format!("file.{ending}")
}
