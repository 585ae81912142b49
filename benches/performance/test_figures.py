"""Tests of figures and tables. `python3 -m unittest discover benches` runs them."""
import pathlib
import tempfile
import unittest

from .document import Document
from .figures import Figures, number, spread


class TestFigures(unittest.TestCase):
    def test_a_ratio_is_made_within_each_round(self):
        figures = Figures()
        for ours, floor in ((2.0, 1.0), (30.0, 10.0), (4.0, 1.0)):
            figures.add("push", ours, "ms", "SQLite", floor, "insert", "≤ 3")
        row = figures.table().splitlines()[2]
        self.assertEqual(row, "| push | SQLite | 4.00 ms (2.00 to 30.0) | 1.00 ms: insert "
                              "| 3.00 (2.00 to 4.00) | ≤ 3 |")

    def test_numbers_have_three_digits(self):
        self.assertEqual([number(it) for it in (0.123, 12.34, 123.4, 12345.6)],
                         ["0.12", "12.3", "123", "12,346"])

    def test_one_round_has_no_spread(self):
        self.assertEqual(spread([1.5], "ms"), "1.50 ms")


class TestDocument(unittest.TestCase):
    def test_only_the_section_of_a_group_is_replaced(self):
        with tempfile.TemporaryDirectory() as folder:
            file = pathlib.Path(folder, "performance.md")
            file.write_text("a\n<!-- begin x -->\nold\n<!-- end x -->\nb\n")
            Document(file).replace("x", "new")
            self.assertEqual(file.read_text(), "a\n<!-- begin x -->\nnew\n<!-- end x -->\nb\n")
