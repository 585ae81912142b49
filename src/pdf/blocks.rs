//! The blocks around the table: the head, how to pay, notes, other terms, and the running head and foot.

use super::Document;
use super::fields::{self, Field};
use super::sheet::{Align, PAGE, Sheet, WIDTH};
use super::text::{Line, Style, Typesetter};
use crate::invoice::qr_code;
use crate::transaction::Party;
use crate::wording::{address, kind};

/// The space between blocks, in points.
pub(super) const GAP: f32 = 22.0;
/// The greatest number of lines in the block of a party.
const MAX_PARTY_LINES: usize = 14;
/// The column of the parties, and the one beside it, each with its start and its width in points.
const FIRST: (f32, f32) = (0.0, 250.0);
const SECOND: (f32, f32) = (FIRST.1 + 33.0, WIDTH - FIRST.1 - 33.0);
/// The width of the label of a field, in points. The value has the rest.
const LABEL: f32 = 84.0;
/// The side of the QR code with its quiet zone, in points.
const QR: f32 = 104.0;
/// The width of the quiet zone, in modules.
const QUIET: usize = 4;
/// The positions of the running head and foot, in points.
const RUNNING_HEAD: f32 = 44.0;
const RUNNING_FOOT: f32 = PAGE.1 - 46.0;

/// Returns the title of the document, such as `Invoice 42 · Acme`.
pub(super) fn title(document: &Document<'_>) -> String {
    let terms = document.terms;
    let apart = |text: &String| fields::apart(text.clone(), document.locale);
    let [number, seller] = [&terms.invoice.number, &terms.seller.name].map(apart);
    format!("{} {number} · {seller}", kind(&document.terms.invoice, document.locale))
}

/// Draws the head: seller, title, buyer, dates and references.
pub(super) fn head(document: &Document<'_>, typesetter: &Typesetter, sheet: &mut Sheet) {
    let top = sheet.y;
    let seller = party(document, &document.terms.seller, Style::NAME, typesetter);
    let below_seller = stack(sheet, FIRST, Align::Start, top, &seller);
    let mut title =
        typesetter.lines(&kind(&document.terms.invoice, document.locale), Style::TITLE, SECOND.1);
    title.extend(typesetter.lines(&document.terms.invoice.number, Style::NAME, SECOND.1));
    let below_title = stack(sheet, SECOND, Align::End, top, &title);

    let second = below_seller.max(below_title) + GAP;
    let to = typesetter.lines(&document.locale.text("to"), Style::LABEL, FIRST.1);
    let buyer = party(document, &document.terms.buyer, Style::STRONG, typesetter);
    let below_to = stack(sheet, FIRST, Align::Start, second, &to);
    let below_buyer = stack(sheet, FIRST, Align::Start, below_to + 2.0, &buyer);
    sheet.y = second;
    rows(sheet, SECOND, &fields::head(document), typesetter);
    sheet.y = sheet.y.max(below_buyer) + GAP;
}

fn party(
    document: &Document<'_>,
    party: &Party,
    name: Style,
    typesetter: &Typesetter,
) -> Vec<Line> {
    let locale = document.locale;
    let mut lines = typesetter.lines(&party.name, name, FIRST.1);
    let address = party.address.iter().flat_map(|it| address(it, locale));
    let vat_id = party
        .vat_id
        .iter()
        .map(|id| format!("{} {}", locale.text("vat-id"), fields::apart(id.clone(), locale)));
    for text in address.chain(vat_id) {
        lines.extend(typesetter.lines(&text, Style::BODY, FIRST.1));
    }
    lines.truncate(MAX_PARTY_LINES);
    lines
}

/// Draws how to pay: as fields, and as a QR code beside them.
pub(super) fn payment(document: &Document<'_>, typesetter: &Typesetter, sheet: &mut Sheet) {
    let fields = fields::payment(document);
    if fields.is_empty() {
        return;
    }
    let code = document.qr.and_then(qr_code);
    let width = if code.is_some() { WIDTH - QR - 24.0 } else { WIDTH };
    let caption = typesetter.lines(&document.locale.text("qr-caption"), Style::SMALL, QR);
    let beside = code.as_ref().map_or(0.0, |_| QR + height(&caption));
    let needed = heading_height() + rows_height(&fields, width, typesetter).max(beside);
    sheet.y += GAP;
    sheet.keep(if needed > Sheet::capacity() { heading_height() + beside } else { needed });
    heading(document, "payment", typesetter, sheet);
    let top = sheet.y;
    if let Some(code) = &code {
        let column = (WIDTH - QR, QR);
        draw_code(sheet, column, code);
        let below = top + QR - QUIET as f32 * module(code);
        stack(sheet, column, Align::Start, below, &caption);
    }
    let pages = sheet.pages.len();
    rows(sheet, (0.0, width), &fields, typesetter);
    if sheet.pages.len() == pages {
        sheet.y = sheet.y.max(top + beside);
    }
}

