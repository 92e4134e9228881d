"""What CPython makes of JSON: prints lines {"sent": text, "signed": text}, the second being what the existing
network's server writes of the first before it checks a signature. Arguments: a seed, and how many lines."""

import json
import random
import struct
import sys


def number(r):
    """The text of a number, as some client may write it."""
    kind = r.randrange(8)
    if kind == 0:
        return str(r.randrange(-(10**r.randrange(1, 40)), 10 ** r.randrange(1, 40)))
    if kind == 1:
        return r.choice(["-0", "-0.0", "0.0", "0e0", "1E5", "1e16", "1e+16", "1e-05", "1E-5", "9007199254740993",
                         "9999999999999998.0", "1e15", "123456789012345680.0", "5e-324", "1e400", "-1e400",
                         "2.2250738585072014e-308", "1.7976931348623157e308", "0.1e1", "100000000000000000000.0"])
    value = struct.unpack("<d", r.randbytes(8))[0]
    if kind < 5:
        value = r.choice([r.random(), r.uniform(-1e6, 1e6), r.gauss(0, 1) * 10.0 ** r.randrange(-12, 25)])
    if value != value or value in (float("inf"), float("-inf")):
        value = 0.5
    return r.choice([repr(value), "%.17e" % value, "%.3E" % value, "%.1f" % (value % 1e9)])


def text(r):
    """A string's JSON text, escaped or not."""
    alphabet = "aZ0 _~\x7f\x00\n\t\"\\/\u00e9\u2028\uffff\U0001f600\U0010ffff"
    value = "".join(r.choice(alphabet) for _ in range(r.randrange(9)))
    return json.dumps(value, ensure_ascii=r.random() < 0.5)


def value(r, depth):
    kind = r.randrange(7 if depth else 4)
    if kind < 2:
        return number(r)
    if kind == 2:
        return text(r)
    if kind == 3:
        return r.choice(["true", "false", "null"])
    if kind == 4:
        return "[" + r.choice([",", " , "]).join(value(r, depth - 1) for _ in range(r.randrange(4))) + "]"
    return document(r, depth - 1)


def document(r, depth):
    members = {}
    for _ in range(r.randrange(6)):
        key = text(r)
        members[json.loads(key)] = key + r.choice([":", ": ", " :\t"]) + value(r, depth)
    return "{" + ", ".join(members.values()) + "}"


def main():
    seed, lines = int(sys.argv[1]), int(sys.argv[2])
    r = random.Random(seed)
    for _ in range(lines):
        sent = document(r, 3)
        signed = json.dumps(json.loads(sent), sort_keys=True, separators=(",", ":"))
        print(json.dumps({"sent": sent, "signed": signed}))


if __name__ == "__main__":
    main()
