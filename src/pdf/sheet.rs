//! Pages that fill from top to bottom. Places are given from the side where lines start: in
//! languages that are written from right to left everything is mirrored.

use super::text::Line;

/// A4, in points.
pub(super) const PAGE: (f32, f32) = (595.28, 841.89);
/// To the left and right of everything.
const MARGIN: f32 = 56.0;
/// Above the first page's content.
const TOP: f32 = 52.0;
/// Above a later page's content: its running head stands there.
const LATER_TOP: f32 = 76.0;
/// Below the content: the running foot stands there.
const BOTTOM: f32 = 68.0;
/// What content can be wide.
pub(super) const WIDTH: f32 = PAGE.0 - 2.0 * MARGIN;

/// Where in its box a line stands.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Align {
    /// Where reading starts.
    Start,
    /// Where it ends.
    End,
    /// To the right in any language, so that the digits of a column stand below each other.
    Figures,
}

/// Something drawn, at its final place: from the left, from the top.
pub(super) enum Mark {
    /// `running`: head or foot, no part of what is read.
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

/// The pages so far.
pub(super) struct Sheet {
    pub(super) pages: Vec<Vec<Mark>>,
    /// Where the next block begins, from the top of the newest page.
    pub(super) y: f32,
    rtl: bool,
}

impl Sheet {
    pub(super) fn new(rtl: bool) -> Self {
        Self { pages: vec![Vec::new()], y: TOP, rtl }
    }

    /// How much is left of this page.
    pub(super) fn left(&self) -> f32 {
        PAGE.1 - BOTTOM - self.y
    }

    /// How much a later page holds.
    pub(super) fn capacity() -> f32 {
        PAGE.1 - BOTTOM - LATER_TOP
    }

    pub(super) fn new_page(&mut self) {
        self.pages.push(Vec::new());
        self.y = LATER_TOP;
    }

    /// Begins a new page unless this one has room; what no page has room for stays where it is.
    pub(super) fn keep(&mut self, height: f32) {
        if height > self.left() && height <= Self::capacity() {
            self.new_page();
        }
    }

    /// Draws a line in the box from `start`, and goes nowhere.
    pub(super) fn text(&mut self, (start, width): (f32, f32), align: Align, y: f32, line: &Line) {
        let page = self.pages.len().saturating_sub(1);
        let mark = self.text_mark((start, width), align, y, line, false);
        self.mark(page, mark);
    }

    /// The same in the running head or foot of a page.
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

    /// Draws lines below each other, over as many pages as they need, and goes below them.
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

    /// A black square of a pattern whose box begins at `start` and is `width` wide: patterns are
    /// not mirrored, only their boxes.
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
