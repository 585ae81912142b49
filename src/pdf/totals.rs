//! The block with the totals, and the breakdown of the VAT beside it.

use rust_decimal::Decimal;

use super::fields;
use super::sheet::{Align, Sheet, WIDTH};
use super::text::{Line, Style, Typesetter};
use super::{Document, blocks};
use crate::invoice::{Adjustment, Invoice, Owed};
use crate::language::Locale;
use crate::wording::{self, TotalKind, owed_label, vat};

/// The column of the totals: its start and its width, in points.
const TOTALS: (f32, f32) = (WIDTH - 236.0, 236.0);
/// The columns of the VAT breakdown: rate, taxable amount, tax.
const VAT: [(f32, f32); 3] = [(0.0, 78.0), (82.0, 68.0), (154.0, 64.0)];
/// The least width of the amount of a total, in points.
const FIGURE: f32 = 100.0;
/// The greatest number of allowances and charges that are shown one by one.
const MAX_ADJUSTMENTS: usize = 12;
/// The longest reason of one of them, in characters.
const MAX_REASON_CHARS: usize = 120;

/// Cells side by side, and whether there is a rule above them.
struct Row {
    cells: Vec<((f32, f32), Align, Vec<Line>)>,
    ruled: bool,
}

impl Row {
    fn height(&self) -> f32 {
        let tallest = self.cells.iter().map(|(_, _, lines)| blocks::height(lines));
        tallest.fold(0.0, f32::max) + if self.ruled { 8.0 } else { 3.0 }
    }
}

/// Draws both blocks side by side and on one page, if they fit onto a page.
pub(super) fn totals(document: &Document<'_>, typesetter: &Typesetter, sheet: &mut Sheet) {
    let totals = total_rows(document, typesetter);
    let breakdown = vat_rows(document, typesetter);
    let heights = [&totals, &breakdown].map(|rows| rows.iter().map(Row::height).sum::<f32>());
    sheet.y += blocks::GAP * 0.6;
    let needed = heights[0].max(heights[1]);
    if needed > Sheet::capacity() {
        draw(sheet, &breakdown, None);
        draw(sheet, &totals, Some(TOTALS));
        return;
    }
    sheet.keep(needed);
    let top = sheet.y;
    draw(sheet, &breakdown, None);
    let below = std::mem::replace(&mut sheet.y, top);
    draw(sheet, &totals, Some(TOTALS));
    sheet.y = sheet.y.max(below);
}

fn draw(sheet: &mut Sheet, rows: &[Row], column: Option<(f32, f32)>) {
    let full = (VAT[0].0, VAT[2].0 + VAT[2].1);
    for row in rows {
        sheet.keep(row.height());
        let mut top = sheet.y;
        if row.ruled {
            sheet.rule(column.unwrap_or(full), top + 1.0, 0.8, 60);
            top += 5.0;
        }
        for (column, align, lines) in &row.cells {
            let mut y = top;
            for line in lines {
                sheet.text(*column, *align, y, line);
                y += line.style.leading();
            }
        }
        sheet.y += row.height();
    }
}

fn total_rows(document: &Document<'_>, typesetter: &Typesetter) -> Vec<Row> {
    let (invoice, locale) = (&document.terms.invoice, document.locale);
    let owed = fields::owed(document);
    let is_settled = invoice.totals.paid.is_zero() && invoice.totals.rounding.is_zero();
    let mut rows = Vec::new();
    let mut add = |label: &str, amount: Decimal, style: Style, ruled: bool| {
        let text = if style == Style::TOTAL {
            locale.amount(amount, invoice.currency)
        } else {
            locale.bare_amount(amount, invoice.currency)
        };
        rows.push(total_row(label, &text, style, ruled, typesetter));
    };
    for total in wording::totals(invoice, locale) {
        match total.kind {
            TotalKind::Allowances if are_listed(invoice) => {
                for it in &invoice.allowances {
                    add(&label(it, "allowance", locale), -it.amount, Style::BODY, false);
                }
            }
            TotalKind::Charges if are_listed(invoice) => {
                for it in &invoice.charges {
                    add(&label(it, "charge", locale), it.amount, Style::BODY, false);
                }
            }
            // The last row says the same, unless the document asks for no money.
            TotalKind::WithVat if is_settled && !matches!(owed, Owed::Ended(_)) => {}
            TotalKind::WithVat => add(&total.label, total.amount, Style::STRONG, true),
            _ => add(&total.label, total.amount, Style::BODY, false),
        }
    }
    let amount = match owed {
        Owed::Payable(amount) | Owed::Credited(amount) => amount,
        // The document keeps its total, and says that nobody has to pay it.
        Owed::Nothing | Owed::Ended(_) => Decimal::ZERO,
    };
    add(&owed_label(owed, locale), amount, Style::TOTAL, true);
    rows
}

/// Whether allowances and charges on the whole document are few enough to be shown one by one.
fn are_listed(invoice: &Invoice) -> bool {
    invoice.allowances.len() + invoice.charges.len() <= MAX_ADJUSTMENTS
}

/// The reason of an allowance or charge, or what it is called without one.
fn label(it: &Adjustment, id: &str, locale: &Locale) -> String {
    let reason = it.reason.clone().unwrap_or_else(|| locale.text(id));
    reason.chars().take(MAX_REASON_CHARS).collect()
}

fn total_row(label: &str, figure: &str, style: Style, ruled: bool, typesetter: &Typesetter) -> Row {
    // A long amount takes the width that it needs.
    let figures = typesetter.lines(figure, style, TOTALS.1);
    let widest = figures.iter().map(|line| line.width).fold(FIGURE, f32::max);
    let labels = typesetter.lines(label, style, (TOTALS.1 - widest - 8.0).max(60.0));
    let cells = vec![(TOTALS, Align::Start, labels), (TOTALS, Align::End, figures)];
    Row { cells, ruled }
}

fn vat_rows(document: &Document<'_>, typesetter: &Typesetter) -> Vec<Row> {
    let (invoice, locale) = (&document.terms.invoice, document.locale);
    let labels = ["vat-category", "vat-taxable", "vat-tax"].map(|id| locale.text(id));
    let mut rows = vec![vat_row(&labels, Style::LABEL, false, typesetter)];
    for (index, it) in invoice.vat_breakdown.iter().enumerate() {
        let cells = [
            vat(&it.category, it.rate, locale),
            locale.bare_amount(it.taxable, invoice.currency),
            locale.bare_amount(it.tax, invoice.currency),
        ];
        rows.push(vat_row(&cells, Style::BODY, index == 0, typesetter));
    }
    rows
}

fn vat_row(texts: &[String; 3], style: Style, ruled: bool, typesetter: &Typesetter) -> Row {
    let cell = |index: usize| {
        let align = if index == 0 { Align::Start } else { Align::Figures };
        (VAT[index], align, typesetter.lines(&texts[index], style, VAT[index].1))
    };
    Row { cells: (0..VAT.len()).map(cell).collect(), ruled }
}
