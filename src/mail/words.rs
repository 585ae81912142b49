//! What a mail says, as text and as HTML.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use maud::{DOCTYPE, Markup, html};

use super::said::Said;
use crate::config::{MailText, ShopLook, TextOf, Words, filled};
use crate::language::Locale;
use crate::record::plain_name;
use crate::transaction::{PartyRole, Standing, Transaction};
use crate::wording::kind;

/// The styles. They stand at each element, because many mail programs leave out those in the head.
const BODY: &str = "margin:0;padding:24px 16px;font:16px/1.5 system-ui,sans-serif";
const COLUMN: &str = "max-width:600px;margin:0 auto";
const QUOTE: &str = "border-inline-start:3px solid #888;padding-inline-start:12px;margin:16px 0";
const BUTTON: &str = "display:inline-block;padding:12px 20px;border-radius:6px;color:#fff;text-decoration:none;font-weight:600";
/// The colour of the button, if the shop has none.
const ACCENT: &str = "#1f5f4a";
const SOFT: &str = "font-size:14px;color:#666";

/// What a mail says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Content {
    /// The subject.
    pub subject: String,
    /// The name of the sender.
    pub sender: String,
    /// The language, as a tag such as `de-AT`.
    pub language: String,
    /// The text.
    pub text: String,
    /// The same as HTML.
    pub html: String,
}

/// What a mail tells.
#[derive(Clone, Copy, Debug)]
pub struct Told<'a> {
    /// The transaction.
    pub transaction: &'a Transaction,
    /// The address of the reader.
    pub reader: &'a str,
    /// What it is about.
    pub what: What<'a>,
    /// The address of the page.
    pub link: &'a str,
    /// Whether the link lets its reader in.
    pub is_personal: bool,
    /// Whether the mail can be answered.
    pub can_answer: bool,
    /// The address that ends the mails.
    pub unsubscribe: &'a str,
    /// The language.
    pub locale: &'a Locale,
    /// The time zone of the times of day.
    pub time_zone: &'a TimeZone,
    /// How the transaction stands.
    pub standing: &'a Standing,
    /// What the shop has set for its mails.
    pub look: Option<&'a ShopLook>,
    /// What shops say in the place of our own words.
    pub texts: &'a [MailText],
}

/// What a mail is about.
#[derive(Clone, Copy, Debug)]
pub enum What<'a> {
    /// What was said.
    Words {
        /// The messages, oldest first.
        said: &'a [Said],
        /// The number of earlier messages that are not in the mail.
        earlier: i64,
    },
    /// The link that its reader asked for.
    Link,
    /// That the shop has named its reader as a contact.
    Invitation,
    /// What is still to be paid.
    Reminder {
        /// By when it is to be paid.
        due_date: Date,
    },
}

