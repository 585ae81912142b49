"""Tests of what ends a run."""
import pathlib
import sys
import tempfile
import time
import unittest

from .ending import Alarm, TimeIsOver
from .processes import Process, end_all, running


class TestAlarm(unittest.TestCase):
    def test_waiting_for_a_server_does_not_swallow_it(self):
        with self.assertRaises(TimeIsOver), Alarm(0.01):
            while True:
                try:
                    time.sleep(60)
                except OSError:
                    pass


class TestProcesses(unittest.TestCase):
    def test_what_was_started_is_ended_even_if_nobody_else_knows_it(self):
        with tempfile.TemporaryDirectory() as folder:
            sleeper = Process([sys.executable, "-c", "import time; time.sleep(600)"],
                              pathlib.Path(folder, "log"))
            end_all()
            self.assertTrue(sleeper.has_ended())
            self.assertEqual(running, [])
