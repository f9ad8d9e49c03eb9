"""Is what is believed true? Accepted programs, run; engines, held against each other.

`examine.py` judges one program in every way: with pruning and without, run on edges and
at random, each live value against its claim. `engines.py` compares the engines.
"""
