//! The table of the invoice's lines, which may continue on the next pages.

use super::Document;
use super::fields;
use super::sheet::{Align, Sheet, WIDTH};
use super::text::{Line, Style, Typesetter};
use crate::invoice;
use crate::wording::{line_text, price, vat};

/// The number of columns: line id, description, quantity, price, VAT, net amount.
const COLUMNS: usize = 6;
/// The column that takes the width that the others leave.
const DESCRIPTION: usize = 1;
/// The space between columns, in points.
const GAP: f32 = 12.0;
/// The greatest width of each column, in points. The description has none.
const WIDEST: [f32; COLUMNS] = [34.0, 0.0, 78.0, 84.0, 66.0, 92.0];
/// The space above and below the text of a row, in points.
const PADDING: f32 = 4.5;
/// The height of a row that may be split over two pages, in points. A lower row starts on the next page
/// instead, and may leave as much of this page empty.
const TALL: f32 = 180.0;

/// The lines of text in each column of a row.
type Row = [Vec<Line>; COLUMNS];

struct Table {
    columns: [(f32, f32); COLUMNS],
    head: Row,
}

/// Draws the lines of the invoice; nothing if it states totals only.
pub(super) fn lines(document: &Document<'_>, typesetter: &Typesetter, sheet: &mut Sheet) {
    let lines = &document.terms.invoice.lines;
    if lines.is_empty() {
        return;
    }
    let head = head(document);
    let cells: Vec<[String; COLUMNS]> = lines.iter().map(|line| cells(document, line)).collect();
    let columns = columns(&head, &cells, typesetter);
    let head = row(&head, &columns, Style::LABEL, typesetter);
    let table = Table { columns, head };
    sheet.keep(height(&table.head) + 4.0 * Style::BODY.leading());
    table.draw_head(sheet);
    let mut further = fields::further_by_line(document);
    for (line, cells) in lines.iter().zip(&cells) {
        let mut row = row(cells, &table.columns, Style::BODY, typesetter);
        // If lines have the same id, what belongs to it is at the first of them, and not at each once more.
        let terms = further.remove(line.id.as_str()).unwrap_or_default();
        for text in fields::in_paragraphs(&terms, document.locale) {
            let width = table.columns[DESCRIPTION].1;
            row[DESCRIPTION].extend(typesetter.lines(&text, Style::SMALL, width));
        }
        table.draw(sheet, &row);
    }
}

fn head(document: &Document<'_>) -> [String; COLUMNS] {
    let locale = document.locale;
    let net = format!("{} {}", locale.text("line-net"), document.terms.invoice.currency);
    [
        locale.text("pdf-line"),
        locale.text("line-description"),
        locale.text("line-quantity"),
        locale.text("line-price"),
        locale.text("line-vat"),
        net,
    ]
}

fn cells(document: &Document<'_>, line: &invoice::Line) -> [String; COLUMNS] {
    let locale = document.locale;
    [
        line.id.clone(),
        line_text(line),
        locale.quantity(line.quantity, &line.unit),
        price(line, document.terms.invoice.currency, locale),
        vat(&line.vat.category, line.vat.rate, locale),
        locale.bare_amount(line.net_amount, document.terms.invoice.currency),
    ]
}

/// Returns the columns, each as wide as its widest text, up to its greatest width.
fn columns(
    head: &[String; COLUMNS],
    cells: &[[String; COLUMNS]],
    typesetter: &Typesetter,
) -> [(f32, f32); COLUMNS] {
    let mut widths = [0.0_f32; COLUMNS];
    for (index, width) in widths.iter_mut().enumerate().filter(|(index, _)| *index != DESCRIPTION) {
        let labels = typesetter.line(&head[index], Style::LABEL).width;
        let texts = cells.iter().map(|row| typesetter.line(&row[index], Style::BODY).width);
        *width = texts.fold(labels, f32::max).min(WIDEST[index]) + 0.1;
    }
    let others: f32 = widths.iter().sum();
    widths[DESCRIPTION] = WIDTH - others - GAP * (COLUMNS - 1) as f32;
    let mut start = 0.0;
    widths.map(|width| {
        let column = (start, width);
        start += width + GAP;
        column
    })
}

fn row(
    cells: &[String; COLUMNS],
    columns: &[(f32, f32); COLUMNS],
    style: Style,
    typesetter: &Typesetter,
) -> Row {
    std::array::from_fn(|index| typesetter.lines(&cells[index], style, columns[index].1))
}

/// Returns the height of the lines with this index, which are side by side.
fn leading(row: &Row, index: usize) -> f32 {
    let lines = row.iter().filter_map(|cell| cell.get(index));
    lines.map(|line| line.style.leading()).fold(0.0, f32::max)
}

fn depth(row: &Row) -> usize {
    row.iter().map(Vec::len).max().unwrap_or_default()
}

fn height(row: &Row) -> f32 {
    (0..depth(row)).map(|index| leading(row, index)).sum::<f32>() + 2.0 * PADDING
}

fn align(column: usize) -> Align {
    if column <= DESCRIPTION { Align::Start } else { Align::Figures }
}

impl Table {
    fn draw_head(&self, sheet: &mut Sheet) {
        self.draw_cells(sheet, &self.head, 0..depth(&self.head));
        sheet.y += PADDING;
        sheet.rule((0.0, WIDTH), sheet.y, 0.8, 60);
    }

    /// Draws a row. It stays on one page, unless it is very high.
    fn draw(&self, sheet: &mut Sheet, row: &Row) {
        let height = height(row);
        if height > sheet.left() && (height <= TALL || sheet.left() < TALL / 2.0) {
            self.next_page(sheet);
        }
        sheet.y += PADDING;
        for index in 0..depth(row) {
            if leading(row, index) > sheet.left() {
                self.next_page(sheet);
                sheet.y += PADDING;
            }
            self.draw_cells(sheet, row, index..index + 1);
        }
        sheet.y += PADDING;
        sheet.rule((0.0, WIDTH), sheet.y, 0.4, 205);
    }

    fn next_page(&self, sheet: &mut Sheet) {
        sheet.new_page();
        self.draw_head(sheet);
    }

    fn draw_cells(&self, sheet: &mut Sheet, row: &Row, indices: std::ops::Range<usize>) {
        for index in indices {
            for (column, cell) in row.iter().enumerate() {
                if let Some(line) = cell.get(index) {
                    sheet.text(self.columns[column], align(column), sheet.y, line);
                }
            }
            sheet.y += leading(row, index);
        }
    }
}
