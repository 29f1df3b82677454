"""Seeds for the fuzz targets that are no decoder of one protocol: lines, texts, messages (make_seeds.py writes them)."""

import json

# The order of protocols() in src/protocol/registry.cc.
PROTOCOLS = ["daren-485", "jkbms-pb", "lltjbd-uart", "daly-uart", "jkbms-uart", "eg4-lifepower", "renogy", "pylontech-rs485",
             "jkbms-can", "canbus-bms", "daly-can"]
OVER_STREAMS = PROTOCOLS[:8]
ALL_OVER_STREAMS, ALL_OVER_CAN = 14, 15  # beside one of them, for talk_on_line.h
LONGEST = 4096

# What happens on a line (talk_on_line.h).
WAIT_40_MS, WAIT_1_S = bytes([0, 10]), bytes([1, 4])
REPLY, REPLY_OF_2, DAMAGED_REPLY = bytes([4, 0, 0]), bytes([4, 0x82, 0]), bytes([4, 0, 1, 0, 5, 0x10])
CABLE = bytes([5])


def another_master(exchange, protocol=0):
    return bytes([3 | protocol << 3, exchange, 0, 0])


def pushed(kind):
    return bytes([6, 0, kind, 0])


def pairs_of(vector):
    """(request, response) of a vector over a stream, or of each exchange of its poll."""
    for pair in vector.get("exchanges", [vector]):
        if "response_hex" in pair:
            yield bytes.fromhex(pair.get("request_hex") or ""), bytes.fromhex(pair["response_hex"] or "")
        elif isinstance(pair.get("response"), str):
            yield (pair.get("request") or "").encode() + b"\r", pair["response"].encode() + b"\r"


def frames_of(vector):
    for part in vector.get("exchanges", [vector]):
        yield from part.get("frames", [])


def line_seeds():
    for number in range(len(PROTOCOLS)):
        for known in (0, 4):
            yield bytes([number, known]) + (WAIT_40_MS + REPLY) * 12 + WAIT_1_S + (WAIT_40_MS + REPLY) * 6
            yield bytes([number, known]) + (WAIT_40_MS + REPLY) * 4 + WAIT_40_MS + DAMAGED_REPLY + CABLE * 2 + (WAIT_40_MS + REPLY) * 4
        yield bytes([number, 0]) + b"".join(WAIT_40_MS + pushed(kind) for kind in range(8)) * 3
        yield bytes([number, 2]) + (another_master(0) + WAIT_40_MS + REPLY_OF_2) * 5 + WAIT_1_S * 5
    for number in (ALL_OVER_STREAMS, ALL_OVER_CAN):
        yield bytes([number, 4]) + (WAIT_40_MS + REPLY) * 8 + WAIT_1_S * 3


def listening_seeds():
    for number in range(len(PROTOCOLS)):
        for known in (2, 6):
            talk = b"".join(another_master(exchange) + WAIT_40_MS + REPLY + WAIT_40_MS for exchange in range(6))
            yield bytes([number, known]) + talk * 2 + WAIT_1_S
            yield bytes([number, known]) + talk[:30] + DAMAGED_REPLY + CABLE * 2 + talk[:30]
        yield bytes([number, 2]) + b"".join(WAIT_40_MS + pushed(kind) for kind in range(8)) * 3
    yield bytes([ALL_OVER_STREAMS, 2]) + b"".join(another_master(0, p) + WAIT_40_MS + REPLY for p in range(8))


def any_bytes(content):
    """Records of fuzz_framers: 255 bytes at most each."""
    return b"".join(bytes([0, len(part)]) + part for part in (content[at:at + 255] for at in range(0, len(content), 255)))


def modbus_crc(content):
    crc = 0xFFFF
    for byte in content:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0xA001 if crc & 1 else 0)
    return crc.to_bytes(2, "little")


def frames_inside_of_frames():
    """(protocol, bytes): what an intact frame carries is one itself."""
    def jbd(data):
        return b"\xDD\x03\x00" + bytes([len(data)]) + data + (-len(data) - sum(data) & 0xFFFF).to_bytes(2, "big") + b"\x77"

    def modbus(data):
        reply = b"\x30\x03" + bytes([len(data)]) + data
        return reply + modbus_crc(reply)

    def eg4(data):
        frame = b"\x7E\x01\x01" + bytes([len(data)]) + data
        parity = 0
        for byte in frame:
            parity ^= byte
        return frame + bytes([(sum(frame) ^ parity) & 0xFF, 0x0D])

    yield "lltjbd-uart", jbd(jbd(b"\x12\x34")) + jbd(b"")
    yield "renogy", modbus(modbus(b"\x12\x34\x56\x78") + b"\x00") + modbus(b"\x12\x34")
    yield "eg4-lifepower", eg4(eg4(b"\x12\x34")) + eg4(b"")


