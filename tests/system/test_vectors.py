"""All vectors of tests/vectors/ through `bmsd decode`, as a user would pipe them."""

import json
import pathlib

import pytest

from processes import bmsd

VECTORS = pathlib.Path(__file__).parents[1] / "vectors"
PROTOCOLS = sorted(path.stem for path in VECTORS.glob("*.json") if path.stem != "charge-control")

# The vectors' words for a refusal, by the code that `decode` prints.
CODES = {
    "checksum": {"bad_chksum", "bad_lchksum", "bad_checksum", "bad_crc"},
    "incomplete": {"truncated", "missing_frame", "missing_value"},
    "timeout": {"no_reply", "no_answer"},
    "length": {"odd_length", "length_mismatch", "bad_length", "wrong_length", "info_too_short", "count_overrun"},
    "address": {"wrong_adr", "wrong_address"},
    "command": {"wrong_cid1", "wrong_ver", "wrong_type", "wrong_command", "wrong_function", "header_mismatch", "unknown_register",
                "unknown_id", "echo", "not_this_bms"},
    "noise": {"bad_soi", "non_hex", "bad_header", "bad_trailer", "bad_end_byte"},
    "refused": {"modbus_exception", "status_error"},
    "implausible": {"implausible", "absurd_cell_count", "out_of_range_value"},
    "config": {"unknown_profile"},
}
HALF_A_DIGIT = 0.00051  # no wire format here is finer than 1 mV


def code_of(word):
    if word.startswith("rtn_"):
        return "refused"
    return next(code for code, words in CODES.items() if word in words)


def equal(expected, value):
    if isinstance(expected, list):
        return isinstance(value, list) and len(expected) == len(value) and all(map(equal, expected, value))
    if isinstance(expected, (int, float)) and not isinstance(expected, bool):
        return isinstance(value, (int, float)) and not isinstance(value, bool) and abs(expected - value) <= HALF_A_DIGIT
    return type(expected) is type(value) and expected == value


def faults(vector, answer):
    """What is wrong with an answer, in words."""
    if vector.get("class") == "informative" or vector.get("optional"):
        return []
    if "expect_error" in vector:
        if answer["ok"]:
            return [f"accepted, but {vector['expect_error']}"]
        return [] if answer["error"] == code_of(vector["expect_error"]) else [f"{answer['error']} for {vector['expect_error']}"]
    if not answer["ok"]:
        return [f"refused: {answer}"]
    values = answer["values"]
    def in_any_order(key, value):
        return sorted(value) if key == "alarms" else value

    wrong = [f"{key}: {values.get(key, 'absent')}, not {expected}" for key, expected in vector.get("expect", {}).items()
             if key not in values or not equal(in_any_order(key, expected), in_any_order(key, values[key]))]
    return wrong + [f"{key} must be absent" for key in vector.get("expect_absent", []) if key in values]


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_every_vector_holds(protocol):
    vectors = json.loads((VECTORS / f"{protocol}.json").read_text())
    outputs = {"expect", "expect_error", "expect_absent"}
    lines = [json.dumps({key: value for key, value in vector.items() if key not in outputs}) for vector in vectors]
    done = bmsd("decode", "--protocol", protocol, "--json", "-", stdin="\n".join(lines) + "\n")
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert [answer["name"] for answer in answers] == [vector["name"] for vector in vectors]
    assert done.returncode == (0 if all(answer["ok"] for answer in answers) else 1)
    wrong = {vector["name"]: faults(vector, answer) for vector, answer in zip(vectors, answers) if faults(vector, answer)}
    assert not wrong, json.dumps(wrong, indent=1)


def test_a_bad_line_is_refused_and_the_next_one_read():
    good = json.loads((VECTORS / "daren-485.json").read_text())[0]
    done = bmsd("decode", "--protocol", "daren-485", "--json", "-", stdin="{nonsense\n" + json.dumps(good) + "\n")
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert done.returncode == 1
    assert [answer["ok"] for answer in answers] == [False, True]