/// Returns what a mail says.
pub fn content(told: &Told<'_>) -> Content {
    let Told { transaction, locale, .. } = *told;
    let terms = &transaction.terms;
    let seller = plain_name(&terms.seller.name).unwrap_or_default();
    let document = [
        ("kind", kind(&terms.invoice, locale).into()),
        ("number", terms.invoice.number.as_str().into()),
        ("seller", seller.as_str().into()),
    ];
    let document = in_a_line(&locale.text_with("mail-subject", &document));
    let is_late = told.standing.days_late > 0;
    let text = |id: &str| locale.text(id);
    let (headline, lead, said) = match told.what {
        What::Words { said, earlier } => {
            let count = earlier.saturating_add(i64::try_from(said.len()).unwrap_or(i64::MAX));
            let counted = |id, count: i64| locale.text_with(id, &[("count", count.into())]);
            let lead = (earlier > 0).then(|| counted("mail-earlier", earlier));
            (counted("mail-words", count), lead, said)
        }
        What::Link => (text("mail-link"), Some(text("mail-link-about")), &[][..]),
        What::Invitation => {
            let from = [("seller", seller.as_str().into())];
            let lead = after(owed(told, told.standing.due_date), text("mail-invitation-about"));
            (locale.text_with("mail-invitation", &from), Some(lead), &[][..])
        }
        What::Reminder { due_date } => {
            let id = if is_late { "mail-reminder-late" } else { "mail-reminder" };
            let date = [("date", locale.date(due_date).into())];
            // The date is in the headline.
            let lead = after(owed(told, None), text("mail-reminder-about"));
            (locale.text_with(id, &date), Some(lead), &[][..])
        }
    };
    let texts = told
        .texts
        .iter()
        .find(|it| it.shop == transaction.shop && it.mail == text_of(told.what, is_late));
    let own = |words: Option<&Words>| in_words_of_shop(told, words?);
    let subject = own(texts.and_then(|it| it.subject.as_ref()));
    let subject = subject.map_or_else(|| document.clone(), |it| in_a_line(&it));
    let opening = own(texts.and_then(|it| it.opening.as_ref()));
    let address = plain_name(told.reader).unwrap_or_default();
    let why = [("seller", seller.as_str().into()), ("address", address.as_str().into())];
    let parts = Parts {
        told,
        headline,
        opening,
        document: &document,
        subject: &subject,
        lead,
        said,
        notes: [
            told.can_answer.then(|| locale.text("mail-answer")),
            told.is_personal.then(|| locale.text("mail-private")),
        ],
        why: locale.text_with("mail-why", &why),
    };
    let (text, html) = (parts.text(), parts.html().into_string());
    let sender = told.look.and_then(|it| it.mail_name.clone()).unwrap_or(seller);
    Content { text, html, language: locale.tag(), sender, subject }
}

/// Returns two sentences as one text, or the second one alone.
fn after(first: Option<String>, second: String) -> String {
    first.map_or_else(String::new, |first| first + " ") + second.as_str()
}

/// Returns how much is to be paid, and by when, if money is asked for.
fn owed(told: &Told<'_>, by: Option<Date>) -> Option<String> {
    let (locale, amount) = (told.locale, amount(told)?);
    Some(match by {
        Some(date) => {
            let arguments = [("amount", amount.into()), ("date", locale.date(date).into())];
            locale.text_with("mail-owed-by", &arguments)
        }
        None => locale.text_with("mail-owed", &[("amount", amount.into())]),
    })
}

/// Returns how much is to be paid, if money is asked for.
fn amount(told: &Told<'_>) -> Option<String> {
    let amount = told.standing.owed.payable()?;
    Some(told.locale.amount(amount, told.transaction.terms.invoice.currency))
}

/// Returns to which of the texts of shops a mail belongs.
fn text_of(what: What<'_>, is_late: bool) -> TextOf {
    match what {
        What::Words { .. } => TextOf::Messages,
        What::Link => TextOf::Link,
        What::Invitation => TextOf::Invitation,
        What::Reminder { .. } if is_late => TextOf::LateReminder,
        What::Reminder { .. } => TextOf::Reminder,
    }
}

/// Returns the words of a shop with what they name. `None`: there are none for the reader's language, or something that they
/// name is not known.
fn in_words_of_shop(told: &Told<'_>, words: &Words) -> Option<String> {
    let terms = &told.transaction.terms;
    let value = |name: &str| match name {
        "number" => plain_name(&terms.invoice.number),
        "seller" => plain_name(&terms.seller.name),
        "buyer" => plain_name(&terms.buyer.name),
        "amount" => amount(told),
        "due_date" => told.standing.due_date.map(|date| told.locale.date(date)),
        _ => None,
    };
    filled(words.for_language(told.locale.language())?, value).ok()
}

/// Returns a text as one line, since a line break in a header would begin another header, and one in a quote would end it.
pub(super) fn in_a_line(text: &str) -> String {
    let ends = |it: char| it.is_control() || is_line_break(it);
    text.split(ends).collect::<Vec<_>>().join(" ").trim().to_owned()
}

/// Returns the lines of a text, whatever mail programs take for a line break.
fn lines_of(text: &str) -> Vec<String> {
    text.replace("\r\n", "\n").split(is_line_break).map(str::to_owned).collect()
}

