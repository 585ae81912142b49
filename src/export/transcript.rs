//! Writes the conversation as one HTML page for reading and printing. Pure.
//!
//! The page loads nothing and runs no scripts. Text from people is escaped, or was sanitised when its
//! entry was derived, and the page has a content security policy.

use std::collections::{BTreeMap, HashMap};

use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use jiff::tz::Offset;
use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::people::People;
use crate::language::Locale;
use crate::record::{
    Attachment, Ballots, Entry, Line, RelationKind, Role, in_words, other_reading, times_differ,
};
use crate::transaction::{Standing, Transaction};
use crate::wording::remarks;
use crate::wording::summary::{SummaryInput, summarise};

const STYLE: &str = include_str!("transcript.css");
/// The content security policy. It forbids scripts, requests and forms, and allows only inline styles.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; \
     form-action 'none'";
/// The greatest length of a quote of the message that is replied to, in characters.
const MAX_QUOTE_CHARS: usize = 160;

/// How much of the conversation the page shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Extent {
    /// All that the record holds, with what was removed and kept, and with earlier versions.
    Record,
    /// What a visitor of the invoice page sees.
    InvoicePage,
}

/// What the page shows besides its lines.
#[derive(Debug)]
pub(super) struct About<'a> {
    /// How much it shows.
    pub(super) extent: Extent,
    /// The language of its reader.
    pub(super) locale: &'a Locale,
    /// The transaction.
    pub(super) transaction: &'a Transaction,
    /// How it stands at the time of the export.
    pub(super) standing: &'a Standing,
    /// The time of the export, in milliseconds since 1970.
    pub(super) exported_at: i64,
    /// The hash of the last entry.
    pub(super) head: &'a str,
    /// The number of entries.
    pub(super) entries: i64,
    /// The public key (Ed25519, unpadded base64).
    pub(super) public_key: &'a str,
    /// The paths of the files in the bundle, by their source.
    pub(super) files: &'a HashMap<String, String>,
    /// The choices in polls.
    pub(super) ballots: &'a Ballots,
    /// By each guest of a contact who has a Matrix account: that account.
    pub(super) accounts: &'a HashMap<String, String>,
}

/// Returns the page up to the conversation.
pub(super) fn head(about: &About<'_>) -> String {
    let Transaction { terms, external_id, .. } = about.transaction;
    let locale = about.locale;
    let text = |id: &str| locale.text(id);
    let summary = summarise(&SummaryInput {
        invoice: &terms.invoice,
        standing: about.standing,
        seller: &terms.seller.name,
        buyer: &terms.buyer.name,
        page_url: None,
        locale,
    });
    let number = &terms.invoice.number;
    let page = html! {
        (DOCTYPE)
        html lang=(locale.tag()) dir=(if locale.is_rtl() { "rtl" } else { "ltr" }) {
            head {
                meta charset="utf-8";
                meta http-equiv="Content-Security-Policy" content=(POLICY);
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (number) " · " (text("transcript-title")) }
                style { (PreEscaped(STYLE)) }
            }
            body {
                header {
                    p.kicker { (text("transcript-title")) }
                    h1 { bdi { (number) } }
                    div.summary { (PreEscaped(summary.formatted_body)) }
                    dl.facts {
                        dt { (text("transcript-transaction")) } dd { (about.transaction.id) }
                        @if about.extent == Extent::Record {
                            dt { "Shop's own id" } dd { bdi { (external_id) } }
                        }
                        dt { (text("transcript-entries")) } dd { (about.entries) }
                        dt { (text("transcript-exported")) } dd { (full_time(locale, about.exported_at)) }
                        dt { (text("transcript-head")) } dd.hash { (about.head) }
                        dt { (text("transcript-key")) } dd.hash { (about.public_key) }
                    }
                    p.note {
                        @match about.extent {
                            Extent::Record => {
                                "All times are UTC. The numbers in the margin are those of the entries in "
                                "entries.jsonl, whose hashes prove that nothing was changed. README.txt explains how."
                            }
                            Extent::InvoicePage => (text("transcript-about")),
                        }
                    }
                }
                main {}
            }
        }
    };
    // The lines are written one by one, so that the page is never completely in memory.
    page.into_string().trim_end_matches("</main></body></html>").to_owned()
}

/// Returns the end of the page.
pub(super) fn foot() -> &'static str {
    "</main>\n</body>\n</html>\n"
}

/// Writes the lines one after the other.
#[derive(Debug)]
pub(super) struct Lines<'a> {
    about: &'a About<'a>,
    people: People<'a>,
    /// The messages that replies can quote: sender and text, by event id.
    quotable: HashMap<&'a str, (String, &'a str)>,
    day: Option<Date>,
}

