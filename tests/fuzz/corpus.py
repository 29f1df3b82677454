#!/usr/bin/env python3
"""The corpora of the fuzz targets as the project keeps them: tests/fuzz/corpus/TARGET.hex, one input per line, sorted.

    corpus.py unpack HEX_FILE FOLDER          writes each input into a file of its own
    corpus.py pack FOLDER HEX_FILE SEEDS      the reverse, without what SEEDS holds (a folder of files that are made anew anyway);
                                              the smallest ones first, at most so many and so much
"""

import pathlib
import sys

MOST_INPUTS, LONGEST_INPUT, MOST_TEXT = 300, 1024, 48 * 1024


def unpack(hex_file, folder):
    folder.mkdir(parents=True, exist_ok=True)
    if not hex_file.exists():
        return
    for number, line in enumerate(hex_file.read_text().split()):
        (folder / f"kept{number:04}").write_bytes(bytes.fromhex(line))


def contents(folder):
    return {path.read_bytes() for path in folder.iterdir()} if folder.is_dir() else set()


def pack(folder, hex_file, seeds):
    inputs = sorted((one for one in contents(folder) - contents(seeds) if 0 < len(one) <= LONGEST_INPUT),
                    key=lambda one: (len(one), one))
    kept, size = [], 0
    for one in inputs[:MOST_INPUTS]:
        size += 2 * len(one) + 1
        if size > MOST_TEXT:
            break
        kept.append(one.hex() + "\n")
    hex_file.parent.mkdir(parents=True, exist_ok=True)
    hex_file.write_text("".join(sorted(kept)))
    print(f"{hex_file.name}: {len(kept)} of {len(inputs)} inputs")


def main():
    command, paths = sys.argv[1], [pathlib.Path(name) for name in sys.argv[2:]]
    {"unpack": unpack, "pack": pack}[command](*paths)


if __name__ == "__main__":
    main()