/// Whether a mail program may show what follows on a new line.
fn is_line_break(it: char) -> bool {
    matches!(it, '\n' | '\r' | '\u{b}' | '\u{c}' | '\u{85}' | '\u{2028}' | '\u{2029}')
}

struct Parts<'a> {
    told: &'a Told<'a>,
    headline: String,
    /// What the shop says in the place of the headline.
    opening: Option<String>,
    /// Which invoice it is about.
    document: &'a str,
    subject: &'a str,
    lead: Option<String>,
    said: &'a [Said],
    notes: [Option<String>; 2],
    why: String,
}

impl Parts<'_> {
    fn locale_text(&self, id: &str) -> String {
        self.told.locale.text(id)
    }

    /// Returns who said something, and when.
    fn by(&self, said: &Said) -> String {
        let locale = self.told.locale;
        let side = locale.text(&format!("role-{}", said.role.map_or("other", PartyRole::as_str)));
        let name = [("name", in_a_line(&said.author).into()), ("side", side.into())];
        let name = locale.text_with("named-with-side", &name);
        match Timestamp::from_millisecond(said.at) {
            Ok(at) => {
                let at = locale.date_and_time(self.told.time_zone.to_datetime(at));
                format!("{name} · {at}")
            }
            Err(_) => name,
        }
    }

    /// Returns what stands in the place of words, or after them.
    fn remark(&self, said: &Said) -> Option<String> {
        match said {
            Said { is_cut: true, .. } => Some(self.locale_text("mail-more")),
            Said { text: None, files, .. } if files.is_empty() => {
                Some(self.locale_text("mail-on-page"))
            }
            _ => None,
        }
    }

    /// Returns what the shop wants below its mails.
    fn footer(&self) -> Option<&str> {
        let footer = self.told.look?.mail_footer.as_ref()?;
        footer.for_language(self.told.locale.language())
    }

    fn file(&self, name: &str) -> String {
        self.told.locale.text_with("mail-file", &[("name", in_a_line(name).into())])
    }

    fn text(&self) -> String {
        let told = self.told;
        let mut blocks = match &self.opening {
            Some(opening) => vec![opening.clone(), self.document.to_owned()],
            None => vec![format!("{}\n{}", self.headline, self.document)],
        };
        blocks.extend(self.lead.clone());
        for said in self.said {
            let mut lines = vec![format!("{}:", self.by(said))];
            // Quoted, nothing that somebody wrote can pass for a part of the mail itself.
            let written = said.text.iter().flat_map(|it| lines_of(it));
            lines.extend(written.map(|line| format!("> {line}")));
            lines.extend(said.files.iter().map(|name| format!("> {}", self.file(name))));
            lines.extend(self.remark(said));
            blocks.push(lines.join("\n"));
        }
        blocks.push(format!("{}:\n{}", self.locale_text("mail-open"), told.link));
        blocks.extend(self.notes.iter().flatten().cloned());
        let unsubscribe = self.locale_text("mail-unsubscribe");
        blocks.push(format!("{}\n{unsubscribe}: {}", self.why, told.unsubscribe));
        blocks.extend(self.footer().map(str::to_owned));
        blocks.join("\n\n") + "\n"
    }

    fn html(&self) -> Markup {
        let Told { locale, link, unsubscribe, look, .. } = *self.told;
        let accent = look.and_then(|it| it.accent).map_or(ACCENT.to_owned(), |it| it.to_string());
        let button = format!("{BUTTON};background:{accent}");
        html! {
            (DOCTYPE)
            html lang=(locale.tag()) dir=(if locale.is_rtl() { "rtl" } else { "ltr" }) {
                head {
                    meta charset="utf-8";
                    meta name="viewport" content="width=device-width, initial-scale=1";
                    meta name="color-scheme" content="light dark";
                    title { (self.subject) }
                }
                body style=(BODY) {
                    div style=(COLUMN) {
                        @if let Some(opening) = &self.opening {
                            p dir="auto" { (in_lines(opening)) }
                            p { strong { (self.document) } }
                        } @else {
                            p { strong { (self.headline) } br; (self.document) }
                        }
                        @if let Some(lead) = &self.lead { p style=(SOFT) { (lead) } }
                        @for said in self.said { (self.message(said)) }
                        p { a href=(link) style=(button) { (self.locale_text("mail-open")) } }
                        @for note in self.notes.iter().flatten() { p style=(SOFT) { (note) } }
                        p style=(SOFT) {
                            (self.why) " "
                            a href=(unsubscribe) style="color:inherit" { (self.locale_text("mail-unsubscribe")) }
                        }
                        @if let Some(footer) = self.footer() { p style=(SOFT) dir="auto" { (in_lines(footer)) } }
                    }
                }
            }
        }
    }

    fn message(&self, said: &Said) -> Markup {
        html! {
            div style=(QUOTE) {
                div style=(SOFT) dir="auto" { (self.by(said)) }
                @if let Some(text) = &said.text {
                    div dir="auto" { (in_lines(text)) }
                }
                @for name in &said.files { div dir="auto" { (self.file(name)) } }
                @if let Some(remark) = self.remark(said) { div style=(SOFT) { (remark) } }
            }
        }
    }
}

