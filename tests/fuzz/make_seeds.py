#!/usr/bin/env python3
"""Seed corpora for the fuzz targets from the test vectors: make_seeds.py VECTORS_FOLDER OUTPUT_FOLDER."""

import json
import pathlib
import sys
import zlib

import seeds_of_talk

# The order of kDaren485's exchanges.
DAREN_EXCHANGES = ["42", "51", "B0/3", "47", "B0/4", "4F", "83", "B0/1", "B0/2"]

# Where kLltJbdUart's exchanges have the registers that vectors read.
JBD_EXCHANGES = {0x03: 0, 0x04: 1, 0x05: 2, 0xAA: 3, 0x2D: 4, 0x28: 5, 0x29: 6, 0x10: 7}
# The order of kDalyUart's exchanges.
DALY_EXCHANGES = [0x90, 0x93, 0x94, 0x98, 0x95, 0x96, 0x97, 0x57, 0x53, 0x62, 0x63, 0x54, 0x50, 0x59, 0x5B, 0x91, 0x92, 0x51, 0x52,
                  0x5A, 0x5C, 0x5D, 0x5E, 0x5F, 0x60, 0x61]
# The order of kPylontechRs485's exchanges.
PYLONTECH_EXCHANGES = ["42", "44", "92", "93", "51", "96", "4F", "47", "42/all", "44/all"]

# First register of a read -> place in kRenogy's exchanges.
RENOGY_EXCHANGES = {5000: 0, 5122: 1, 5042: 2, 5100: 3, 5048: 4, 5035: 5, 5110: 6, 5119: 7, 5130: 8, 5223: 9, 5200: 10, 5226: 11}
# Where kJkBmsPb's exchanges have the registers that trigger blocks.
JKBMS_PB_EXCHANGES = {0x20: 0, 0x1E: 1, 0x1C: 2}
# Where kEg4Lifepower's exchanges have the commands that vectors read.
EG4_EXCHANGES = {0x01: 0, 0x33: 2, 0x42: 3, 0x06: 4}


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


def pylontech_seeds(vectors):
    for vector in vectors:
        request, response = vector["request"], vector["response"]
        service = request[7:9] + ("/all" if request[13:-4] == "FF" else "")
        exchange = PYLONTECH_EXCHANGES.index(service)
        yield record(exchange, response.encode() + b"\r")
        try:
            yield record(0x80 | exchange, bytes.fromhex(response[13:-4]))
        except ValueError:
            pass  # a vector that is wrong on purpose


def pairs_of(vector):
    """(request, response) of a vector of a binary protocol, or of each exchange of its poll."""
    for pair in vector.get("exchanges", [vector]):
        if "request_hex" in pair and "response_hex" in pair:
            yield bytes.fromhex(pair["request_hex"]), bytes.fromhex(pair["response_hex"])


def lltjbd_seeds(vectors):
    for vector in vectors:
        records = []
        for request, response in pairs_of(vector):
            exchange = JBD_EXCHANGES.get(request[2]) if request else None
            if exchange is not None and response:
                records += [record(exchange, response), record(0x80 | exchange, response[4:-3])]
        if records:
            yield b"".join(records)


def daly_seeds(vectors):
    """Each reply behind one to 94 with 16 cells and 2 sensors, as it came and as data."""
    counts = record(0x80 | DALY_EXCHANGES.index(0x94), bytes.fromhex("1002000002000500"))
    for vector in vectors:
        records = []
        for request, response in pairs_of(vector):
            if request[2] not in DALY_EXCHANGES or not response:
                continue
            exchange = DALY_EXCHANGES.index(request[2])
            data = b"".join(response[at + 4:at + 12] for at in range(0, len(response), 13))
            records += [record(exchange, response), record(0x80 | exchange, data)]
        if records:
            yield counts + b"".join(records)
            yield b"".join(records)


def jkbms_uart_seeds(vectors):
    """Each answer as it came and as data; half of them behind a question that was not answered."""
    for number, vector in enumerate(vectors):
        for _, response in pairs_of(vector):
            if len(response) >= 20:
                yield record(number % 2 << 6, response) + record(0x80 | number % 2, response[11:-9])


def renogy_seeds(vectors):
    """Each reply as it came, and its data behind the request that the session itself makes."""
    for vector in vectors:
        records = []
        for request, response in pairs_of(vector):
            exchange = RENOGY_EXCHANGES.get(int.from_bytes(request[2:4], "big"), 3)
            if response:
                records += [record(exchange, response), record(0x80 | exchange, response[3:-2])]
        if records:
            yield b"".join(records)


