"""Fills a database by SQL with copies of records that Tallyroom wrote, since pushing a million events takes
too long. The same statements serve both databases.

The copies are as Tallyroom writes them, except that their hashes do not verify. Tallyroom must not run
meanwhile.
"""
import sqlite3

from .databases import SQLITE
from .invoices import DOMAIN

# Rows of one statement, so that no commit becomes large.
COPIES_AT_ONCE = 2_000
# Each record is a second younger than the one before. The oldest one is this much older than its template.
AGE_MS = 100_000_000_000
# The id of a row of the search has the time in milliseconds, times this number.
SEARCH_IDS_PER_MS = 4_096
# How many records one of the words "rareN" and "mediumN" has in a million entries.
RARE_WORDS = 50_000
MEDIUM_WORDS = 500


def id_of_copy(number):
    """Returns the id of the transaction that is the copy with a number."""
    return f"01AA{number:022}"


def pieces(copies):
    """Yields the first and the last number of the copies that one commit makes."""
    for first in range(1, copies + 1, COPIES_AT_ONCE):
        yield first, min(copies, first + COPIES_AT_ONCE - 1)


def numbers(first, last):
    """Returns a table g in SQL, whose column n has the numbers from the first to the last."""
    return (f"(WITH RECURSIVE g(n) AS (SELECT {first} UNION ALL SELECT n + 1 FROM g "
            f"WHERE n < {last}) SELECT n FROM g) AS g")


