//! The content of a message: text, files, and a poll.

use maud::{Markup, PreEscaped, html};

use super::super::localized::{about, counted, text};
use super::links::{REL, with_links};
use super::markup::html_for_page;
use crate::files::shown_as;
use crate::page::model::{Address, ChatFile, ChatLine, Poll, PollAnswer, Reader};
use crate::record::Kind;
use crate::wording::remarks;

/// The greatest width and height at which pictures and videos are shown in the conversation, in pixels of the page.
const MAX_SHOWN: (u64, u64) = (480, 320);

/// Returns the content of a message.
pub(super) fn content(
    line: &ChatLine,
    reader: &Reader,
    address: &Address,
    is_open: bool,
) -> Markup {
    let has_no_text = line.text.is_none() && line.html.is_none();
    html! {
        @if line.removed {
            p.gone { (text(reader, "removed")) }
        } @else if line.kind == Kind::Encrypted {
            p.gone { (text(reader, "encrypted")) }
        } @else if has_no_text && line.files.is_empty() && line.poll.is_none() {
            p.gone { (text(reader, "without-words")) }
        } @else {
            // The text of a poll is its question and its answers.
            @if line.poll.is_none() && !only_names_its_file(line) { (body(line, reader)) }
            @for attached in &line.files { (file(attached, reader)) }
            @if let Some(poll) = &line.poll {
                @if is_open && !poll.ended { (ballot(line, poll, reader, address)) }
                @else { (result(poll, reader)) }
            }
        }
        // Of an encrypted message, this is said already.
        @if line.kind != Kind::Encrypted {
            @for remark in remarks(line.remark.as_deref(), &reader.locale) { p.remark { (remark) } }
        }
    }
}

fn body(line: &ChatLine, reader: &Reader) -> Markup {
    html! {
        div.words.emote[line.kind == Kind::Emote] dir="auto" {
            @match (&line.html, &line.text) {
                // The HTML was sanitised when the entry was derived.
                (Some(safe), _) => (PreEscaped(html_for_page(safe, reader))),
                (None, Some(text)) => p.text { (with_links(text)) },
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
    // What a browser is not given as a picture, sound or video can only be saved.
    let is = |kind: &str| shown_as(file.media_type.as_deref()).starts_with(kind);
    let size = file.pixels.map(shown_size);
    html! {
        @match &file.href {
            Some(href) if is("image/") => {
                a.picture href=(href) target="_blank" rel=(REL) {
                    img src=(href) loading="lazy" decoding="async" alt=(alternative_text(file, reader))
                        width=[size.map(|(width, _)| width)] height=[size.map(|(_, height)| height)];
                }
            }
            Some(href) if is("audio/") => {
                audio.media controls preload="none" src=(href) aria-label=(alternative_text(file, reader)) {}
                (named_file(file, href, reader))
            }
            Some(href) if is("video/") => {
                video.media controls playsinline preload="metadata" src=(href) aria-label=(alternative_text(file, reader))
                    width=[size.map(|(width, _)| width)] height=[size.map(|(_, height)| height)] {}
                (named_file(file, href, reader))
            }
            Some(href) => (named_file(file, href, reader)),
            None => {
                span.file {
                    span.name { bdi { (file.name) } }
                    " "
                    span.soft {
                        (text(reader, &format!("file-{}", file.state))) (bytes(file, reader))
                    }
                }
            }
        }
    }
}

/// Returns a link that saves a file, with its first page if that can be shown.
fn named_file(file: &ChatFile, href: &str, reader: &Reader) -> Markup {
    html! {
        a.file href=(href) download {
            @if let Some(page) = &file.first_page {
                @let (width, height) = shown_size(page.pixels);
                img src=(page.href) loading="lazy" decoding="async" width=(width) height=(height)
                    alt=(about(reader, "first-page-of-file", "name", &file.name));
            }
            span.name { bdi { (file.name) } }
            " "
            span.soft { (text(reader, "file-download")) (bytes(file, reader)) }
        }
    }
}

/// Returns the size of a file in bytes, if it is known, after a dot.
fn bytes(file: &ChatFile, reader: &Reader) -> Markup {
    html! { @if let Some(size) = file.size { " · " (reader.locale.size(size)) } }
}

/// Returns width and height at which a picture or video is shown, in pixels of the page, so that it keeps its place while it
/// is loaded. It is as large as it fits into [`MAX_SHOWN`].
fn shown_size((width, height): (u32, u32)) -> (u64, u64) {
    let (width, height) = (u64::from(width.max(1)), u64::from(height.max(1)));
    let (max_width, max_height) = MAX_SHOWN;
    if width <= max_width && height <= max_height {
        return (width, height);
    }
    if width * max_height >= height * max_width {
        (max_width, (height * max_width / width).max(1))
    } else {
        ((width * max_height / height).max(1), max_height)
    }
}

fn alternative_text(file: &ChatFile, reader: &Reader) -> String {
    let undescribed = || about(reader, "image-without-description", "name", &file.name);
    let description = file.description.clone().filter(|text| !text.trim().is_empty());
    description.unwrap_or_else(undescribed)
}

/// Returns a poll in which the visitor can vote.
fn ballot(line: &ChatLine, poll: &Poll, reader: &Reader, address: &Address) -> Markup {
    let kind = if poll.max_selections == 1 { "radio" } else { "checkbox" };
    html! {
        form.poll method="post" action=(address.part("vote")) {
            input type="hidden" name="event" value=(line.event);
            fieldset {
                legend { bdi { (poll.question) } }
                @for answer in &poll.answers {
                    label {
                        input type=(kind) name="answer" value=(answer.id) checked[answer.is_chosen];
                        " " bdi { (answer.text) } " "
                        (votes(answer, poll, reader))
                    }
                }
            }
            @if poll.max_selections > 1 {
                p.soft { (counted(reader, "poll-most", "count", number(poll.max_selections.min(poll.answers.len())))) }
            }
            button { (text(reader, "poll-vote")) }
        }
    }
}

/// Returns a poll in which nobody can vote any more.
fn result(poll: &Poll, reader: &Reader) -> Markup {
    html! {
        div.poll {
            p { bdi { (poll.question) } }
            ul aria-label=(text(reader, "poll")) {
                @for answer in &poll.answers {
                    li {
                        bdi { (answer.text) } " "
                        (votes(answer, poll, reader))
                        @if answer.is_chosen { " " span.soft { (text(reader, "poll-chosen")) } }
                    }
                }
            }
            @if poll.ended { p.soft { (text(reader, "poll-ended")) } }
        }
    }
}

/// Returns the number of votes for an answer, unless it is still secret.
fn votes(answer: &PollAnswer, poll: &Poll, reader: &Reader) -> Markup {
    let total: usize = poll.answers.iter().map(|it| it.votes).sum();
    html! {
        @if poll.is_disclosed {
            span.soft { (counted(reader, "poll-votes", "count", number(answer.votes))) }
            // The meter repeats the number beside it.
            meter aria-hidden="true" min="0" max=(total.max(1)) value=(answer.votes) {}
        }
    }
}

fn number(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::shown_size;

    #[test]
    fn a_picture_keeps_its_form_and_fits() {
        for (size, expected) in [
            ((100, 50), (100, 50)),
            ((4000, 3000), (426, 320)),
            ((3000, 4000), (240, 320)),
            ((4000, 1000), (480, 120)),
            ((u32::MAX, 1), (480, 1)),
            ((1, u32::MAX), (1, 320)),
            ((0, 0), (1, 1)),
        ] {
            assert_eq!(shown_size(size), expected, "{size:?}");
        }
    }
}
