mod naming;
mod owed;
mod preview;
mod sample;

use std::collections::HashSet;
use std::sync::Arc;

use super::*;
use crate::config::{Colour, Logo, ShopLook, Words};
use crate::page::model::{Chat, Composing, Named, Quote, Side, Unsent, UnsentRelation};
use crate::transaction::PartyRole;
use sample::{ADDRESS, HOSTILE, Sample};

/// Returns the values of an attribute, in the order of the page.
fn values<'a>(html: &'a str, attribute: &str) -> Vec<&'a str> {
    let opening = format!(" {attribute}=\"");
    html.split(&opening as &str).skip(1).filter_map(|rest| rest.split('"').next()).collect()
}

/// Returns every opening tag with its attributes.
fn tags(html: &str) -> Vec<&str> {
    let opening = |piece: &&str| piece.starts_with(|it: char| it.is_ascii_alphabetic());
    html.split('<').filter(opening).filter_map(|piece| piece.split('>').next()).collect()
}

#[test]
fn what_people_wrote_never_becomes_markup() {
    let mut sample = Sample::new();
    sample.transaction.terms.seller.name = HOSTILE.to_owned();
    sample.transaction.terms.invoice.lines[0].description = HOSTILE.to_owned();
    let page = sample.page();
    for html in [super::page(&page), widget_invoice(&page), super::update(&page)] {
        let html = html.into_string();
        assert!(!html.contains("<script>"), "{html}");
        assert!(!html.contains("<img src=x"), "{html}");
    }
    assert!(super::page(&page).into_string().contains("&lt;script&gt;"));
}

#[test]
fn the_page_complies_with_its_content_security_policy() {
    let sample = Sample::new();
    let html = super::page(&sample.page()).into_string();
    for tag in tags(&html) {
        assert!(!tag.contains(" style="), "{tag}");
        // The text between quotes is a value, not an attribute.
        let outside = tag.split('"').step_by(2).flat_map(str::split_whitespace);
        assert!(!outside.into_iter().any(|it| it.starts_with("on")), "{tag}");
        if tag.starts_with("script")
            || tag.starts_with("style")
            || tag.starts_with("link rel=\"stylesheet\"")
        {
            assert!(tag.contains(" nonce=\"n0nce\""), "{tag}");
        }
    }
}

#[test]
fn a_shop_has_its_own_logo_colours_and_notice() {
    let mut sample = Sample::new();
    assert!(!super::page(&sample.page()).into_string().contains("<style"));
    sample.look = Some(ShopLook {
        logo_file: Some(Arc::new(Logo {
            file_name: "logo.0.png".to_owned(),
            media_type: "image/png",
            pixels: (320, 80),
            bytes: Vec::new(),
        })),
        accent: Some(Colour::new(0x1a, 0x3f, 0x8f)),
        notice: Some(Words::PerLanguage([("en".to_owned(), HOSTILE.to_owned())].into())),
        ..ShopLook::default()
    });
    let page = super::page(&sample.page()).into_string();
    assert!(page.contains("<style nonce=\"n0nce\">@media screen and (prefers-color-scheme:light)"));
    assert!(page.contains("--accent:#1a3f8f;--on-accent:#ffffff;"));
    assert!(page.contains("src=\"/assets/logo.0.png\" alt=\"\" width=\"320\" height=\"80\""));
    let widget = widget_invoice(&sample.page()).into_string();
    assert!(widget.contains("data-light=\"--accent:#1a3f8f;") && !widget.contains("<style"));
    for html in [page, widget] {
        assert!(html.contains("role=\"note\"") && html.contains("&lt;script&gt;"));
        assert!(!html.contains("<script>") && !html.contains("<img src=x"), "{html}");
    }
    sample.reader.locale = crate::language::Locale::of(crate::language::Language::German);
    assert!(!super::page(&sample.page()).into_string().contains("role=\"note\""));
}

#[test]
fn ids_are_unique_and_every_reference_has_its_target() {
    let sample = Sample::new();
    let html = super::page(&sample.page()).into_string();
    let ids = values(&html, "id");
    let unique: HashSet<_> = ids.iter().collect();
    assert_eq!(ids.len(), unique.len(), "{ids:?}");
    for attribute in ["aria-labelledby", "aria-describedby", "for"] {
        for id in values(&html, attribute).into_iter().flat_map(str::split_whitespace) {
            assert!(unique.contains(&id), "{attribute}={id}");
        }
    }
}

