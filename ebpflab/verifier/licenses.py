"""Which licenses count as compatible with the GPL, and so may use what is GPL only.

Source: Linux 6.18, which compares the whole text.
"""

GPL_COMPATIBLE = (
    "GPL",
    "GPL v2",
    "GPL and additional rights",
    "Dual BSD/GPL",
    "Dual MIT/GPL",
    "Dual MPL/GPL",
)


def is_gpl_compatible(license: str) -> bool:
    return license in GPL_COMPATIBLE