def framer_seeds(vectors):
    for number, name in enumerate(PROTOCOLS):
        for pieces in (b"\x00\x00", b"\x10\x02", b"\xff\x3f"):
            exchanges = b"".join(bytes([1, exchange, 3, exchange]) for exchange in range(9))
            yield bytes([number]) + pieces + exchanges
            yield bytes([number]) + pieces + bytes([0x5F, 0, 1, 0, 0x97, 1, 3, 1, 0, 2, 0, 255]) + exchanges
    for number, name in enumerate(OVER_STREAMS):
        for vector in vectors[name][::5]:
            yield bytes([number, 6, 40]) + b"".join(any_bytes(part) for pair in pairs_of(vector) for part in pair)
    for name, content in frames_inside_of_frames():
        for pieces in (b"\x00\x00", b"\x06\x09"):
            yield bytes([PROTOCOLS.index(name)]) + pieces + any_bytes(content)


def anonymise_seeds(vectors):
    for number, name in enumerate(OVER_STREAMS):
        for vector in vectors[name]:
            lines = [part.hex().upper() for pair in pairs_of(vector) for part in pair if part]
            yield bytes([0x80 | number]) + "\n".join(lines).encode()
    yield bytes([0]) + (b"@1764419719.123456 p open 9600\n@1764419719.2 p packs daren-485@0x01\n"
                        b"@1764419719.3 p > 7E3232303134413432453030323031464432380D\n@1764419719.4 p close gone\n")



def replay_seeds(vectors):
    """Requests and replies of a poll, again and again, as much of it as fits; frames of a CAN bus."""
    for number, name in enumerate(OVER_STREAMS):
        for vector in vectors[name][::4]:
            lines = [f"{sign} {part.hex().upper()}" for pair in pairs_of(vector) for sign, part in zip("><", pair) if part]
            text = f"@1.0 p packs {name}@0x01\n" if len(lines) % 4 == 2 else ""
            for at, line in enumerate(lines * 12, 1):
                record = f"@{at // 4 + 1}.{at % 4} p {line}\n"
                if len(text) + len(record) < LONGEST:
                    text += record
            yield b"\xF0" + text.encode()
            yield bytes([4 * number]) + (text + "@40.0 p close\n@41.5 p open 9600\n").encode()
    for name in PROTOCOLS[8:]:
        for vector in vectors[name][::4]:
            yield b"\xF0" + "".join(f"({at // 10}.{at % 10}) can0 {frame['id_hex']}#{frame['data_hex']} R\n"
                                    for at, frame in enumerate(list(frames_of(vector)) * 4, 1)).encode()[:LONGEST - 1]


def responder_seeds():
    typed = [b"show", b"set cells 4", b"set 0x01 current_a -12.5", b"set cell_voltages_v [3.3, 3.4]", b"set soc_percent 100",
             b"alarms", b"set temperature_c -20", b"fault late=0.1:0.45", b"set charge_fet_on off", b"keys", b"set sensors 0",
             b"silence all on", b"set voltage_v 0", b"set capacity_full_ah 5000", b"set current_a auto", b"help"]
    for number in range(len(PROTOCOLS)):
        yield bytes([number]) + b"".join(bytes([0, i]) + line + b"\n" for i, line in enumerate(typed))


def slcan_seeds():
    yield b"\x40t1233112233\rT18904001 0\rT1890400180107000075300 2BC\rr1230\r\x07z\rt12308\r"
    yield b"\x41T18904001801070000753002BC\rt7FF01234\rt00080011223344556677\n"
    yield b"\x03\r\rC\rS6\rM0\rO\rt35580011223344556677\rV\rC\rS9\r"
    for text in (b"123#112233", b"18904001#01070000753002BC", b"123#", b"123#11.22", b"123#R"):
        yield b"\x80" + text


def table_seeds():
    rows = [(0, "3.55, 3.50, 3.45, 3.40", "0, 0.05, 0.5, 1"), (9, "2.70,2.80,2.90,3.10", "0,0.1,0.5,1"), (18, "0,2,5,55", "0,0.1,1,0"),
            (3, "-20, 0, 5, 45, 55", "0, 0.2, 1, 1, 0"), (6, "98,95,90", "0.1,0.3,1"), (1, "3,5", "1"), (0, "x, 1e999", "nan, -1")]
    for head, inputs, fractions in rows:
        yield bytes([head]) + f"{inputs}\n{fractions}\n".encode()