fn draw_code(sheet: &mut Sheet, column: (f32, f32), code: &qrcode::QrCode) {
    let modules = code.width();
    let side = module(code);
    for (index, colour) in code.to_colors().into_iter().enumerate() {
        if colour == qrcode::Color::Dark {
            let x = (index % modules + QUIET) as f32 * side;
            let y = sheet.y + (index / modules) as f32 * side;
            sheet.square(column, x, y, side);
        }
    }
}

/// Returns the side of a module, in points. The code with its quiet zone is as wide as its box.
fn module(code: &qrcode::QrCode) -> f32 {
    QR / (code.width() + 2 * QUIET) as f32
}

/// Draws the notes of the seller.
pub(super) fn notes(document: &Document<'_>, typesetter: &Typesetter, sheet: &mut Sheet) {
    let notes = &document.terms.invoice.notes;
    if notes.is_empty() {
        return;
    }
    sheet.y += GAP;
    sheet.keep(heading_height() + 2.0 * Style::BODY.leading());
    heading(document, "notes", typesetter, sheet);
    for note in notes.iter().flat_map(|note| note.text.lines()) {
        sheet.flow((0.0, WIDTH), &typesetter.lines(note, Style::BODY, WIDTH));
        sheet.y += 3.0;
    }
}

/// Draws the business terms of the original invoice that our model does not have.
pub(super) fn further(document: &Document<'_>, typesetter: &Typesetter, sheet: &mut Sheet) {
    let fields = fields::further(document);
    if fields.is_empty() {
        return;
    }
    sheet.y += GAP;
    sheet.keep(heading_height() + 2.0 * Style::BODY.leading());
    heading(document, "further", typesetter, sheet);
    rows_with(sheet, (0.0, WIDTH), 170.0, &fields, typesetter);
}

/// Draws the number of each page, and the title of the document on each page but the first.
pub(super) fn running(document: &Document<'_>, typesetter: &Typesetter, sheet: &mut Sheet) {
    let pages = sheet.pages.len();
    let lines = typesetter.lines(&title(document), Style::SMALL, WIDTH - 110.0);
    for page in 0..pages {
        let arguments = [("page", (page + 1).into()), ("pages", pages.into())];
        let number = document.locale.text_with("pdf-page", &arguments);
        let number = typesetter.line(&number, Style::SMALL);
        sheet.rule_on(page, (0.0, WIDTH), RUNNING_FOOT - 7.0, 0.5, 200);
        sheet.running(page, (0.0, WIDTH), Align::End, RUNNING_FOOT, &number);
        if let Some(line) = lines.first() {
            sheet.running(page, (0.0, WIDTH), Align::Start, RUNNING_FOOT, line);
            if page > 0 {
                sheet.running(page, (0.0, WIDTH), Align::Start, RUNNING_HEAD, line);
            }
        }
    }
}

fn heading(document: &Document<'_>, id: &str, typesetter: &Typesetter, sheet: &mut Sheet) {
    let line = typesetter.line(&document.locale.text(id), Style::STRONG);
    sheet.text((0.0, WIDTH), Align::Start, sheet.y, &line);
    sheet.y += heading_height();
}

fn heading_height() -> f32 {
    Style::STRONG.leading() + 4.0
}

/// Draws labels with their values beside them.
fn rows(sheet: &mut Sheet, column: (f32, f32), fields: &[Field], typesetter: &Typesetter) {
    rows_with(sheet, column, LABEL, fields, typesetter);
}

fn rows_with(
    sheet: &mut Sheet,
    column: (f32, f32),
    label_width: f32,
    fields: &[Field],
    typesetter: &Typesetter,
) {
    let value_column = (column.0 + label_width + 10.0, column.1 - label_width - 10.0);
    for (label, value) in fields {
        let label = typesetter.lines(label, Style::SMALL, label_width);
        let values = typesetter.lines(value, Style::BODY, value_column.1);
        sheet.keep(height(&label).max(height(&values)).min(Sheet::capacity() / 4.0));
        let (top, pages) = (sheet.y, sheet.pages.len());
        let below_label = stack(sheet, (column.0, label_width), Align::Start, top + 1.5, &label);
        sheet.flow(value_column, &values);
        if sheet.pages.len() == pages {
            sheet.y = sheet.y.max(below_label) + 1.5;
        }
    }
}

fn rows_height(fields: &[Field], width: f32, typesetter: &Typesetter) -> f32 {
    let of = |(label, value): &Field| {
        let label = typesetter.lines(label, Style::SMALL, LABEL);
        let value = typesetter.lines(value, Style::BODY, width - LABEL - 10.0);
        (height(&label) + 1.5).max(height(&value)) + 1.5
    };
    fields.iter().map(of).sum()
}

pub(super) fn height(lines: &[Line]) -> f32 {
    lines.iter().map(|line| line.style.leading()).sum()
}

/// Draws lines one below the other on this page, and returns the position below them.
fn stack(sheet: &mut Sheet, column: (f32, f32), align: Align, top: f32, lines: &[Line]) -> f32 {
    let mut y = top;
    for line in lines {
        sheet.text(column, align, y, line);
        y += line.style.leading();
    }
    y
}
