# Exercise "few-reads" (lesson 01): as many bytes as there is room for, until none come.


def fetch(read):
    data = b""
    while piece := read(4096):
        data += piece
    return data