def bus_message_seeds():
    for kind in range(4):
        for shape in range(0, 256, 9):
            yield bytes([kind, shape]) + bytes((shape + i * (kind + 1)) % 128 for i in range(60))


def json_line_seeds(vectors):
    for number, name in enumerate(PROTOCOLS):
        for vector in vectors[name]:
            line = json.dumps(vector, separators=(",", ":"))
            if len(line) < 2048:
                yield bytes([number]) + line.encode()


def scenario_seeds(vectors):
    for scenario in vectors["charge-control"]:
        short = {key: scenario[key] for key in ("config", "cell_count", "capacity_ah", "initial", "history_from_bms", "ess")
                 if key in scenario}
        short["steps"] = scenario.get("steps", [])[:4]
        line = json.dumps(short, separators=(",", ":"))
        if len(line) < 2048:
            yield line.encode()


def history_seeds():
    history = {"deepest_discharge": 40.5, "last_discharge": 12, "average_discharge": 20, "total_ah_drawn": 4000, "charge_cycles": 12,
               "full_discharges": 1, "discharges": 30, "timestamp_last_full_charge": 1780000000, "automatic_syncs": 3,
               "minimum_voltage": 44.1, "maximum_voltage": 55.2, "minimum_cell_voltage": 2.7, "maximum_cell_voltage": 3.6,
               "low_voltage_alarms": 2, "high_voltage_alarms": 0, "minimum_temperature": -4, "maximum_temperature": 41,
               "discharged_energy": 210.5, "charged_energy": 230.25}
    texts = [json.dumps(history), '{"charge_cycles": NaN, "total_ah_drawn": -12.5}', "{}", "[]", ""]
    for number, text in enumerate(texts):
        for head in (0, 3):
            yield bytes([head]) + f"{text}\n{67.25 * number}\n179000000{number}.5\n".encode() + (1780000000 - number).to_bytes(8, "little")




def answer_seeds():
    limits = {"cvl_v": 55.2, "ccl_a": 50, "dcl_a": 60, "charge_reason": "Temp", "allow_to_charge": False}
    battery = {"id": "ttyUSB0 0x01", "port": "/dev/nowhere1", "address": 1, "voltage_v": 53.28, "current_a": -4.2, "soc_percent": 67.5,
               "cell_voltages_v": [3.33, 3.331], "cell_temperatures_c": [25.5], "temperature_c": 25.5, "limits": limits,
               "alarm_levels": {"LowVoltage": 0, "HighCellVoltage": 2}, "alarms": ["high cell"], "balancing_cells": [1, 2],
               "connection": {"state": "lost", "lost_for_s": 12, "text": "no data", "errors": {"timeout": 3}},
               "history": {"charge_cycles": 3}, "times_to_soc": [{"soc_percent": 50, "time_s": 3600}], "extras": {"a": [1, None]}}
    odd = {**battery, "address": None, "port": 3, "limits": [1], "id": "\x1b[2J"}
    for answer in ({"ok": True, "batteries": [battery]}, {"ok": True, "batteries": [battery, odd]}, {"ok": True, "batteries": 3},
                   {"ok": False, "error": "no battery"}, {"ok": False}, []):
        yield bytes([40]) + json.dumps(answer).encode()


def control_seeds():
    requests = [{"ask": "show"}, {"ask": "status"}, {"ask": "explain"}, {"ask": "explain", "battery": "nowhere1 0x40"}, {"ask": "doctor"},
                {"ask": "log"}, {"ask": "restart", "with": "/usr/bin/bmsd"}, {"ask": "what-if", "suppose": ["cell_max=3.6", "soc=99.5"]},
                {"ask": "what-if", "battery": "nowhere1 0x40", "suppose": ["charge_fet=off", "temperature_max = 51"]}, {"ask": "dance"}, [1]]
    requests += [{"ask": "set", "battery": "nowhere1 0x40", "what": what, "value": value, "check": check} for check in (True, False)
                 for what, value in (("charge-fet", "off"), ("discharge-fet", "on"), ("soc", 80), ("soc", "55.5"), ("soc", 1e300))]
    lines = [json.dumps(request).encode() + b"\n" for request in requests]
    for head in range(12):
        yield bytes([head]) + b"".join(b"\x05" + line for line in lines)
        yield bytes([head, 3, 3]) + b"".join(bytes([5 | at % 3 << 3]) + line + b"\x02\x10" for at, line in enumerate(lines))
    yield b"\x04" + b"".join(bytes([0, 3]) + line[:3] + bytes([0, len(line) - 3]) + line[3:] for line in lines)
    yield b"\x01\x01\xff\x20" + b"[" * 32 + b"\x01\x40\x40" + b"]" * 64 + b"\n" + b"\x04\x00"
    yield b"\x01\x01\x10\x10" + b'{"ask":"status"}' + b"\x05\n" + b"\x03" * 40 + b"\x05" + lines[0] + b"\x04\x01\x03" + b"\x0d" + lines[1]
    yield b"\x05" + b"\x01\x02\x7b" + b" ".join(lines[13:15])[:123] + b"\x04\x01"


