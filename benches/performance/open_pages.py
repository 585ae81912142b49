"""Many open pages, held by the program in benches/instruments."""
import http.client
import json
import time

from .processes import Process


class OpenPages:
    """Pages of one server that stay open until they are closed."""

    def __init__(self, instruments, port, pages):
        """`pages` has a pair of target and cookie for each page."""
        file = instruments.folder / "pages.txt"
        file.write_text("\n".join(f"{target}\t{cookie}" for target, cookie in pages))
        command = [instruments.program, "watch", "--address", f"127.0.0.1:{port}", "--pages", file]
        self.process = Process(command, instruments.folder / "watch.log", piped=True)
        self.count = json.loads(self.process.read_line())["open"]

    def told(self, word, count, tell):
        """Calls `tell`, and returns the milliseconds until `count` pages had `word`, and how many had."""
        self.process.write_line(f"{word} {count}")
        self.process.read_line()
        started = time.time() * 1000
        tell()
        answer = json.loads(self.process.read_line())
        last = answer["last"] - started if answer["told"] else float("inf")
        return last, answer["told"]

    def close(self):
        """Closes all pages."""
        self.process.end()


class LivePage:
    """One page that stays open, without the program in benches/instruments."""

    def __init__(self, port, target, cookie, seconds):
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=seconds)
        self.connection.request("GET", target, headers={"Cookie": cookie, "Accept": "text/event-stream"})
        self.answer = self.connection.getresponse()
        if self.answer.status != 200:
            raise RuntimeError(f"a live page answered {self.answer.status}")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.connection.close()

    def wait_for(self, word):
        """Reads until a line has the word."""
        for line in self.answer:
            if word in line:
                return
        raise RuntimeError(f"the live page ended without {word}")


def live_targets(world, records, pages_each):
    """Returns target and cookie of pages that are up to date, as many for each record."""
    pages = []
    for id in records:
        entrance = world.enter(id)
        more = f"&after={world.entries(id)}&revision=1"
        pages += [(entrance.target("/live", more), entrance.cookie)] * pages_each
    return pages
