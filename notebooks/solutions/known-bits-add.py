# Exercise "known-bits-add" (lesson 03-2): the sum with the fewest carries and the sum
# with the most differ exactly where a carry is unknown.


def add(a, b):
    fewest = a[0] + b[0]
    most = fewest + a[1] + b[1]
    mask = ((fewest ^ most) | a[1] | b[1]) & 15
    return fewest & ~mask & 15, mask