def name_seeds():
    ports = ["/dev/ttyUSB0", "ttyS1", "./tty", "usb:A50285BI", "path:1-1.2", "tcp://192.168.1.5:8899", "tcp://[fd00::5]:23", "can0", "vecan1",
             "can:bus", "slcan:/dev/ttyACM0", "slcan:usb:A1", "/dev/pts/3", "tcp://x:0", "-x", "a/..", ""]
    texts = {0: ["1, 2, 0x0A", "10", "0xff,3", ", 0x100", "-1"], 5: ["charge-fet=off", "soc=80.5", "soc=-0", "cell_max=3.6", "charge_fet=on",
                                                                     "discharge-fet=on", "temperature=1e999", "bms_charge_limit= 50", "soc"]}
    for kind, lines in texts.items():
        yield bytes([kind]) + "\n".join(lines).encode()
    for at in range(0, len(ports), 4):
        yield b"\x01" + "\n".join(ports[at:at + 8]).encode()
    for number, name in enumerate(PROTOCOLS):
        for port in ("ttyUSB0", "can0"):
            yield bytes([2, number % 4, 20]) + f"{name}\n0x01, 2\n{port}\n".encode()
    for config in ("PORTS = ttyUSB0, can0, /dev/ttyUSB0\nBMS_TYPE = Daren485, LltJbd_Can, x\nBATTERY_ADDRESSES = 0x01, 0xFF",
                   "PORTS = tcp://a:1, usb:1\nPACKS = daren-485@1,2; pylontech-rs485@2,200; renogy@0x30\nEXCLUDED_DEVICES = ttyUSB0",
                   "PORTS = ttyUSB0 \nPOLL_INTERVAL = 0\nBAUD = 9600\nLISTEN = True\nUSE_PORT_AS_UNIQUE_ID = True"):
        yield b"\x03" + config.encode()
    for names in ("JD1\nJD2\nx\njd1\nttyusb0 0x02\ncom.victronenergy.battery.ttyUSB0__0x01\n", "A b\na_B\n\nA_B\nA b\n\n", "ttyUSB0 0x02\n\n\nttyUSB0 0x02\n"):
        yield b"\x04" + names.encode()
    rules = ('# pin usb:A1\nACTION!="remove", SUBSYSTEM=="tty", ENV{ID_SERIAL_SHORT}=="A1", ENV{VE_SERVICE}="ignore"\n'
             '# pin path:1-1\nACTION!="remove", SUBSYSTEM=="tty", ENV{ID_PATH}=="pci-0:1.0", ENV{ID_MM_DEVICE_IGNORE}="1"\n')
    for head in (0, 1):
        for text in ("ID_SERIAL_SHORT=A50285BI\nID_PATH=platform-xhci-usb-0:1.2:1.0\n", "ID_PATH=a b\nID_SERIAL_SHORT=\"\n", rules):
            yield bytes([6, head]) + f"A50285BI\n1-1.2\n{text}".encode()


def all_seeds(vectors):
    """(target, its seeds)"""
    for target, seeds in (("framers", framer_seeds(vectors)), ("line", line_seeds()), ("listening", listening_seeds()),
                          ("anonymise", anonymise_seeds(vectors)), ("responder", responder_seeds()), ("replay", replay_seeds(vectors)),
                          ("slcan", slcan_seeds()), ("table", table_seeds()), ("bus_messages", bus_message_seeds()),
                          ("decode_lines", json_line_seeds(vectors)), ("scenario", scenario_seeds(vectors)),
                          ("history", history_seeds()), ("names", name_seeds()), ("control_socket", control_seeds()), ("answers", answer_seeds())):
        yield "fuzz_" + target, [seed for seed in seeds if len(seed) <= LONGEST]
