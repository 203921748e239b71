"""Makes tests/fuzz/corpus/codec/ from the golden messages: a contract's number, then the message.

    python3 tests/fuzz/make_corpus.py
"""
import os
import re

HERE = os.path.dirname(os.path.abspath(__file__))


def main():
    with open(os.path.join(HERE, "..", "..", "schemas", "contracts.c"), encoding="ascii") as file:
        names = re.findall(r"&(\w+)_contract\b", file.read())
    number = 0
    for name in names:
        with open(os.path.join(HERE, "..", "golden", name + ".hex"), encoding="ascii") as file:
            message = bytes.fromhex(file.read())
        with open(os.path.join(HERE, "corpus", "codec", name), "wb") as file:
            file.write(bytes([number]) + message)
        number += 1
    # other writers of UserEvent and UserProfile, see `writers` in fuzz_codec.c; without frame
    event = (b"\x00\x02\x02k\x02\x00\x00\x00" + b"\x02\x02e" + b"\x02u" + b"\x02i" + b"\x04\x02"
             + b"\x80\x01" + b"\x06\x00" + b"\x04" + b"12345")
    profile = b"\x02u" + b"\x04\x00\x02a\x04\x02b\x00" + b"\x02\x01"
    for name, body in (("other_user_event", event), ("other_user_profile", profile)):
        with open(os.path.join(HERE, "corpus", "codec", name), "wb") as file:
            file.write(bytes([number]) + body)
        number += 1


if __name__ == "__main__":
    main()
