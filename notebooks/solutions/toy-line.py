# Exercise "toy-line" (lesson 03-4): a register has 64 bits, a shift looks at 6.


def line(op, dst, src):
    if op == "lsh":
        return f"{dst} = {dst} << ({src} & 63) & 2**64 - 1"
    symbol = {"add": "+", "sub": "-"}[op]
    return f"{dst} = {dst} {symbol} {src} & 2**64 - 1"