#[test]
fn headings_skip_no_level_and_only_one_is_of_the_first_level() {
    let sample = Sample::new();
    let html = super::page(&sample.page()).into_string();
    let level = |tag: &str| {
        let name = tag.split(' ').next().unwrap_or_default();
        name.strip_prefix('h').and_then(|it| it.parse::<u32>().ok())
    };
    let levels: Vec<u32> = tags(&html).into_iter().filter_map(level).collect();
    assert_eq!(levels.first(), Some(&1));
    assert_eq!(levels.iter().filter(|level| **level == 1).count(), 1);
    for pair in levels.windows(2) {
        assert!(pair[1] <= pair[0] + 1, "{levels:?}");
    }
}

#[test]
fn no_text_of_the_page_is_missing() {
    let sample = Sample::new();
    let page = sample.page();
    let html = [
        super::page(&page).into_string(),
        closed(
            Closed::Expired,
            page.reader,
            true,
            Some(Ask { transaction: ADDRESS.transaction, by_mail: true }),
        )
        .into_string(),
        widget(page.transaction.id, page.reader).into_string(),
    ]
    .concat();
    // A missing text is shown as its id.
    let is_id = |it: &&str| {
        let plain = |it: char| it.is_ascii_lowercase() || it.is_ascii_digit() || "-_".contains(it);
        it.contains('-')
            && it.starts_with(|it: char| it.is_ascii_lowercase())
            && it.chars().all(plain)
    };
    let between = html.split('>').filter_map(|piece| piece.split('<').next()).map(str::trim);
    let labels = ["aria-label", "title", "placeholder", "alt"].map(|it| values(&html, it));
    let missing: Vec<_> = between.chain(labels.into_iter().flatten()).filter(is_id).collect();
    assert!(missing.is_empty(), "{missing:?}");
}

/// Returns the attribute of a form that posts to this part of the page.
fn posts_to(part: &str) -> String {
    format!("action=\"{}\"", ADDRESS.part(part))
}

#[test]
fn every_address_on_the_page_names_its_grant() {
    let sample = Sample::new();
    let page = sample.page();
    let html = super::page(&page).into_string();
    let name = format!("grant={}", ADDRESS.grant);
    let mut found = 0;
    for attribute in ["href", "src", "action", "data-live", "data-fragment"] {
        for address in values(&html, attribute) {
            let is_ours = address.starts_with("/t/") || address.starts_with('?');
            assert!(!is_ours || address.contains(&name), "{attribute}={address}");
            found += usize::from(is_ours);
        }
    }
    assert!(found > 30, "{found} addresses");
    assert_eq!(values(&html, "data-grant"), [ADDRESS.grant.to_string()]);
}

#[test]
fn the_form_names_the_writer_in_each_language() {
    for language in crate::language::Language::ALL {
        let mut sample = Sample::new();
        sample.reader.locale = crate::language::Locale::negotiate(Some(language.tag()), None, "en");
        let mut page = sample.page();
        page.visitor_name = "Robin of the workshop".to_owned();
        let whole = super::page(&page).into_string();
        let (_, foot) = whole.split_once("<footer").unwrap();
        assert!(foot.contains("Robin of the workshop"), "{foot}");
        let html = chat(&page).into_string();
        let form = html.split("<form class=\"compose\"").nth(1).unwrap();
        let speaker = form.split("id=\"speaker\"").nth(1).unwrap();
        let speaker = speaker.split("</p>").next().unwrap();
        assert!(speaker.contains("Robin of the workshop"), "{speaker}");
        assert!(speaker.contains("Birch Furniture GmbH"), "{speaker}");
        assert!(form.contains("aria-describedby=\"speaker hint\""), "{form}");
    }
}

#[test]
fn a_line_can_be_answered_and_removed_without_scripts() {
    let sample = Sample::new();
    let page = sample.page();
    let mine = page.chat.lines.iter().find(|it| it.can_edit).unwrap();
    let html = line(mine, page.reader, &ADDRESS).into_string();
    let event = localized::encoded(&mine.event);
    let here = ADDRESS.page();
    assert!(html.contains(&format!("href=\"{here}&amp;reply={event}#compose\"")), "{html}");
    assert!(html.contains(&format!("href=\"{here}&amp;edit={event}#compose\"")), "{html}");
    assert!(html.contains(&posts_to("remove")), "{html}");
    let other = page.chat.lines.iter().find(|it| !it.can_remove && !it.removed).unwrap();
    assert!(!line(other, page.reader, &ADDRESS).into_string().contains("/remove"));
}

