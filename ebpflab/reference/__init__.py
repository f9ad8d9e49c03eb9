"""The reference pages, made from the tables: nothing in them is written twice.

python -m ebpflab.reference            writes build/reference/{en,fr}/*.md

pages.py      what each page holds
talk.py       slides of the talk, and the cells that tell them (talk.toml)
differs.py    where we differ from Linux: gathered from the engine's docstrings
"""
