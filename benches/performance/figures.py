"""Figures: what was measured, and the floor that was measured beside it in the same round."""
import statistics
from dataclasses import dataclass, field


@dataclass
class Figure:
    """One row of a table. `ours` and `floors` have a value for each round; a figure may have no floor."""

    what: str
    database: str
    unit: str
    floor: str = ""
    aim: str = ""
    ours: list = field(default_factory=list)
    floors: list = field(default_factory=list)

    def ratios(self):
        """Returns what is measured divided by the floor of the same round."""
        return [ours / floor for ours, floor in zip(self.ours, self.floors) if floor]


class Figures:
    """The figures of one group, in the order in which they were measured first."""

    def __init__(self):
        self.all = {}

    def add(self, what, ours, unit, database="", floor=None, floor_name="", aim=""):
        """Adds what one round measured. `floor` is the value of `floor_name` in the same round."""
        figure = self.all.setdefault((what, database), Figure(what, database, unit, floor_name, aim))
        figure.ours.append(ours)
        if floor is not None:
            figure.floors.append(floor)

    def table(self):
        """Returns all figures as a table in Markdown."""
        rows = [["figure", "database", "measured", "floor", "ratio to the floor", "aim"]]
        for figure in self.all.values():
            rows.append([figure.what, figure.database, spread(figure.ours, figure.unit),
                         _floor(figure), spread(figure.ratios()), figure.aim])
        lines = ["| " + " | ".join(row) + " |" for row in rows]
        return "\n".join([lines[0], "| --- " * len(rows[0]) + "|", *lines[1:]])


def _floor(figure):
    if not figure.floors:
        return ""
    median = f"{number(statistics.median(figure.floors))} {figure.unit}".strip()
    return f"{median}: {figure.floor}"


def spread(values, unit=""):
    """Returns the median of the values, and the smallest and the greatest in brackets."""
    if not values:
        return ""
    median = number(statistics.median(values))
    if len(values) == 1:
        return f"{median} {unit}".strip()
    return f"{median} {unit}".strip() + f" ({number(min(values))} to {number(max(values))})"


def quantile(values, percent):
    """Returns the smallest of the values that at least `percent` of them do not exceed."""
    return sorted(values)[max(0, -(-len(values) * percent // 100) - 1)]


def number(value):
    """Returns a number with two digits after the point, one from ten on, none from a hundred on."""
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"