#[test]
fn lines_of_one_sender_on_one_day_are_grouped() {
    let sample = Sample::new();
    let page = sample.page();
    let html = lines(&page.chat, page.reader, &ADDRESS).into_string();
    assert_eq!(html.matches("class=\"day\"").count(), 3);
    assert!(html.contains("line theirs follows"), "{html}");
    let older = format!("{}&amp;before=c%2F1", ADDRESS.part("lines"));
    assert!(html.contains(&older), "{html}");
}

#[test]
fn a_reply_or_an_edit_shows_its_message() {
    let sample = Sample::new();
    let mut page = sample.page();
    let by = Named { name: "Ada".into(), role: Some(PartyRole::Seller), is_visitor: false };
    let quote = Quote { event: "$q".into(), by, excerpt: "When?".into() };
    page.chat.composing = Composing::Reply(quote);
    let html = chat(&page).into_string();
    assert!(html.contains("name=\"reply_to\" value=\"$q\">"), "{html}");
    assert!(html.contains("Replying to Ada (seller)"));
    page.chat.composing = Composing::Edit { event: "$e".into(), text: "Old".into() };
    let html = chat(&page).into_string();
    assert!(html.contains("name=\"edit\" value=\"$e\">") && html.contains(">Old</textarea>"));
    page.chat.composing = Composing::New;
    assert!(chat(&page).into_string().contains("name=\"edit\" disabled"));
}

#[test]
fn what_is_sent_again_goes_to_the_same_addressee() {
    let sample = Sample::new();
    let mut page = sample.page();
    assert!(!chat(&page).into_string().contains("\" selected"));
    let to = page.choices[1].id.clone();
    let relation = UnsentRelation { to: Some(to.clone()), ..UnsentRelation::default() };
    page.chat.unsent[0] = Unsent {
        gave_up: true,
        problem: Some("It failed.".into()),
        relation: Some(relation.clone()),
        ..page.chat.unsent[0].clone()
    };
    let (text, outgoing) = ("When?".to_owned(), "01J".to_owned());
    page.chat.composing = Composing::Resend { text, relation, outgoing, quote: None };
    let html = chat(&page).into_string();
    assert!(html.contains(&format!("<option value=\"{to}\" selected>")), "{html}");
    assert!(html.contains(&format!("data-to=\"{to}\"")), "{html}");
}

#[test]
fn each_side_is_told_what_it_can_write() {
    let mut sample = Sample::new();
    let invitation = |sample: &Sample| {
        let html = chat(&sample.page()).into_string();
        let (_, empty) = html.split_once("id=\"empty\"").unwrap();
        empty.split("</p>").next().unwrap().to_owned()
    };
    assert!(invitation(&sample).contains("Write to Acme Timber Ltd here: ask about the invoice"));
    sample.visitor.role = PartyRole::Seller;
    let text = invitation(&sample);
    assert!(text.contains("Write to Birch Furniture GmbH here about the invoice"), "{text}");
}

#[test]
fn nobody_can_write_into_a_closed_conversation() {
    let sample = Sample::new();
    let mut page = sample.page();
    page.chat.closed = Some("The room is gone.".into());
    let html = chat(&page).into_string();
    assert!(html.contains("The room is gone."));
    assert!(!html.contains("<textarea") && !html.contains("reply=") && !html.contains("/remove"));
}

#[test]
fn what_the_visitor_has_not_read_yet_begins_below_a_line() {
    let sample = Sample::new();
    let mut chat = sample.page().chat;
    let of = |chat: &Chat| {
        let html = lines(chat, &sample.reader, &ADDRESS).into_string();
        let (before, after) = html.split_once("id=\"new-since\"")?;
        let last = before.rsplit("data-event=\"").next()?.split('"').next()?.to_owned();
        let first = after.split("data-event=\"").nth(1)?.split('"').next()?.to_owned();
        Some((last, first))
    };
    let lines: Vec<_> = chat.lines.iter().map(|it| (it.event.clone(), it.at, it.side)).collect();
    assert_eq!(of(&chat), None, "the first visit");
    for (read, later) in lines.iter().zip(1..) {
        chat.read_upto = Some(read.1);
        let first = lines[later..].iter().find(|it| it.1 > read.1 && it.2 != Side::Mine);
        assert_eq!(of(&chat).map(|it| it.1), first.map(|it| it.0.clone()), "{read:?}");
    }
    // What they have read is on an older page.
    chat.read_upto = Some(lines[0].1 - 1);
    assert_eq!(of(&chat), None);
}

