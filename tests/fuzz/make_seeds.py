#!/usr/bin/env python3
"""Seed corpora for the fuzz targets from the test vectors: make_seeds.py VECTORS_FOLDER OUTPUT_FOLDER."""

import json
import pathlib
import sys

# The order of kDaren485's exchanges.
DAREN_EXCHANGES = ["42", "51", "B0/3", "47", "B0/4", "4F", "83", "B0/1", "B0/2"]


def texts_of(vector):
    """The frames of a vector of a text protocol, with their CR."""
    for key in ("request", "response"):
        text = vector.get(key)
        if isinstance(text, str) and text:
            yield text.encode() + b"\r"


def yd1363_seeds(vectors):
    for vector in vectors:
        texts = list(texts_of(vector))
        if texts:
            yield b"\x00" + b"".join(texts)
            yield b"\xff" + b"noise" + b"".join(texts)


def daren_exchange(request):
    service = request[7:9]
    if service == "B0":
        service += "/" + str(int(request[17:19]))
    return DAREN_EXCHANGES.index(service) if service in DAREN_EXCHANGES else None


def record(head, content):
    return bytes([head]) + len(content).to_bytes(2, "little") + content


def daren_seeds(vectors):
    for vector in vectors:
        exchange = daren_exchange(vector.get("request") or "")
        response = vector.get("response")
        if exchange is None or not response:
            continue
        yield record(exchange, response.encode() + b"\r")
        try:
            yield record(0x80 | exchange, bytes.fromhex(response[13:-4]))
        except ValueError:
            pass  # a vector that is wrong on purpose


def write(folder, seeds):
    folder.mkdir(parents=True, exist_ok=True)
    for number, seed in enumerate(seeds):
        (folder / f"{number:04}").write_bytes(seed)


def main():
    source, target = (pathlib.Path(name) for name in sys.argv[1:])
    vectors = {}
    for path in sorted(source.glob("*.json")):
        content = json.loads(path.read_text())
        if isinstance(content, list):
            vectors[path.stem] = [vector for vector in content if isinstance(vector, dict)]
    write(target / "fuzz_yd1363", yd1363_seeds(sum(vectors.values(), [])))
    write(target / "fuzz_daren_485", daren_seeds(vectors["daren-485"]))


if __name__ == "__main__":
    main()