class Filling:
    """A writer to the database of a world that does not run."""

    def __init__(self, database):
        self.database = database
        self.is_sqlite = database.kind == SQLITE
        if self.is_sqlite:
            self.connection = sqlite3.connect(database.file, isolation_level=None)
            for setting in ("synchronous = OFF", "cache_size = -400000", "wal_autocheckpoint = 20000"):
                self.connection.execute(f"PRAGMA {setting}")

    def run(self, statement):
        """Runs a statement, and returns its rows."""
        if self.is_sqlite:
            return self.connection.execute(statement).fetchall()
        return self.database.rows(statement)

    def finish(self):
        """Updates what the database knows about its tables, and closes the writer."""
        if self.is_sqlite:
            self.connection.execute("PRAGMA optimize")
            self.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            self.connection.close()
        else:
            self.run("VACUUM ANALYZE")
            self.run("CHECKPOINT")

    def copy_record(self, id, room, copies):
        """Makes copies of a transaction with all that belongs to it. They are numbered from 1."""
        of_record = f"t.transaction_id = '{id}'"
        of_room = f"t.room_id = '{room}'"
        new = self._new_values()
        record = {"transaction_id": new["id"]}
        younger = {column: f"t.{column} - {AGE_MS} + g.n * 1000"
                   for column in ("sent_at", "received_at", "sort_at")}
        words = self._varied("t.words")
        scope = f"replace(t.scope, '{id.lower()}', lower({new['id']}))"
        tables = [
            ("transactions", f"t.id = '{id}'",
             {"id": new["id"], "external_id": self._suffixed("external_id"), "sign_due_at": "NULL"}),
            ("revisions", of_record, record),
            ("contacts", of_record, record),
            ("acts", of_record, record),
            ("rooms", of_record, {**record, "room_id": new["room"], "due_at": "NULL",
                                  "alias_localpart": self._suffixed("alias_localpart")}),
            ("record_rooms", of_room, {**record, "room_id": new["room"]}),
            ("members", of_record, {**record, "look_at": "NULL"}),
            ("sends", of_record, {**record, "send_id": self._suffixed("send_id")}),
            ("journal_rooms", of_room, {"room_id": new["room"]}),
            ("journal", of_room, {"room_id": new["room"], "event_id": new["event"],
                                  "received_at": younger["received_at"]}),
            ("entries", of_record, {**record, **younger, "room_id": new["room"],
                                    "event_id": new["event"], "text": self._varied("t.text")}),
            ("search_rows", of_record, {**record, "scope": scope, "words": words,
                                        "id": f"t.id + (g.n * 1000 - {AGE_MS}) * {SEARCH_IDS_PER_MS}"}),
        ]
        self._copy(tables, copies)
        self.lengthen_feed(id, copies)

    def lengthen_feed(self, id, copies, times=1):
        """Appends the events of a transaction to the feed for each of its copies, several times.

        Events of many transactions follow each other, as those of a shop do.
        """
        columns = "shop, transaction_id, kind, subject, detail, at"
        values = columns.replace("transaction_id", self._new_values()["id"])
        for _ in range(times):
            for first, last in pieces(copies):
                self.run(f"INSERT INTO events ({columns}) SELECT {values} FROM {numbers(first, last)} "
                         f"CROSS JOIN (SELECT id, {columns} FROM events WHERE transaction_id = '{id}') t "
                         "ORDER BY t.id, g.n")

    def length_of(self, id):
        """Returns the number of entries of a record."""
        (length,), = self.run(f"SELECT last_seq FROM transactions WHERE id = '{id}'")
        return int(length)

    def lengthen_record(self, id, room, times):
        """Appends copies of all entries of a record to it, several times."""
        length = self.length_of(id)
        first = f"t.transaction_id = '{id}' AND t.seq <= {length}"
        new = self._new_values()
        later = {column: f"t.{column} + {length} * g.n" for column in ("seq", "position")}
        age = f"{AGE_MS // 2} + g.n * 1000"
        tables = [
            ("journal", f"t.room_id = '{room}' AND t.position <= {length}",
             {"position": later["position"], "event_id": new["event"],
              "received_at": f"t.received_at - {age}"}),
            ("entries", first,
             {**later, "event_id": new["event"],
              **{column: f"t.{column} - {age}" for column in ("sent_at", "received_at", "sort_at")}}),
            ("search_rows", first,
             {"seq": later["seq"], "id": f"t.id - ({age}) * {SEARCH_IDS_PER_MS}"}),
        ]
        self._copy(tables, times)
        last = length * (times + 1)
        self.run(f"UPDATE transactions SET last_seq = {last}, indexed_seq = {last} WHERE id = '{id}'")
        self.run(f"UPDATE journal_rooms SET last_position = {last}, derived_position = {last} "
                 f"WHERE room_id = '{room}'")

    def _copy(self, tables, copies):
        for first, last in pieces(copies):
            self.run("BEGIN")
            for table, where, changed in tables:
                self._copy_rows(table, where, changed, first, last)
            self.run("COMMIT")

    def _copy_rows(self, table, where, changed, first, last):
        columns = self._columns(table)
        values = ", ".join(changed.get(column, f"t.{column}") for column in columns)
        self.run(f"INSERT INTO {table} ({', '.join(columns)}) "
                 f"SELECT {values} FROM {numbers(first, last)} CROSS JOIN {table} t WHERE {where}")

    def _columns(self, table):
        if self.is_sqlite:
            return [row[1] for row in self.run(f"PRAGMA table_info({table})")]
        rows = self.run("SELECT column_name FROM information_schema.columns "
                        f"WHERE table_name = '{table}' AND is_generated = 'NEVER' "
                        "ORDER BY ordinal_position")
        return [column for column, in rows]

    def _new_values(self):
        """The ids of the copy with the number g.n."""
        return {
            "id": f"'01AA' || {self._padded(22)}",
            "room": f"'!copy' || {self._padded(12)} || ':{DOMAIN}'",
            "event": f"'$' || {self._padded(11)} || substr(t.event_id, 13)",
        }

    def _padded(self, length):
        return f"printf('%0{length}d', g.n)" if self.is_sqlite else f"lpad(g.n::text, {length}, '0')"

    def _suffixed(self, column):
        return f"t.{column} || '-' || CAST(g.n AS TEXT)"

    def _varied(self, text):
        """The same text with a rare and a less rare word of the copy at its end."""
        return (f"{text} || ' rare' || CAST(g.n % {RARE_WORDS} AS TEXT) "
                f"|| ' medium' || CAST(g.n % {MEDIUM_WORDS} AS TEXT)")
