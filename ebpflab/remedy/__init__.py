"""What to do about a refusal: see it go wrong, then mend it.

witness.py     an input on which the refused program goes wrong (inputs.py makes
               them, misdeeds.py sees what is no fault)
patch.py       instructions inserted, and all else still fits
fixes.py       one row a mechanical fix: bounds check, null check, mask, ...
"""