#[test]
fn an_unsent_message_shows_the_problem_and_the_actions() {
    let sample = Sample::new();
    let problem = Some("The server refused it.".to_owned());
    let message = Unsent {
        id: "01J".into(),
        at: 0,
        text: "Hello".into(),
        problem,
        gave_up: true,
        relation: Some(UnsentRelation::default()),
    };
    let html = unsent(std::slice::from_ref(&message), &sample.reader, &ADDRESS).into_string();
    assert!(html.contains("Not sent: The server refused it."));
    assert!(html.contains(&posts_to("retry")) && html.contains(&posts_to("discard")));
    let again = format!("href=\"{}&amp;again=01J#compose\" data-again=\"Hello\"", ADDRESS.page());
    assert!(html.contains(&again), "{html}");
    // A message that is still being sent cannot be discarded, because it may be in the room
    // already.
    let trying = unsent(&[Unsent { gave_up: false, ..message.clone() }], &sample.reader, &ADDRESS)
        .into_string();
    assert!(trying.contains(&posts_to("retry")) && !trying.contains("/discard"));
    assert!(!trying.contains("?again="), "{trying}");
    // It is safe, and nobody has to do anything.
    assert!(trying.contains("Saved: The server refused it.") && !trying.contains("Not sent:"));
    assert!(!trying.contains("failed"), "{trying}");
    let file =
        unsent(&[Unsent { relation: None, ..message }], &sample.reader, &ADDRESS).into_string();
    assert!(!file.contains("?again="), "a file cannot be put into the text field");
    assert!(unsent(&[], &sample.reader, &ADDRESS).into_string().is_empty());
}

#[test]
fn late_days_are_counted_only_while_an_amount_is_owed() {
    let mut sample = Sample::new();
    sample.reader.today = "2026-07-04".parse().unwrap();
    assert!(super::update(&sample.page()).into_string().contains("3 days late"));
    sample.transaction.terms.status = "paid".into();
    assert!(!super::update(&sample.page()).into_string().contains("late"));
}

#[test]
fn an_unknown_status_is_shown_as_the_shop_wrote_it() {
    let sample = Sample::new();
    assert_eq!(
        crate::wording::status("awaiting_payment", &sample.reader.locale),
        "Awaiting payment"
    );
    assert_eq!(
        crate::wording::status("with_the_lawyers", &sample.reader.locale),
        "with the lawyers"
    );
}

#[test]
fn a_closed_page_shows_no_invoice_and_loads_no_script() {
    let sample = Sample::new();
    for kind in
        [Closed::Wrong, Closed::Expired, Closed::Revoked, Closed::SignedOut, Closed::NotFound]
    {
        let html = closed(
            kind,
            &sample.reader,
            true,
            Some(Ask { transaction: ADDRESS.transaction, by_mail: true }),
        )
        .into_string();
        assert!(!html.contains("<script") && !html.contains("INV-"), "{html}");
        assert!(html.contains("<h1>"));
    }
}

#[test]
fn whoever_comes_by_a_link_waits_for_no_file() {
    let sample = Sample::new();
    let html = entrance("/t/X/sign-in/link", "token", None, &sample.reader).into_string();
    let [script, style] = ["<script nonce=", "rel=\"stylesheet\""].map(|it| html.find(it).unwrap());
    assert!(script < style, "the style sheet would hold back the script: {html}");
    assert!(!html.contains("<script src") && !html.contains("type=\"module\""), "{html}");
}

#[test]
fn assets_are_addressed_by_their_content_and_small() {
    for asset in assets::all() {
        assert!(std::ptr::eq(assets::find(&asset.file_name).unwrap(), asset));
    }
    assert!(assets::find("page.css").is_none());
    let bytes: usize = assets::all().iter().map(|it| it.bytes.len()).sum();
    assert!(bytes < 88 * 1024, "{bytes}");
}
