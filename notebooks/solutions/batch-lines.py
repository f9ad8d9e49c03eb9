# Exercise "batch-lines" (lesson 01): write when the next line does not fit any more.


def send(write, lines):
    batch = b""
    for line in lines:
        if len(batch) + len(line) > 4096:
            write(batch)
            batch = b""
        batch += line
    if batch:
        write(batch)
