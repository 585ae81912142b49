"""Tests of figures, turns and tables. From benches, `python3 -m unittest discover -s performance -t .` runs them."""
import pathlib
import tempfile
import unittest

from .bench import in_turns
from .document import Document
from .figures import Figures, number, quantile, spread


class TestFigures(unittest.TestCase):
    def test_a_ratio_is_made_within_each_round(self):
        figures = Figures()
        for ours, floor in ((2.0, 1.0), (30.0, 10.0), (4.0, 1.0)):
            figures.add("push", ours, "ms", "SQLite", floor, "insert", "≤ 3")
        row = figures.table().splitlines()[2]
        self.assertEqual(row, "| push | SQLite | 4.00 ms (2.00 to 30.0) | 1.00 ms: insert "
                              "| 3.00 (2.00 to 4.00) | ≤ 3 |")

    def test_a_quantile_is_one_of_the_values(self):
        values = list(range(1, 301))
        self.assertEqual([quantile(values, percent) for percent in (50, 99, 100)], [150, 297, 300])
        self.assertEqual(quantile([7], 50), 7)

    def test_large_numbers_have_fewer_digits_after_the_point(self):
        self.assertEqual([number(it) for it in (0.123, 12.34, 123.4, 12345.6)],
                         ["0.12", "12.3", "123", "12,346"])

    def test_one_round_has_no_spread(self):
        self.assertEqual(spread([1.5], "ms"), "1.50 ms")


class TestTurns(unittest.TestCase):
    def test_what_came_first_comes_last_in_the_next_round(self):
        for number, expected in ((0, ["floor", "ours"]), (1, ["ours", "floor"])):
            order = []
            steps = {name: lambda name=name: order.append(name) or name for name in ("floor", "ours")}
            self.assertEqual(in_turns(number, steps), {"floor": "floor", "ours": "ours"})
            self.assertEqual(order, expected)


class TestDocument(unittest.TestCase):
    def test_only_the_section_of_a_group_is_replaced(self):
        with tempfile.TemporaryDirectory() as folder:
            file = pathlib.Path(folder, "performance.md")
            file.write_text("a\n<!-- begin x -->\nold\n<!-- end x -->\nb\n")
            Document(file).replace("x", "new")
            self.assertEqual(file.read_text(), "a\n<!-- begin x -->\nnew\n<!-- end x -->\nb\n")

    def test_sections_are_taken_from_another_document(self):
        with tempfile.TemporaryDirectory() as folder:
            one, other = (Document(pathlib.Path(folder, name)) for name in ("one", "other"))
            one.file.write_text("a\n<!-- begin x -->\nold\n<!-- end x -->\n"
                                "<!-- begin y -->\nold\n<!-- end y -->\n")
            other.file.write_text("b\n<!-- begin x -->\nnew\n<!-- end x -->\n")
            one.take(other, ["x"])
            self.assertEqual(one.file.read_text(), "a\n<!-- begin x -->\nnew\n<!-- end x -->\n"
                                                   "<!-- begin y -->\nold\n<!-- end y -->\n")