impl<'a> Lines<'a> {
    pub(super) fn new(about: &'a About<'a>, lines: &'a [Line<'a>]) -> Self {
        let people = People::of(about.transaction, lines, about.locale);
        let quotable = lines.iter().filter(|line| !is_hidden(about, line)).filter_map(|line| {
            let text = line.current().text.as_deref()?;
            Some((line.entry.fixed.event_id.as_str(), (people.sender_called(line), text)))
        });
        let quotable = quotable.collect();
        Self { about, people, quotable, day: None }
    }

    /// Returns the next line. If its day differs from that of the line before, a heading with the day
    /// comes first.
    pub(super) fn next(&mut self, line: &Line<'_>) -> String {
        let time = moment(line.entry.sort_at);
        let day = time.as_ref().map(|time| time.date());
        let new_day = day.filter(|day| self.day != Some(*day));
        self.day = day;
        let markup = html! {
            @if let (Some(_), Some(time)) = (new_day, &time) {
                h2 { time datetime=(time.date()) { (self.about.locale.day(time.date())) } }
            }
            @match line.entry.kind.role() {
                Role::StateEvent => (self.event(line)),
                Role::Line | Role::About(_) => (self.message(line)),
            }
        };
        markup.into_string() + "\n"
    }

    /// An event that is not a message, in one line.
    fn event(&self, line: &Line<'_>) -> Markup {
        html! {
            p.event {
                (margin(line))
                bdi title=(line.entry.fixed.sender) { (self.people.sender_called(line)) } " "
                @match &line.entry.text {
                    Some(text) => bdi { (text) },
                    None => span.gone { (self.gone(line)) },
                }
                (self.notes(line))
            }
        }
    }

    fn message(&self, line: &Line<'_>) -> Markup {
        let entry = line.entry;
        html! {
            article class=(entry.fixed.party) {
                (margin(line))
                h3 {
                    bdi title=(entry.fixed.sender) { (self.people.sender(line)) }
                    " " span.party { (self.people.side(&entry.fixed.party)) }
                }
                @if is_hidden(self.about, line) {
                    p.gone { (self.about.locale.text("removed")) }
                } @else {
                    (self.reply_quote(entry))
                    (self.said(line))
                    (self.notes(line))
                }
            }
        }
    }

    fn words(&self, entry: &Entry) -> Markup {
        let text = entry.text.as_deref().unwrap_or_default();
        let is_record = self.about.extent == Extent::Record;
        html! {
            @match &entry.html {
                // The HTML was sanitised when the entry was derived.
                Some(safe) => (PreEscaped(safe)),
                None => p.plain { (text) },
            }
            @if is_record && other_reading(entry).is_some() {
                p.note.strong { "Apps that show no HTML read:" }
                p.plain { (text) }
            }
        }
    }

    /// What a message says, and what others added to it.
    fn said(&self, line: &Line<'_>) -> Markup {
        let entry = line.entry;
        let files = shown_files(self.about, line);
        html! {
            @if entry.erased.is_some() || (entry.text.is_none() && entry.html.is_none()) {
                p.gone { (self.gone(line)) }
            } @else if !only_names_its_file(line.current(), files) {
                div.words dir="auto" { (self.words(line.current())) }
            }
            @for attachment in files { (self.file(attachment)) }
            (self.votes(line))
            @if !line.reactions.is_empty() {
                p.reactions {
                    @for (key, senders) in &line.reactions {
                        @let senders: Vec<_> = senders.iter().map(|it| self.people.called(it)).collect();
                        span title=(self.about.locale.list(&senders)) { bdi { (key) } " " (senders.len()) }
                    }
                }
            }
            @if !line.edits.is_empty() { (self.edits(line)) }
        }
    }

    /// A short quote of the message that this one replies to.
    fn reply_quote(&self, entry: &Entry) -> Markup {
        let Some(relation) = &entry.relates_to else { return html! {} };
        let target = match relation.kind {
            RelationKind::Reply => Some(&relation.event_id),
            RelationKind::Thread => relation.in_reply_to.as_ref().or(Some(&relation.event_id)),
            _ => None,
        };
        let quote = target.and_then(|target| self.quotable.get(target.as_str()));
        html! {
            @if let Some((name, text)) = quote {
                blockquote.answered { (self.labelled(name, &shortened(text))) }
            }
        }
    }

    fn file(&self, attachment: &Attachment) -> Markup {
        let locale = self.about.locale;
        let member = attachment.source().and_then(|source| self.about.files.get(&source));
        html! {
            p.file {
                @match member {
                    Some(path) => a href=(relative(path)) { bdi { (attachment.name) } },
                    None => {
                        bdi { (attachment.name) }
                        @match self.about.extent {
                            Extent::Record => " (not in this bundle; see files.json)",
                            Extent::InvoicePage => { " (" (locale.text("transcript-file-missing")) ")" }
                        }
                    },
                }
                @if let Some(size) = attachment.size { " · " (self.size(size)) }
                @if let Some(media_type) = &attachment.mimetype { " · " bdi { (media_type) } }
                @if attachment.encrypted { " · " (locale.text("transcript-file-encrypted")) }
            }
        }
    }

    /// The reason why a line has no text.
    fn gone(&self, line: &Line<'_>) -> String {
        use crate::record::Erased;
        let locale = self.about.locale;
        if self.about.extent == Extent::InvoicePage {
            return locale.text("without-words");
        }
        match (&line.entry.erased, line.redaction) {
            (Some(Erased::Forgotten), _) => "Erased at its author's request.".to_owned(),
            (_, Some(redaction)) => format!("Removed on {}.", full_time(locale, redaction.sort_at)),
            (Some(_), None) => "Removed.".to_owned(),
            (None, None) if line.entry.redacted_by.is_some() => {
                "Removed before it was recorded.".to_owned()
            }
            (None, None) => {
                format!("An event of type {:?}, without text.", line.entry.fixed.event_type)
            }
        }
    }

    fn labelled(&self, label: &str, text: &str) -> Markup {
        html! { bdi { (self.about.locale.labelled(label, text)) } }
    }

    /// The size of a file, as its message says.
    fn size(&self, bytes: i64) -> String {
        u64::try_from(bytes).map_or_else(|_| bytes.to_string(), |it| self.about.locale.size(it))
    }

    /// The earlier versions of an edited message.
    fn edits(&self, line: &Line<'_>) -> Markup {
        let original = std::iter::once(line.entry);
        let versions = original.chain(line.edits.iter().copied());
        let before = versions.take(line.edits.len());
        let locale = self.about.locale;
        let when = line.edits.last().map(|edit| full_time(locale, edit.sort_at));
        let when = [("time", when.unwrap_or_default().into())];
        let label = locale.text("edited");
        html! {
            section.edits {
                p {
                    (locale.text_with("transcript-edited", &when))
                    @if self.about.extent == Extent::Record { " Before that it read:" }
                }
                @if self.about.extent == Extent::InvoicePage {
                    @if let Some(edit) = line.edits.last() { (both_times(locale, edit, Some(&label))) }
                } @else {
                    @for edit in &line.edits { (both_times(locale, edit, Some(&label))) }
                    ol {
                        @for version in before {
                            li {
                                span.margin { (version.fixed.seq) } " "
                                @if version.erased.is_some() {
                                    span.gone { "erased" }
                                } @else {
                                    @if !only_names_its_file(version, &version.attachments) {
                                        span dir="auto" { (self.words(version)) }
                                    }
                                    @for attachment in &version.attachments { (self.file(attachment)) }
                                }
                            }
                        }
                    }
                }
            }
        }
    }

    /// The choices of a vote as text.
    fn chosen(&self, vote: &Entry) -> String {
        let choices = self.about.ballots.choices(&vote.fixed.event_id);
        choices.map_or_else(|| vote.text.clone().unwrap_or_default(), |it| in_words(&it))
    }

    fn votes_of_people<'l>(&'l self, line: &Line<'l>) -> BTreeMap<&'l str, &'l Entry> {
        line.votes_of_people(|voter| self.about.accounts.get(voter).map_or(voter, String::as_str))
    }

    fn votes(&self, line: &Line<'_>) -> Markup {
        if self.about.extent == Extent::InvoicePage {
            let votes = self.votes_of_people(line).into_values();
            let counts = self.about.ballots.counts(&line.entry.fixed.event_id, votes);
            return html! {
                @if let Some(counts) = counts {
                    ul.votes { @for (answer, votes) in counts { li { (self.labelled(&answer, &votes.to_string())) } } }
                }
                @if line.poll_end.is_some() { p.note { (self.about.locale.text("poll-ended")) } }
            };
        }
        html! {
            @if !line.votes.is_empty() {
                ul.votes {
                    @for (voter, vote) in self.votes_of_people(line) {
                        li { bdi { (self.people.called(voter)) } ": " bdi { (self.chosen(vote)) } }
                    }
                }
            }
            @if let Some(end) = line.poll_end {
                p.note { "The poll was ended on " (full_time(self.about.locale, end.sort_at)) "." }
            }
        }
    }

    /// Notes about a line, such as its removal or a remark.
    fn notes(&self, line: &Line<'_>) -> Markup {
        let (entry, locale) = (line.entry, self.about.locale);
        if self.about.extent == Extent::InvoicePage {
            let label = locale.text("transcript-remark");
            return html! {
                @for remark in remarks(entry.remark.as_deref(), locale) {
                    p.note { (self.labelled(&label, &remark)) }
                }
                (both_times(locale, entry, None))
            };
        }
        let kept = entry.erased.is_none() && entry.text.is_some();
        html! {
            @if let (Some(redaction), true) = (line.redaction, kept) {
                p.note.strong { "Removed from the room on " (full_time(locale, redaction.sort_at)) "; kept here." }
            }
            @for (ignored, why) in &line.ignored {
                p.note { "Entry " (ignored.fixed.seq) " by " bdi { (self.people.called(&ignored.fixed.sender)) } ": " (why) "." }
            }
            @if let Some(remark) = &entry.remark { p.note { "Remark: " bdi { (remark) } } }
            @for edit in &line.edits {
                @if let Some(remark) = &edit.remark {
                    p.note { "Remark on entry " (edit.fixed.seq) ": " bdi { (remark) } }
                }
            }
            (both_times(locale, entry, None))
            @if let Some(redaction) = line.redaction { (both_times(locale, redaction, Some("removal"))) }
            @if entry.fixed.source == "backfill" {
                p.note { "Read from the room's history on " (full_time(locale, entry.fixed.received_at)) "." }
            }
            @if let Some(since) = entry.absent_since {
                p.note { "No longer on the homeserver since " (full_time(locale, since)) "." }
            }
        }
    }
}