def jkbms_pb_seeds(vectors):
    """Each reply as it came and as the content of a block; what nobody asked for as an answer to the status."""
    for vector in vectors:
        records = []
        for request, response in pairs_of(vector):
            exchange = JKBMS_PB_EXCHANGES.get(request[3], 0) if request else 0
            if response:
                records += [record(exchange, response), record(0x80 | exchange, response[6:299])]
        if records:
            yield b"".join(records)


def eg4_seeds(vectors):
    """Each reply twice, as it came and as a payload: the second one is compared with the first."""
    for vector in vectors:
        for request, response in pairs_of(vector):
            exchange = EG4_EXCHANGES.get(request[2]) if request else None
            if exchange is not None and response:
                yield record(exchange, response) + record(0x80 | exchange, response[4:-2])


def can_seeds(vectors):
    """The frames of each vector as records of can_session.h, a tenth of a second apart."""
    for vector in vectors:
        frames = [frame for part in vector.get("exchanges", [vector]) for frame in part.get("frames", [])]
        seed = b""
        for frame in frames:
            data = bytes.fromhex(frame["data_hex"])
            seed += bytes([frame["extended"]]) + int(frame["id_hex"], 16).to_bytes(4, "big") + bytes([10, len(data)]) + data
        if seed:
            yield seed


def state_seeds():
    battery = {"identity": "JD2M02150860", "instance": 3, "custom_name": "Garage", "last_seen": 1790000000,
               "allow_max_voltage": 0, "max_voltage_start_time": "1790000000", "soc_calc": "67.25",
               "soc_reset_last_reached": 0, "history_values": '{"charge_cycles": 12}'}
    contents = [{}, {"batteries": []}, {"batteries": [battery, {"identity": {"hex": "FF00"}}]},
                {"batteries": [battery], "good_config": "[DEFAULT]\nMAX_CELL_VOLTAGE = 3.5\n"}]
    for content in contents:
        text = json.dumps(content).encode()
        yield b"\x01" + text
        yield b"\x00bmsd-state 1 crc32 %08X\n" % zlib.crc32(text) + text
    yield b"\x00bmsd-state 2 crc32 00000000\n{}\n"


def capture_seeds():
    yield b"\0# bmsd capture 1\n@1.000002 /dev/a%20b open 9600\n@1.5 p packs daren-485@0x01,0x02\n@1.6 p > 7E0D\n@1.7 p < 7E\n@2.0 p speed 0\n@3.0 p close\n"
    yield b"\0(1436509052.249713) can0 044#2A366C2BBA\n(1436509052.3) can0 18FF50E5#11.22 T\n(1.5) can0 123#R\n(1.5) can0 123##112\n"
    yield b"\1found jkbms-pb@0x01\n"
    yield b"\x02123#1122 R\n"
    yield b"\x0301A2b3\n@1.5 p close"
    for id_and_data in ("18F128F4#1122334455667788 R", "7FF#", "00000123#11.22.33", "20000004#00", "123#112233445566778899"):
        yield b"\x02" + id_and_data.encode() + b"\n(1436509053.249713) vcan0 123#01 T"


def config_seeds(corpus):
    for path in sorted(corpus.glob("*.ini")):
        seed = path.read_bytes()
        if len(seed) <= 4096:
            yield seed


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
    write(target / "fuzz_lltjbd_uart", lltjbd_seeds(vectors["lltjbd-uart"]))
    write(target / "fuzz_daly_uart", daly_seeds(vectors["daly-uart"]))
    write(target / "fuzz_jkbms_uart", jkbms_uart_seeds(vectors["jkbms-uart"]))
    write(target / "fuzz_renogy", renogy_seeds(vectors["renogy"]))
    write(target / "fuzz_pylontech_rs485", pylontech_seeds(vectors["pylontech-rs485"]))
    write(target / "fuzz_jkbms_pb", jkbms_pb_seeds(vectors["jkbms-pb"]))
    write(target / "fuzz_eg4_lifepower", eg4_seeds(vectors["eg4-lifepower"]))
    for name in ("daly-can", "jkbms-can", "canbus-bms"):
        write(target / ("fuzz_" + name.replace("-", "_")), can_seeds(vectors[name]))
    write(target / "fuzz_capture", capture_seeds())
    write(target / "fuzz_config", config_seeds(source.parent / "config/corpus"))
    write(target / "fuzz_state", state_seeds())
    for name, seeds in seeds_of_talk.all_seeds(vectors):
        write(target / name, seeds)


if __name__ == "__main__":
    main()
