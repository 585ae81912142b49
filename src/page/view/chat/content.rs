//! The content of a message: text, files, and a poll.

use maud::{Markup, PreEscaped, html};

use super::super::localized::{about, counted, text};
use super::markup::html_for_page;
use crate::page::model::{ChatFile, ChatLine, Poll, Reader};
use crate::record::Kind;

/// Returns the content of a message.
pub(super) fn content(line: &ChatLine, reader: &Reader) -> Markup {
    let has_no_text = line.text.is_none() && line.html.is_none();
    html! {
        @if line.removed {
            p.gone { (text(reader, "removed")) }
        } @else if line.kind == Kind::Encrypted {
            p.gone { (text(reader, "encrypted")) }
        } @else if has_no_text && line.files.is_empty() && line.poll.is_none() {
            p.gone { (text(reader, "without-words")) }
        } @else {
            @if !only_names_its_file(line) { (body(line, reader)) }
            @for attached in &line.files { (file(attached, reader)) }
            @if let Some(question) = &line.poll { (poll(question, reader)) }
        }
        @if let Some(remark) = &line.remark { p.remark dir="auto" { (remark) } }
    }
}

fn body(line: &ChatLine, reader: &Reader) -> Markup {
    html! {
        div.words.emote[line.kind == Kind::Emote] dir="auto" {
            @match (&line.html, &line.text) {
                // The HTML was sanitised when the entry was derived.
                (Some(safe), _) => (PreEscaped(html_for_page(safe, reader))),
                (None, Some(text)) => p.text { (text) },
                (None, None) => {}
            }
        }
    }
}

/// Whether the text is only the name of the file, which is shown anyway.
fn only_names_its_file(line: &ChatLine) -> bool {
    line.html.is_none() && line.files.iter().any(|file| Some(&file.name) == line.text.as_ref())
}

fn file(file: &ChatFile, reader: &Reader) -> Markup {
    let is_image = file.media_type.as_deref().is_some_and(|it| it.starts_with("image/"));
    let size = file.size.map(|size| reader.locale.size(size));
    html! {
        @match &file.href {
            Some(href) if is_image => {
                a.picture href=(href) {
                    img src=(href) loading="lazy" decoding="async" alt=(alternative_text(file, reader));
                }
            }
            Some(href) => {
                a.file href=(href) download {
                    span.name { bdi { (file.name) } }
                    " "
                    span.soft { (text(reader, "file-download")) @if let Some(size) = &size { " · " (size) } }
                }
            }
            None => {
                span.file {
                    span.name { bdi { (file.name) } }
                    " "
                    span.soft {
                        (text(reader, &format!("file-{}", file.state)))
                        @if let Some(size) = &size { " · " (size) }
                    }
                }
            }
        }
    }
}

fn alternative_text(file: &ChatFile, reader: &Reader) -> String {
    let undescribed = || about(reader, "image-without-description", "name", &file.name);
    let description = file.description.clone().filter(|text| !text.trim().is_empty());
    description.unwrap_or_else(undescribed)
}

fn poll(poll: &Poll, reader: &Reader) -> Markup {
    let total: usize = poll.answers.iter().map(|(_, votes)| votes).sum();
    html! {
        ul.poll aria-label=(text(reader, "poll")) {
            @for (answer, votes) in &poll.answers {
                li {
                    bdi { (answer) } " "
                    span.soft {
                        (counted(reader, "poll-votes", "count",
                            i64::try_from(*votes).unwrap_or(i64::MAX)))
                    }
                    // The meter repeats the number beside it.
                    meter aria-hidden="true" min="0" max=(total.max(1)) value=(votes) {}
                }
            }
        }
        @if poll.ended { p.soft { (text(reader, "poll-ended")) } }
    }
}
