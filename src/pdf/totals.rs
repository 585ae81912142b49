//! The block with the totals, and the breakdown of the VAT beside it.

use rust_decimal::Decimal;

use super::sheet::{Align, Sheet, WIDTH};
use super::text::{Line, Style, Typesetter};
use super::{Document, blocks};
use crate::invoice::{Adjustment, Invoice, VatSubtotal};
use crate::language::Locale;
use crate::transaction::Owed;
use crate::wording::{self, TotalKind, owed_label, vat};

/// The column of the totals: its start and its width, in points.
const TOTALS: (f32, f32) = (WIDTH - 236.0, 236.0);
/// The usual widths of the columns of the VAT breakdown: rate, taxable amount, tax. In points, as all here.
const VAT: [f32; 3] = [78.0, 68.0, 64.0];
/// The space between them.
const VAT_GAP: f32 = 4.0;
/// The least space before an amount within its column, so that two long amounts beside each other are two.
const BEFORE_AMOUNT: f32 = 8.0;
/// The least space between both blocks side by side.
const BETWEEN: f32 = 12.0;
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

/// Draws both blocks on one page, if they fit onto a page: side by side, unless long amounts make them too wide.
pub(super) fn totals(document: &Document<'_>, typesetter: &Typesetter, sheet: &mut Sheet) {
    let totals = total_rows(document, typesetter);
    let (breakdown, columns) = vat_rows(document, typesetter);
    let breakdown_column = (0.0, columns[2].0 + columns[2].1);
    let heights = [&totals, &breakdown].map(|rows| rows.iter().map(Row::height).sum::<f32>());
    let gap = blocks::GAP * 0.6;
    sheet.y += gap;
    let are_beside = breakdown_column.1 + BETWEEN <= TOTALS.0;
    let needed =
        if are_beside { heights[0].max(heights[1]) } else { heights[0] + gap + heights[1] };
    sheet.keep(needed);
    let top = sheet.y;
    draw(sheet, &breakdown, breakdown_column);
    if !are_beside || needed > Sheet::capacity() {
        sheet.y += if are_beside { 0.0 } else { gap };
        draw(sheet, &totals, TOTALS);
        return;
    }
    let below = std::mem::replace(&mut sheet.y, top);
    draw(sheet, &totals, TOTALS);
    sheet.y = sheet.y.max(below);
}

fn draw(sheet: &mut Sheet, rows: &[Row], column: (f32, f32)) {
    for row in rows {
        sheet.keep(row.height());
        let mut top = sheet.y;
        if row.ruled {
            sheet.rule(column, top + 1.0, 0.8, 60);
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
    let owed = document.standing.owed;
    let is_settled = invoice.totals.paid.is_zero()
        && invoice.totals.rounding.is_zero()
        && document.standing.paid.is_zero();
    let mut rows = Vec::new();
    let mut add = |label: &str, amount: Decimal, style: Style, ruled: bool| {
        let text = if style == Style::TOTAL {
            locale.amount(amount, invoice.currency)
        } else {
            locale.bare_amount(amount, invoice.currency)
        };
        rows.push(total_row(label, &text, style, ruled, typesetter));
    };
    for total in wording::totals(invoice, document.standing, locale) {
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

/// The columns of the VAT breakdown: where each starts, and how wide it is.
type VatColumns = [(f32, f32); 3];

fn vat_rows(document: &Document<'_>, typesetter: &Typesetter) -> (Vec<Row>, VatColumns) {
    let (invoice, locale) = (&document.terms.invoice, document.locale);
    let labels = ["vat-category", "vat-taxable", "vat-tax"].map(|id| locale.text(id));
    let shown = |it: &VatSubtotal| {
        [
            vat(&it.category, it.rate, locale),
            locale.bare_amount(it.taxable, invoice.currency),
            locale.bare_amount(it.tax, invoice.currency),
        ]
    };
    let cells: Vec<[String; 3]> = invoice.vat_breakdown.iter().map(shown).collect();
    let columns = vat_columns(&labels, &cells, typesetter);
    let mut rows = vec![vat_row(&labels, &columns, Style::LABEL, false, typesetter)];
    for (index, cells) in cells.iter().enumerate() {
        rows.push(vat_row(cells, &columns, Style::BODY, index == 0, typesetter));
    }
    (rows, columns)
}

/// Returns the columns. Those of amounts are wide enough for their widest amount, so that none is broken. What they
/// need more than usual is taken from the rates, as far as these leave it.
fn vat_columns(labels: &[String; 3], cells: &[[String; 3]], typesetter: &Typesetter) -> VatColumns {
    let widest = |index: usize| {
        let width = |row: &[String; 3]| typesetter.line(&row[index], Style::BODY).width + 0.1;
        cells.iter().map(width).fold(0.0, f32::max)
    };
    let mut widths = VAT;
    for (index, width) in widths.iter_mut().enumerate().skip(1) {
        *width = width.max(BEFORE_AMOUNT + widest(index));
    }
    let more: f32 = widths.iter().sum::<f32>() - VAT.iter().sum::<f32>();
    let label = typesetter.line(&labels[0], Style::LABEL).width + 0.1;
    widths[0] = (VAT[0] - more).max(widest(0).max(label).min(VAT[0]));
    let mut start = 0.0;
    widths.map(|width| {
        let column = (start, width);
        start += width + VAT_GAP;
        column
    })
}

fn vat_row(
    texts: &[String; 3],
    columns: &VatColumns,
    style: Style,
    ruled: bool,
    typesetter: &Typesetter,
) -> Row {
    let cell = |index: usize| {
        let align = if index == 0 { Align::Start } else { Align::Figures };
        (columns[index], align, typesetter.lines(&texts[index], style, columns[index].1))
    };
    Row { cells: (0..columns.len()).map(cell).collect(), ruled }
}
