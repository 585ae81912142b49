//! Mails as programs write them: `tests/mails/*.eml`, each with the words that people wrote beside it (`.txt`), and the
//! names of its files below a line of `=` if there are any.

use std::fs;
use std::path::{Path, PathBuf};

use super::ours::tests::ours;
use super::*;

const SENDER: &str = "jo@buyer.example";

fn mail(raw: &str) -> Incoming {
    read(raw.replace('\n', "\r\n").as_bytes(), SENDER, &ours()).unwrap()
}

/// The mails in `tests/mails`.
fn mails() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/mails");
    let mut files: Vec<_> = fs::read_dir(folder).unwrap().map(|it| it.unwrap().path()).collect();
    files.retain(|it| it.extension().is_some_and(|it| it == "eml"));
    files.sort();
    files
}

#[test]
fn of_the_mails_of_many_programs_only_the_answer_is_left() {
    let files = mails();
    assert!(files.len() >= 30, "{} mails", files.len());
    let mut wrong = Vec::new();
    for file in files {
        let raw = fs::read(&file).unwrap();
        let expected = fs::read_to_string(file.with_extension("txt")).unwrap();
        let (words, names) = expected.split_once("\n====\n").unwrap_or((&expected, ""));
        let found = read(&raw, SENDER, &ours()).unwrap();
        let found_names: Vec<&str> = found.files.iter().map(|it| it.name.as_str()).collect();
        let is_right = found.words == words.trim_end()
            && found_names == names.lines().collect::<Vec<_>>()
            && found.kind == Kind::Person
            && found.from.as_deref() == Some(SENDER);
        if !is_right {
            wrong.push(format!("{}: {found:#?}", file.display()));
        }
    }
    assert!(wrong.is_empty(), "{} are wrong:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn a_mail_says_who_wrote_it() {
    let found = mail("From: Jo <JO@Buyer.example>\nMessage-ID: <1@buyer.example>\n\nYes\n");
    assert_eq!(found.from.as_deref(), Some("jo@buyer.example"));
    assert_eq!(found.message_id.as_deref(), Some("1@buyer.example"));
    assert_eq!(mail("From: a@x.example, b@x.example\n\nYes\n").from, None);
    assert_eq!(mail("Subject: x\n\nYes\n").from, None);
    let of_two = format!("From: a@x.example\nFrom: {SENDER}\n\nYes\n");
    assert_eq!(mail(&of_two).from, None);
}

#[test]
fn broken_lines_are_joined_and_what_looks_like_a_quote_is_not_one() {
    let text = "> quoted \n> too\nlong \nline\n-- \nJo\n >5 pieces";
    assert_eq!(unflowed(text, false), "> quoted too\nlong line\n-- \nJo\n >5 pieces");
    assert_eq!(unflowed("ab \ncd", true), "abcd");
}

#[test]
fn a_mail_without_an_answer_has_no_words_if_all_of_it_is_a_quote() {
    let words = |text: &str| mail(&format!("From: {SENDER}\n\n{text}\n")).words;
    let quote = "On Mon, 30 Nov 2026 at 09:15, Acme <a@x.example> wrote:\n> Hello";
    assert_eq!(words(quote), "");
    assert_eq!(words(&format!("Sent from my iPhone\n\n{quote}")), "");
    for text in [
        ">50 cm",
        "-- \nJo",
        "From: Acme\nSent: Monday\nTo: Jo\nSubject: 42\n\nYes, below your words",
    ] {
        assert_eq!(words(text), text);
    }
}

#[test]
fn the_whole_text_is_kept_where_somebody_may_have_written_into_a_quote() {
    let text = "See below.\n\nFrom: Acme\nSent: Monday\nTo: Jo\nSubject: 42\n\nCan you pay by Friday?\n\
                YES, half of it.\n\nEnd these mails: https://pay.example/u/token";
    let found = mail(&format!("From: {SENDER}\n\n{text}\n"));
    assert_eq!((found.words.as_str(), found.whole.as_deref()), ("See below.", Some(text)));
    let marked = "Yes\n\nOn Mon, 30 Nov 2026 at 09:15, Acme <a@x.example> wrote:\n> Hello";
    let found = mail(&format!("From: {SENDER}\n\n{marked}\n"));
    assert_eq!((found.words.as_str(), found.whole), ("Yes", None));
}

#[test]
fn a_mail_of_ours_is_no_file_of_an_answer() {
    let id = "01kb9w6y3qk5v0c7m1n8x2d4fe";
    let of = |message_id: &str, part: &str| {
        let raw = format!(
            "From: {SENDER}\nContent-Type: multipart/mixed; boundary=x\n\n--x\n\nHere\n--x\n{part}\n\n\
             Message-ID: <{message_id}>\nFrom: invoices@shop.example\n\nhttps://pay.example/l/token\n--x--\n"
        );
        mail(&raw).files.len()
    };
    for part in [
        "Content-Type: message/rfc822",
        "Content-Type: application/octet-stream; name=Original.EML\nContent-Disposition: attachment",
    ] {
        assert_eq!(of(&format!("{id}.{id}@mail.shop.example"), part), 0, "{part}");
        assert_eq!(of(&format!("{id}.{id}@buyer.example"), part), 1, "{part}");
    }
}

#[test]
fn small_pictures_in_an_answer_stay() {
    let raw = "From: jo@buyer.example\nContent-Type: multipart/related; boundary=x\n\n--x\nContent-Type: text/html\n\n\
        <p>This one: <img src='cid:a@x'></p><div id=Signature>Jo <img src='cid:b@x'></div>\n\
        --x\nContent-Type: image/png; name=a.png\nContent-ID: <a@x>\n\nsmall\n\
        --x\nContent-Type: image/png; name=logo.png\nContent-ID: <b@x>\n\nsmall\n--x--\n";
    let found = mail(raw);
    let names: Vec<&str> = found.files.iter().map(|it| it.name.as_str()).collect();
    assert_eq!((found.words.as_str(), names), ("This one:", vec!["a.png"]));
}

#[test]
fn texts_that_are_too_long_are_refused() {
    let of = |kind: &str, length: usize| {
        let raw = format!(
            "From: {SENDER}\r\nContent-Type: text/{kind}\r\n\r\n{}",
            "a ".repeat(length / 2)
        );
        read(raw.as_bytes(), SENDER, &ours()).map(|_| ())
    };
    for kind in ["plain", "html"] {
        assert_eq!(of(kind, MAX_TEXT_BYTES - 10), Ok(()), "{kind}");
        assert_eq!(of(kind, MAX_TEXT_BYTES + 10), Err(Unreadable::TooLong), "{kind}");
    }
}

#[test]
fn a_text_file_keeps_its_bytes() {
    let raw = "From: jo@buyer.example\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\n\r\nHere\r\n\
        --x\r\nContent-Type: text/xml; charset=iso-8859-1; name=a.xml\r\nContent-Disposition: attachment\r\n\
        Content-Transfer-Encoding: base64\r\n\r\nPGE+5DwvYT4=\r\n--x--\r\n";
    let found = read(raw.as_bytes(), SENDER, &ours()).unwrap();
    let (name, bytes) = ("a.xml".to_owned(), b"<a>\xe4</a>".to_vec());
    let expected = MailFile { name, bytes, is_text: true };
    assert_eq!((found.words.as_str(), found.files), ("Here", vec![expected]));
}

#[test]
fn what_is_cut_off_or_changed_on_the_way_is_read_or_refused() {
    for file in mails() {
        let raw = fs::read(&file).unwrap();
        for at in (0..raw.len()).step_by(raw.len() / 40 + 1) {
            read(&raw[..at], SENDER, &ours()).ok();
            let mut changed = raw.clone();
            changed[at] = changed[at].wrapping_add(128);
            changed.splice(at..at, b"\r\n--b1\r\n<".iter().copied());
            read(&changed, SENDER, &ours()).ok();
        }
    }
}

#[test]
fn what_is_nested_too_deeply_is_refused() {
    let mails = |count: usize| {
        let raw = "Content-Type: message/rfc822\r\n\r\n".repeat(count);
        read(format!("From: a@x.example\r\n{raw}Hello\r\n").as_bytes(), SENDER, &ours()).map(|_| ())
    };
    assert_eq!(mails(MAX_PARTS), Ok(()));
    assert_eq!(mails(MAX_PARTS + 1), Err(Unreadable::TooManyParts));
    for header in [
        "Content-Type: message/rfc822\r\nContent-Transfer-Encoding: base64",
        "Content-Transfer-Encoding: QUOTED-PRINTABLE\r\nContent-Type: (x) message\r\n /rfc822; name=a",
        " Content - Type: message/global\r\n Content-Transfer-Encoding:\r\n base64",
    ] {
        let raw = format!("From: a@x.example\r\n{header}\r\n\r\nHello\r\n");
        assert_eq!(
            read(raw.as_bytes(), SENDER, &ours()).map(|_| ()),
            Err(Unreadable::EncodedMail),
            "{header}"
        );
    }
    assert_eq!(read(b"", SENDER, &ours()).map(|_| ()), Err(Unreadable::NoMail));
    assert_eq!(read(b"\r\n\r\nHello", SENDER, &ours()).map(|_| ()), Err(Unreadable::NoMail));
}
