"""docs/performance.md: an introduction written by hand, and a section for each group with its last table."""
import re

BEGIN = "<!-- begin {name} -->"
END = "<!-- end {name} -->"


class Document:
    """The document. Only what is between the marks of a group is ever changed."""

    def __init__(self, file):
        self.file = file

    def check(self, groups):
        """Stops with an error if a group has no section, or a section no group or another explanation."""
        marked = re.findall(r"<!-- begin (\S+) -->", self.file.read_text())
        names = [group.NAME for group in groups]
        assert marked == names, f"{self.file} has sections for {marked}; the groups are {names}"
        for group in groups:
            explained = group.EXPLANATION.strip() in self._parts(group.NAME)[1]
            assert explained, f"{self.file} does not have the explanation of the group {group.NAME}"

    def replace(self, name, content):
        """Writes what a group measured into its section."""
        before, _, after = self._parts(name)
        self.file.write_text(f"{before}\n{content}\n{after}")

    def take(self, other, names):
        """Takes the sections of these groups from another document."""
        for name in names:
            before, _, after = self._parts(name)
            self.file.write_text(before + other._parts(name)[1] + after)

    def _parts(self, name):
        """Returns the text up to the beginning of a section, the section, and the text from its end on."""
        text = self.file.read_text()
        begin, end = BEGIN.format(name=name), END.format(name=name)
        before, found, rest = text.partition(begin)
        section, ended, after = rest.partition(end)
        if not (found and ended):
            raise RuntimeError(f"{self.file} has no section between {begin} and {end}")
        return before + begin, section, end + after


def section(group, figures, when, commit, machine, note=""):
    """Returns the section of a group: what it measures, when that was, and the table."""
    measured = f"Measured on {when} at commit `{commit}`, on {machine}.{note}"
    return f"\n## {group.TITLE}\n\n{group.EXPLANATION.strip()}\n\n{measured}\n\n{figures.table()}\n"