/// Whether nothing of a line is shown but that it was there.
pub(super) fn is_hidden(about: &About<'_>, line: &Line<'_>) -> bool {
    let Entry { redacted_by, erased, .. } = line.entry;
    about.extent == Extent::InvoicePage
        && (line.redaction.is_some() || redacted_by.is_some() || erased.is_some())
}

/// The files of a line that are shown. The invoice page leaves the files of a message as they were when it was edited.
pub(super) fn shown_files<'a>(about: &About<'_>, line: &Line<'a>) -> &'a [Attachment] {
    match about.extent {
        Extent::Record => &line.current().attachments,
        Extent::InvoicePage => &line.entry.attachments,
    }
}

/// A note with both times of an entry, if one of them alone would be misleading. `label` says of what, if it is not the
/// message itself.
fn both_times(locale: &Locale, entry: &Entry, label: Option<&str>) -> Markup {
    let fixed = &entry.fixed;
    if !times_differ(fixed.sent_at, fixed.received_at) {
        return html! {};
    }
    let id = if fixed.source == "backfill" { "times-differ-history" } else { "times-differ" };
    let [sent, received] = [fixed.sent_at, fixed.received_at].map(|it| full_time(locale, it));
    let times = locale.text_with(id, &[("sent", sent.into()), ("received", received.into())]);
    let times = match label {
        Some(label) => locale.labelled(label, &times),
        None => times,
    };
    html! { p.note.strong { (times) } }
}

