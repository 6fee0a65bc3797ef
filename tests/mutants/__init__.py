"""Small wrong changes in the modules that decide, and whether tests notice: ``make mutants``, docs/mutants.md.

`changes` lists what could be changed, `modules` says where and whose tests should notice, `lines` which of these
come past a change, `slots` runs them on it.
"""
