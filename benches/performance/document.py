"""docs/performance.md: an introduction written by hand, and a section for each group with its last table."""
import re

BEGIN = "<!-- begin {name} -->"
END = "<!-- end {name} -->"


class Document:
    """The document. Only what is between the marks of a group is ever changed."""

    def __init__(self, file):
        self.file = file

    def check(self, groups):
        """Stops with an error if a group has no section, or a section no group."""
        marked = re.findall(r"<!-- begin (\S+) -->", self.file.read_text())
        names = [group.NAME for group in groups]
        assert marked == names, f"{self.file} has sections for {marked}; the groups are {names}"

    def replace(self, name, content):
        """Writes what a group measured into its section."""
        text = self.file.read_text()
        begin, end = BEGIN.format(name=name), END.format(name=name)
        before, found, rest = text.partition(begin)
        _, ended, after = rest.partition(end)
        if not (found and ended):
            raise RuntimeError(f"{self.file} has no section between {begin} and {end}")
        self.file.write_text(f"{before}{begin}\n{content}\n{end}{after}")


def section(group, figures, when, commit, machine, note=""):
    """Returns the section of a group: what it measures, when that was, and the table."""
    measured = f"Measured on {when} at commit `{commit}`, on {machine}.{note}"
    return f"\n## {group.TITLE}\n\n{group.EXPLANATION.strip()}\n\n{measured}\n\n{figures.table()}\n"
