"""All performance figures of Tallyroom. `scripts/performance` runs them; docs/performance.md explains them.

Only the standard library is used. `bench.py` has what all groups share, `groups/` has one file for each
group of figures, and `benches/instruments` is the program that puts on the load and runs the floors.
"""