/// Returns a text with its line breaks.
fn in_lines(text: &str) -> Markup {
    html! {
        @for (place, line) in text.lines().enumerate() {
            @if place > 0 { br; }
            (line)
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::LazyLock;

    use super::*;
    use crate::language::Language;
    use crate::transaction::{StatusRules, sample};

    static UTC: TimeZone = TimeZone::UTC;

    fn said(text: Option<&str>) -> Said {
        Said {
            author: "Sam <b>Smith</b>".to_owned(),
            role: Some(PartyRole::Seller),
            at: 1_782_000_000_000,
            text: text.map(str::to_owned),
            is_cut: false,
            files: Vec::new(),
        }
    }

    #[test]
    fn a_reminder_tells_how_much_is_to_be_paid_and_when() {
        let transaction = sample();
        let due_date = "2026-07-01".parse().unwrap();
        for language in Language::ALL {
            let [early, late] = [0, 3].map(|days_late| {
                let standing = Standing {
                    due_date: Some(due_date),
                    days_late,
                    ..StatusRules::default().standing(&transaction, "2026-06-01".parse().unwrap())
                };
                assert!(standing.owed.payable().is_some(), "{standing:?}");
                content(&Told {
                    what: What::Reminder { due_date },
                    standing: &standing,
                    ..told_of(&transaction, &Locale::of(language))
                })
                .text
            });
            assert_ne!(early.lines().next(), late.lines().next());
            let date = Locale::of(language).date(due_date);
            for text in [&early, &late] {
                assert!(text.lines().next().unwrap().contains(&date), "{text}");
                assert!(!text.contains("mail-") && !text.contains("{ $"), "{text}");
            }
        }
    }

    fn told(transaction: &Transaction, said: &[Said], language: Language) -> Content {
        told_by(None, transaction, said, language)
    }

    fn told_by(
        look: Option<&ShopLook>,
        transaction: &Transaction,
        said: &[Said],
        language: Language,
    ) -> Content {
        let what = What::Words { said, earlier: 3 };
        content(&Told { what, look, ..told_of(transaction, &Locale::of(language)) })
    }

    /// How the sample stands on a day on which it is to be paid.
    static STANDING: LazyLock<Standing> =
        LazyLock::new(|| StatusRules::default().standing(&sample(), "2026-06-01".parse().unwrap()));

    fn told_of<'a>(transaction: &'a Transaction, locale: &'a Locale) -> Told<'a> {
        Told {
            transaction,
            reader: "ada@birch.example",
            what: What::Link,
            link: "https://pay.example/l/token",
            is_personal: true,
            can_answer: true,
            unsubscribe: "https://pay.example/u/token",
            locale,
            time_zone: &UTC,
            standing: &STANDING,
            look: None,
            texts: &[],
        }
    }

    /// What a reminder of the sample says with these texts of shops, as JSON.
    fn reminder_with(
        transaction: &Transaction,
        standing: &Standing,
        texts: serde_json::Value,
        language: Language,
    ) -> Content {
        let texts: Vec<MailText> = serde_json::from_value(texts).unwrap();
        content(&Told {
            what: What::Reminder { due_date: "2026-07-01".parse().unwrap() },
            standing,
            texts: &texts,
            ..told_of(transaction, &Locale::of(language))
        })
    }

    #[test]
    fn a_shop_says_in_its_own_words_what_a_mail_is_about() {
        let mut transaction = sample();
        transaction.terms.buyer.name = "Birch & <Sons>".to_owned();
        let due_date = Some("2026-07-01".parse().unwrap());
        let standing = Standing { due_date, ..STANDING.clone() };
        let texts = serde_json::json!([
            { "shop": "another", "mail": "reminder", "subject": "another shop" },
            { "shop": transaction.shop, "mail": "late_reminder", "subject": "another mail" },
            {
                "shop": transaction.shop, "mail": "reminder",
                "subject": "{number} of {seller}, by {due_date}",
                "opening": { "en": "Dear {buyer},\nplease pay {amount}." },
            },
        ]);
        let number = &transaction.terms.invoice.number;
        let said = |language| reminder_with(&transaction, &standing, texts.clone(), language);
        let english = said(Language::English);
        let seller = &transaction.terms.seller.name;
        assert_eq!(english.subject, format!("{number} of {seller}, by 1 July 2026"));
        let amount = Locale::of(Language::English)
            .amount(standing.owed.payable().unwrap(), transaction.terms.invoice.currency);
        let opening = format!("Dear Birch & <Sons>,\nplease pay {amount}.\n\n");
        assert!(english.text.starts_with(&opening), "{}", english.text);
        assert!(english.html.contains("Dear Birch &amp; &lt;Sons&gt;,<br>"), "{}", english.html);
        // What it is about, why it comes, and how to end it stand there in any case.
        for part in [&english.text, &english.html] {
            for needed in
                [&format!("Invoice {number}"), "/l/token", "/u/token", "You receive this e-mail"]
            {
                assert!(part.contains(needed), "{needed}: {part}");
            }
        }
        let german = said(Language::German);
        assert!(german.subject.ends_with("by 1. Juli 2026"), "{}", german.subject);
        assert!(german.text.starts_with("Zur Erinnerung"), "{}", german.text);
    }

    #[test]
    fn words_of_a_shop_that_name_what_is_not_known_are_left_out() {
        let mut transaction = sample();
        transaction.terms.buyer.name = "\u{202e}".to_owned();
        for name in ["buyer", "due_date"] {
            let standing = Standing { due_date: None, ..STANDING.clone() };
            let own = format!("x {{{name}}} y");
            let texts = serde_json::json!([
                { "shop": transaction.shop, "mail": "reminder", "subject": own, "opening": own },
            ]);
            let said = reminder_with(&transaction, &standing, texts, Language::English);
            assert!(said.subject.starts_with("Invoice"), "{}", said.subject);
            assert!(said.text.starts_with("Reminder"), "{}", said.text);
        }
    }

    #[test]
    fn what_a_shop_or_a_party_is_called_makes_no_second_line_of_a_subject() {
        let mut transaction = sample();
        transaction.terms.buyer.name = "x\r\nBcc: y\u{2028}z".to_owned();
        let texts = serde_json::json!([
            { "shop": transaction.shop, "mail": "reminder", "subject": "a\u{2028}{buyer}" },
        ]);
        let said = reminder_with(&transaction, &STANDING, texts, Language::English);
        assert_eq!(lines_of(&said.subject).len(), 1, "{:?}", said.subject);
    }

    #[test]
    fn a_shop_has_its_own_sender_colour_and_footer() {
        let look: ShopLook = serde_json::from_value(serde_json::json!({
            "shop": "example",
            "accent": "#123456",
            "mail_name": "Acme Billing",
            "mail_footer": { "de": "Acme GmbH & Co.\nAmtsgericht Ulm" },
        }))
        .unwrap();
        let german = told_by(Some(&look), &sample(), &[said(Some("x"))], Language::German);
        assert_eq!(german.sender, "Acme Billing");
        assert!(german.text.ends_with("\n\nAcme GmbH & Co.\nAmtsgericht Ulm\n"), "{}", german.text);
        assert!(german.html.contains("Acme GmbH &amp; Co.<br>Amtsgericht Ulm"), "{}", german.html);
        assert!(german.html.contains("background:#123456"), "{}", german.html);
        let english = told_by(Some(&look), &sample(), &[], Language::English);
        assert!(!english.text.contains("Amtsgericht"), "{}", english.text);
    }

    #[test]
    fn what_people_wrote_is_text_in_both_parts() {
        let mut transaction = sample();
        transaction.terms.seller.name = "Acme & <Sons>".to_owned();
        let evil = "<script>alert(1)</script>\n\"quoted\" & <img src=x onerror=y>\nhttps://pay.example/u/other";
        let mut message = said(Some(evil));
        message.files = vec!["<i>a</i>.pdf".to_owned()];
        let Content { text, html, .. } = told(&transaction, &[message], Language::English);
        for element in ["<script", "<img", "<i>", "<b>", "<Sons>"] {
            assert!(!html.contains(element), "{element}: {html}");
        }
        assert!(html.contains("&lt;script&gt;alert(1)&lt;/script&gt;<br>"), "{html}");
        assert!(html.contains("Acme &amp; &lt;Sons&gt;"), "{html}");
        assert!(text.contains("> <script>alert(1)</script>\n> \"quoted\""), "{text}");
        assert!(text.contains("\nhttps://pay.example/l/token\n"), "{text}");
        assert!(text.contains("> https://pay.example/u/other"), "{text}");
    }

    #[test]
    fn nothing_that_somebody_wrote_ends_its_quote() {
        let transaction = sample();
        for line_break in
            ["\n", "\r", "\r\n", "\n\n", "\u{b}", "\u{c}", "\u{85}", "\u{2028}", "\u{2029}"]
        {
            let evil = format!(
                "a.pdf{line_break}{line_break}Read and reply:{line_break}https://evil.example/l/x"
            );
            let mut message = said(Some(&evil));
            message.author = evil.clone();
            message.files = vec![evil];
            let Content { text, .. } = told(&transaction, &[message], Language::English);
            let lines = lines_of(&text);
            let evil = lines.iter().filter(|it| it.contains("evil.example"));
            let is_harmless = |it: &&String| it.starts_with("> ") || it.contains("a.pdf ");
            assert!(
                evil.clone().count() == 3 && evil.clone().all(|it| is_harmless(&it)),
                "{text:?}"
            );
        }
    }

    #[test]
    fn the_subject_is_one_line_and_the_same_for_each_mail() {
        let mut transaction = sample();
        transaction.terms.invoice.number = "42\r\nBcc: all@example.org\u{85}x".to_owned();
        transaction.terms.seller.name = "Acme\nLtd".to_owned();
        let content = told(&transaction, &[said(Some("hello"))], Language::English);
        assert!(!content.subject.contains(char::is_control), "{:?}", content.subject);
        assert!(content.subject.ends_with("x · Acme Ltd"), "{:?}", content.subject);
        assert_eq!(content.sender, "Acme Ltd");
        let other = told(&transaction, &[], Language::English);
        assert_eq!(content.subject, other.subject);
    }

    #[test]
    fn every_language_tells_who_said_what() {
        let transaction = sample();
        let messages = [said(Some("It follows on Thursday")), said(None)];
        for language in Language::ALL {
            let Content { text, html, .. } = told(&transaction, &messages, language);
            for part in [&text, &html] {
                assert!(part.contains("It follows on Thursday"), "{part}");
                assert!(part.contains("https://pay.example/l/token"), "{part}");
                assert!(part.contains("https://pay.example/u/token"), "{part}");
                assert!(!part.contains("mail-") && !part.contains("{ $"), "{part}");
            }
            assert_eq!(html.contains("dir=\"rtl\""), language.is_rtl());
        }
    }
}
