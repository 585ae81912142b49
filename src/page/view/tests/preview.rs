//! Writes the pages as files for a preview: `TALLYROOM_PREVIEW=folder cargo test --lib preview`.

use std::fs;
use std::path::Path;

use maud::Markup;

use super::super::*;
use super::sample::Sample;

#[test]
fn preview_shows_each_page() {
    let mut sample = Sample::new();
    let page = super::super::page(&sample.page());
    let widget = document::shell(
        &sample.reader,
        "widget",
        "widget",
        document::Script::None,
        &maud::html! { main id="widget" { (widget_invoice(&sample.page())) } },
    );
    let closed = closed(
        Closed::Expired,
        &sample.reader,
        true,
        Some(Ask { transaction: sample.transaction.id, by_mail: true }),
    );
    sample.reader.today = "2026-07-13".parse().unwrap();
    let late = super::super::page(&sample.page());
    sample.transaction.terms.status = "paid".into();
    let mut quiet = sample.page();
    (quiet.chat.lines, quiet.chat.unsent, quiet.chat.older) = Default::default();
    quiet.chat.closed = Some("This conversation has ended.".into());
    let quiet = super::super::page(&quiet);
    let pages =
        [("page", page), ("widget", widget), ("closed", closed), ("late", late), ("quiet", quiet)];
    for (name, markup) in pages {
        assert!(markup.0.starts_with("<!DOCTYPE html>"), "{name}");
        if let Some(folder) = std::env::var_os("TALLYROOM_PREVIEW") {
            write(Path::new(&folder), name, &markup);
        }
    }
}

fn write(folder: &Path, name: &str, markup: &Markup) {
    fs::create_dir_all(folder.join("assets")).unwrap();
    fs::write(folder.join(format!("{name}.html")), &markup.0).unwrap();
    let arabic = markup.0.replace("dir=\"ltr\"", "dir=\"rtl\"");
    fs::write(folder.join(format!("{name}-rtl.html")), arabic).unwrap();
    for asset in assets::all() {
        fs::write(folder.join(asset.href().trim_start_matches('/')), asset.bytes).unwrap();
    }
}
