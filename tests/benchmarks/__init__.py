"""Benchmarks: ``make bench``, or one section with ``make bench ONLY=tokens``.

Every figure is a ratio of two things measured in the same run on the same machine, so that it says something on any
other. To add a section, write a module with ``run(bench)`` and name it in `SECTIONS` of ``__main__.py``.
"""
