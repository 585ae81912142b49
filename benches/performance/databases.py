"""The two databases: new ones for each measurement, and questions to them behind the service's back."""
import os
import pathlib
import sqlite3
import stat
import subprocess
import threading

from .processes import Process, run

SQLITE = "SQLite"
POSTGRES = "PostgreSQL"
# Between two columns that psql prints. No value has it.
COLUMN_END = "\x1f"
ANSWER_END = "end-of-answer"
# No statement takes longer, not even those that fill a database. libpq reads this.
BOUNDS = {"PGCONNECT_TIMEOUT": "20", "PGOPTIONS": "-c statement_timeout=300s"}
# The questions look up few rows of large tables. They take as little as possible from what is measured.
PLAIN_PLANS = " ".join(f"-c {option}=off" for option in ["enable_seqscan", "enable_hashjoin", "enable_mergejoin", "jit"])
STOP_SECONDS = 90
# The place and the length of the version of the library in a file of SQLite.
VERSION_AT, VERSION_BYTES = 96, 4


class Sqlite:
    """A database of SQLite in a folder of its own."""

    kind = SQLITE

    def __init__(self, folder):
        self.file = pathlib.Path(folder) / "tallyroom.db"
        self.url = "sqlite:tallyroom.db"
        self.options = ["--sqlite", self.file]

    def rows(self, query):
        """Returns all rows of a query."""
        connection = sqlite3.connect(f"file:{self.file}?mode=ro", uri=True, timeout=20)
        try:
            return connection.execute(query).fetchall()
        finally:
            connection.close()

    def count(self):
        """Does nothing: Tallyroom's statements leave SQLite no choice of indexes."""

    def megabytes(self):
        """Returns what the database takes on the disk."""
        files = self.file.parent.glob(self.file.name + "*")
        return sum(file.stat().st_size for file in files) / 1e6

    def version(self):
        """Returns the version of the SQLite that wrote the file."""
        with open(self.file, "rb") as file:
            file.seek(VERSION_AT)
            number = int.from_bytes(file.read(VERSION_BYTES), "big")
        return f"{number // 1_000_000}.{number // 1_000 % 1_000}.{number % 1_000}"

    def close(self):
        """Ends nothing: each question has a connection of its own."""

    def drop(self):
        """Removes nothing: the file goes with its folder."""


class Postgres:
    """A database of PostgreSQL. One psql stays connected and answers all questions."""

    kind = POSTGRES

    def __init__(self, server, name):
        server.run(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        server.run(f"CREATE DATABASE {name}")
        self.server = server
        self.name = name
        # Threads ask in turns.
        self.turn = threading.Lock()
        self.url = server.url_of(name)
        self.options = ["--postgres", self.url]
        log = server.folder / f"{name}.psql.log"
        command = [server.psql, self.url, "-XqAt", "-F", COLUMN_END, "-v", "ON_ERROR_STOP=1"]
        options = f"{BOUNDS['PGOPTIONS']} {PLAIN_PLANS}"
        self.psql = Process(command, log, piped=True, variables={**BOUNDS, "PGOPTIONS": options})

    def rows(self, query):
        """Returns all rows of a query, or nothing for a statement."""
        rows = []
        with self.turn:
            self.psql.write_line(f"{query};\n\\echo {ANSWER_END}")
            while (line := self.psql.read_line().rstrip("\n")) != ANSWER_END:
                rows.append(tuple(line.split(COLUMN_END)))
        return rows

    def count(self):
        """Has PostgreSQL count what the tables hold, as it does by itself within a minute (autovacuum)."""
        self.rows("ANALYZE")

    def megabytes(self):
        """Returns what the database takes on the disk."""
        return int(self.rows(f"SELECT pg_database_size('{self.name}')")[0][0]) / 1e6

    def version(self):
        """Returns the version of the server."""
        return self.rows("SHOW server_version")[0][0].split()[0]

    def close(self):
        """Ends psql."""
        self.psql.end()

    def drop(self):
        """Ends psql, and removes the database."""
        self.close()
        self.server.run(f"DROP DATABASE {self.name} WITH (FORCE)")


class PostgresServer:
    """A server of PostgreSQL: one that runs, or a private one that `start` starts with scripts/postgres.

    A commit waits for the disk on a private one.
    """

    def __init__(self, root, folder, url=None):
        self.script = root / "scripts" / "postgres"
        self.folder = folder
        self.is_private = url is None
        self.url = url
        programs = run([self.script, "programs"]).strip()
        self.psql = pathlib.Path(programs) / "psql"

    def start(self):
        """Starts a private server. If that fails, `stop` has to be called all the same."""
        self.url = run([self.script, "start", self.folder]).strip()

    def run(self, statement):
        """Runs a statement outside of all databases that are measured."""
        run([self.psql, self.url, "-XqAtc", statement], env={**os.environ, **BOUNDS})

    def url_of(self, name):
        """Returns the address of a database."""
        return f"{self.url.rsplit('/', 1)[0]}/{name}"

    def stop(self):
        """Stops a private server."""
        # Without this file it did not start.
        if self.is_private and (self.folder / "data" / "postmaster.pid").exists():
            subprocess.run([self.script, "stop", self.folder], check=False, timeout=STOP_SECONDS)


def refuse_closed_folder(folder):
    """Stops with an error if PostgreSQL, as the user that it runs as for root, cannot enter a folder."""
    if os.geteuid() != 0:
        return
    for parent in [folder, *folder.parents]:
        if parent.exists() and not parent.stat().st_mode & stat.S_IXOTH:
            raise SystemExit(
                f"For root, PostgreSQL runs as the user postgres, who cannot enter {parent}. Either let "
                f"others enter it (chmod o+x {parent}), or set CARGO_TARGET_DIR to a folder elsewhere, "
                "such as /var/tmp/tallyroom.")
