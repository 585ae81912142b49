"""The groups of figures, in the order in which they are measured and documented.

Each has a NAME for the command line, a TITLE and an EXPLANATION for the document, the MINUTES that it may
take, and a function `measure` that adds its figures to `bench.figures`.
"""
from . import busy, events, export, latency, missed, pages, push, replicas, rooms, size, throughput

GROUPS = [push, busy, throughput, pages, size, events, export, rooms, latency, missed, replicas]
NEED_SYNAPSE = [rooms, latency, missed]
