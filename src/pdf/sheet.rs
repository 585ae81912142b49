//! Pages that are filled from top to bottom. Positions are measured from the side where lines start, so
//! that everything is mirrored in languages that are written from right to left.

use super::text::Line;

/// The size of an A4 page, in points.
pub(super) const PAGE: (f32, f32) = (595.28, 841.89);
/// The margin to the left and to the right, in points.
const MARGIN: f32 = 56.0;
/// The margin above the content of the first page, in points.
const TOP: f32 = 52.0;
/// The margin above the content of the other pages, which have a running head, in points.
const LATER_TOP: f32 = 76.0;
/// The margin below the content, where the running foot is, in points.
const BOTTOM: f32 = 68.0;
/// The width of the content, in points.
pub(super) const WIDTH: f32 = PAGE.0 - 2.0 * MARGIN;

/// The alignment of a line in its box.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Align {
    /// At the side where reading starts.
    Start,
    /// At the side where reading ends.
    End,
    /// To the right in every language, so that the digits of a column are aligned.
    Figures,
}

/// Something to draw, with its final position from the left and from the top, in points.
pub(super) enum Mark {
    /// A line of text. `running` means that it belongs to the running head or foot, which a screen
    /// reader skips.
    Text {
        x: f32,
        baseline: f32,
        line: Line,
        running: bool,
    },
    Rule {
        x: f32,
        y: f32,
        width: f32,
        thickness: f32,
        grey: u8,
    },
    Square {
        x: f32,
        y: f32,
        side: f32,
    },
}

/// The pages that were filled so far.
pub(super) struct Sheet {
    pub(super) pages: Vec<Vec<Mark>>,
    /// The position of the next block, from the top of the newest page, in points.
    pub(super) y: f32,
    rtl: bool,
}

impl Sheet {
    pub(super) fn new(rtl: bool) -> Self {
        Self { pages: vec![Vec::new()], y: TOP, rtl }
    }

    /// Returns how much of this page is left, in points.
    pub(super) fn left(&self) -> f32 {
        PAGE.1 - BOTTOM - self.y
    }

    /// Returns how much fits onto a page other than the first, in points.
    pub(super) fn capacity() -> f32 {
        PAGE.1 - BOTTOM - LATER_TOP
    }

    pub(super) fn new_page(&mut self) {
        self.pages.push(Vec::new());
        self.y = LATER_TOP;
    }

    /// Starts a new page if `height` does not fit onto this one. What fits onto no page stays here.
    pub(super) fn keep(&mut self, height: f32) {
        if height > self.left() && height <= Self::capacity() {
            self.new_page();
        }
    }

    /// Draws a line in a box, and does not move the position of the next block.
    pub(super) fn text(&mut self, (start, width): (f32, f32), align: Align, y: f32, line: &Line) {
        let page = self.pages.len().saturating_sub(1);
        let mark = self.text_mark((start, width), align, y, line, false);
        self.mark(page, mark);
    }

    /// Draws a line in the running head or foot of a page.
    pub(super) fn running(
        &mut self,
        page: usize,
        (start, width): (f32, f32),
        align: Align,
        y: f32,
        line: &Line,
    ) {
        let mark = self.text_mark((start, width), align, y, line, true);
        self.mark(page, mark);
    }

    fn text_mark(
        &self,
        (start, width): (f32, f32),
        align: Align,
        y: f32,
        line: &Line,
        running: bool,
    ) -> Mark {
        let left = self.left_of(start, width);
        let to_the_right = match align {
            Align::Start => self.rtl,
            Align::End => !self.rtl,
            Align::Figures => true,
        };
        let x = if to_the_right { left + width - line.width } else { left };
        let baseline = y + line.style.size * 1.05;
        Mark::Text { x, baseline, line: line.clone(), running }
    }

    /// Draws lines one below the other, over as many pages as they need, and moves the position of the
    /// next block below them.
    pub(super) fn flow(&mut self, column: (f32, f32), lines: &[Line]) {
        for line in lines {
            if line.style.leading() > self.left() {
                self.new_page();
            }
            self.text(column, Align::Start, self.y, line);
            self.y += line.style.leading();
        }
    }

    pub(super) fn rule(&mut self, (start, width): (f32, f32), y: f32, thickness: f32, grey: u8) {
        let page = self.pages.len().saturating_sub(1);
        self.rule_on(page, (start, width), y, thickness, grey);
    }

    pub(super) fn rule_on(
        &mut self,
        page: usize,
        (start, width): (f32, f32),
        y: f32,
        thickness: f32,
        grey: u8,
    ) {
        let x = self.left_of(start, width);
        self.mark(page, Mark::Rule { x, y, width, thickness, grey });
    }

    /// Draws a black square of a pattern in a box. The box is mirrored, but not the pattern in it.
    pub(super) fn square(&mut self, (start, width): (f32, f32), x: f32, y: f32, side: f32) {
        let page = self.pages.len().saturating_sub(1);
        let x = self.left_of(start, width) + x;
        self.mark(page, Mark::Square { x, y, side });
    }

    fn left_of(&self, start: f32, width: f32) -> f32 {
        MARGIN + if self.rtl { WIDTH - start - width } else { start }
    }

    fn mark(&mut self, page: usize, mark: Mark) {
        if let Some(page) = self.pages.get_mut(page) {
            page.push(mark);
        }
    }
}
