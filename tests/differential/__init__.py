"""The differential harness: programs in, where Linux and we differ out.

    families/       what programs are made of: one small table a subject
    template.py     text with choices in it; family.py puts pieces together
    blueprints.py   the maps that they name
    mutations.py    a program changed a little
    compare.py      both sides asked; smaller.py makes a difference small
    cases.py        a difference stored as text, and read again
    workers.py      all that in a child process, which may die
    tally.py        agreement counted, differences ranked
    __main__.py     by hand

Random programs of every family (or mutants of them) go to Linux and to us. Compared are
what a run answers, the verdict with its message and what was processed, and the log.
"""