/// The seq, the time and the link target of a line.
fn margin(line: &Line<'_>) -> Markup {
    let entry = line.entry;
    html! {
        span.margin id=(format!("e{}", entry.fixed.seq)) {
            (entry.fixed.seq) " "
            @if let Some(time) = moment(entry.sort_at) {
                time datetime=(format!("{time:.3}Z")) { (time.strftime("%H:%M:%S")) }
            }
        }
    }
}

/// Whether the text is only the name of a file, which is shown anyway.
fn only_names_its_file(entry: &Entry, files: &[Attachment]) -> bool {
    entry.html.is_none() && files.iter().any(|it| Some(&it.name) == entry.text.as_ref())
}

fn shortened(text: &str) -> String {
    let one_line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match one_line.char_indices().nth(MAX_QUOTE_CHARS) {
        Some((end, _)) => format!("{}…", &one_line[..end]),
        None => one_line,
    }
}

/// A path in the bundle as a relative link, percent-encoded.
fn relative(path: &str) -> String {
    let mut link = String::new();
    for byte in path.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._/".contains(&byte) {
            link.push(char::from(byte));
        } else {
            link.push_str(&format!("%{byte:02X}"));
        }
    }
    link
}

/// Converts milliseconds since 1970 to a date and time in UTC.
fn moment(milliseconds: i64) -> Option<DateTime> {
    Some(Offset::UTC.to_datetime(Timestamp::from_millisecond(milliseconds).ok()?))
}

fn full_time(locale: &Locale, milliseconds: i64) -> String {
    moment(milliseconds).map_or_else(
        || locale.text("unknown-time"),
        |time| format!("{} UTC", locale.date_and_time(time)),
    )
}
