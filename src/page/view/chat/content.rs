//! What a message says: words, files, a poll.

use maud::{Markup, PreEscaped, html};

use super::super::localized::{about, counted, text};
use super::markup::shown;
use crate::page::model::{ChatFile, ChatLine, Poll, Reader};
use crate::record::Kind;

/// The inside of a bubble.
pub(super) fn content(line: &ChatLine, reader: &Reader) -> Markup {
    let wordless = line.text.is_none() && line.html.is_none();
    html! {
        @if line.removed {
            p.gone { (text(reader, "removed")) }
        } @else if line.kind == Kind::Encrypted {
            p.gone { (text(reader, "encrypted")) }
        } @else if wordless && line.files.is_empty() && line.poll.is_none() {
            p.gone { (text(reader, "without-words")) }
        } @else {
            @if !only_names_its_file(line) { (words(line, reader)) }
            @for it in &line.files { (file(it, reader)) }
            @if let Some(it) = &line.poll { (poll(it, reader)) }
        }
        @if let Some(remark) = &line.remark { p.remark dir="auto" { (remark) } }
    }
}

fn words(line: &ChatLine, reader: &Reader) -> Markup {
    html! {
        div.words.emote[line.kind == Kind::Emote] dir="auto" {
            @match (&line.html, &line.text) {
                // Sanitised when it was derived.
                (Some(safe), _) => (PreEscaped(shown(safe, reader))),
                (None, Some(words)) => p.text { (words) },
                (None, None) => {}
            }
        }
    }
}

/// Whether the words are the name of the file, which stands there anyway.
fn only_names_its_file(line: &ChatLine) -> bool {
    line.html.is_none() && line.files.iter().any(|it| Some(&it.name) == line.text.as_ref())
}

fn file(it: &ChatFile, reader: &Reader) -> Markup {
    let is_image = it.media_type.as_deref().is_some_and(|it| it.starts_with("image/"));
    let size = it.size.map(|size| reader.locale.size(size));
    html! {
        @match &it.href {
            Some(href) if is_image => {
                a.picture href=(href) {
                    img src=(href) loading="lazy" decoding="async" alt=(alternative(it, reader));
                }
            }
            Some(href) => {
                a.file href=(href) download {
                    span.name { bdi { (it.name) } }
                    " "
                    span.soft { (text(reader, "file-download")) @if let Some(size) = &size { " · " (size) } }
                }
            }
            None => {
                span.file {
                    span.name { bdi { (it.name) } }
                    " "
                    span.soft {
                        (text(reader, &format!("file-{}", it.state)))
                        @if let Some(size) = &size { " · " (size) }
                    }
                }
            }
        }
    }
}

fn alternative(it: &ChatFile, reader: &Reader) -> String {
    let unnamed = || about(reader, "image-without-description", "name", &it.name);
    it.description.clone().filter(|it| !it.trim().is_empty()).unwrap_or_else(unnamed)
}

fn poll(it: &Poll, reader: &Reader) -> Markup {
    let all: usize = it.answers.iter().map(|(_, votes)| votes).sum();
    html! {
        ul.poll aria-label=(text(reader, "poll")) {
            @for (answer, votes) in &it.answers {
                li {
                    bdi { (answer) } " "
                    span.soft {
                        (counted(reader, "poll-votes", "count",
                            i64::try_from(*votes).unwrap_or(i64::MAX)))
                    }
                    // The same as the number beside it.
                    meter aria-hidden="true" min="0" max=(all.max(1)) value=(votes) {}
                }
            }
        }
        @if it.ended { p.soft { (text(reader, "poll-ended")) } }
    }
}
