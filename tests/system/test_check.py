"""`bmsd check`: what it finds, what it prints, how it ends, and that a file is read as the old driver read it."""

import configparser
import json
import pathlib
import random
import re

import pytest

from processes import assert_one_line_error, bmsd

ROOT = pathlib.Path(__file__).parents[2]
MANUAL = (ROOT / "docs/configuration.md").read_text()
CORPUS = ROOT / "tests/config/corpus"


@pytest.fixture
def check(folder):
    """check(text, *options): the file is config.ini in a folder of its own."""

    def run(text, *options):
        path = folder / "config.ini"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return bmsd("check", path, *options)

    return run


def effective(check, text):
    return json.loads(check(text, "--effective", "--json").stdout)["effective"]


def findings(check, text):
    return json.loads(check(text, "--json").stdout)["findings"]


def test_a_file_without_mistakes_is_0_and_one_line(check):
    done = check("[DEFAULT]\nMAX_CELL_VOLTAGE = 3.40\nMIN_CELL_VOLTAGE = 3.00\n")
    assert done.returncode == 0 and done.stderr == ""
    assert len(done.stdout.splitlines()) == 1


def test_findings_name_file_line_section_and_key_in_order(check, folder):
    done = check("[DEFAULT]\nMAX_CELL_VOLTGE = 3.40\n\nnonsense\n[line ttyUSB0]\nBAUD = fast\nMODBUS_ADDRESSES = 0x01\n")
    assert done.returncode == 1
    lines = [line.removeprefix(str(folder)) for line in done.stdout.splitlines()]
    assert [re.match(r"(/config\.ini:\d+: \w+: \[[^]]*\])", line).group(1) for line in lines[:-1]] == [
        "/config.ini:2: warning: [DEFAULT]", "/config.ini:4: error: [DEFAULT]", "/config.ini:6: error: [line ttyUSB0]",
        "/config.ini:7: warning: [line ttyUSB0]"]
    assert "MAX_CELL_VOLTGE: " in lines[0] and "did you mean MAX_CELL_VOLTAGE?" in lines[0]
    assert lines[-1] == "/config.ini: 2 errors, 2 warnings"


@pytest.mark.parametrize("text, plain, strict", [
    ("[DEFAULT]\nMIDPOINT_ENABLE = True\n", 0, 0),
    ("[DEFAULT]\nTELEMETRY = False\n", 0, 0),  # a note
    ("[DEFAULT]\nMIDPOINT_ENABLE = yes\n", 0, 1),  # a warning
    ("[DEFAULT]\nFLOAT_CELL_VOLTAGE = 3.50\n", 0, 1),  # corrected
    ("[DEFAULT]\nMAX_CELL_VOLTAGE = x\n", 1, 1),
])
def test_the_status_says_how_bad_it_is(check, text, plain, strict):
    for options in [], ["--json"], ["--effective"]:
        assert check(text, *options).returncode == plain
        assert check(text, "--strict", *options).returncode == strict


def test_a_file_that_cannot_be_read_is_2(folder):
    assert_one_line_error(bmsd("check", folder / "none.ini"), 2)
    assert_one_line_error(bmsd("check", folder), 2)


@pytest.mark.parametrize("options", [
    ["--nonsense"], ["one", "two"], ["--defaults", "--markdown"], ["--defaults", "--strict"], ["--markdown", "-"],
    ["-", "--get", "NOBODY"], ["-", "--get", "LOGGING", "--json"], ["-", "--section", "line ttyUSB0"],
    ["-", "--get", "BAUD", "--section", "ttyUSB0"],
], ids=" ".join)
def test_wrong_usage_is_2(options):
    assert_one_line_error(bmsd("check", *options, stdin=""), 2)


def test_a_minus_reads_standard_input():
    done = bmsd("check", "-", stdin="[DEFAULT]\nMAX_CELL_VOLTAGE = x\n")
    assert done.returncode == 1 and done.stdout.startswith("<stdin>:2: error: [DEFAULT] MAX_CELL_VOLTAGE: ")


def test_config_names_the_file_as_in_run(folder):
    (folder / "my.ini").write_text("[DEFAULT]\nPOLL_INTERVAL = 7\n")
    assert bmsd("check", "--config", folder / "my.ini", "--get", "POLL_INTERVAL").stdout == "7\n"


def test_json_says_everything(check, folder):
    done = check("[DEFAULT]\nMAX_CELL_VOLTAGE = 3.40V\n[line ttyUSB0]\nBAUD = 9600\n", "--json", "--effective")
    report = json.loads(done.stdout)
    assert report["file"] == str(folder / "config.ini") and report["state"] == "unusable"
    assert [sorted(finding) for finding in report["findings"]] == [["advice", "key", "line", "section", "text", "weight"]]
    finding = report["findings"][0]
    assert (finding["line"], finding["weight"], finding["section"], finding["key"]) == (
        2, "unusable", "DEFAULT", "MAX_CELL_VOLTAGE")
    assert "3.4" in finding["advice"]
    assert report["effective"]["line ttyUSB0"] == {"BAUD": "9600"}
    assert float(report["effective"]["DEFAULT"]["MAX_CELL_VOLTAGE"]) == 3.4


def test_effective_is_a_file_that_makes_the_same(check):
    text = ("[DEFAULT]\nTEMPERATURE_1_NAME = 50 %% a\nMAX_BATTERY_CHARGE_CURRENT = 40\n[line ttyUSB0]\nBAUD = 9600\n"
            "MAX_BATTERY_CHARGE_CURRENT = 30\n[battery ttyUSB0 0x01]\nMAX_BATTERY_CHARGE_CURRENT = 20\n")
    first = check(text, "--effective")
    assert first.stdout.startswith("[DEFAULT]\n") and first.stderr.endswith("nothing to complain about\n")
    second = check(first.stdout, "--effective")
    assert second.stdout == first.stdout
    assert "TEMPERATURE_1_NAME = 50 %% a\n" in first.stdout
    assert first.stdout.split("\n\n", 1)[1] == (
        "[line ttyUSB0]\nMAX_BATTERY_CHARGE_CURRENT = 30\nBAUD = 9600\n\n"
        "[battery ttyUSB0 0x01]\nMAX_BATTERY_CHARGE_CURRENT = 20\n")


def test_secrets_are_shown_only_to_who_asks_for_them(check):
    text = "[DEFAULT]\nMQTT_PASSWORD = hunter2\n"
    for options in [], ["--json"], ["--effective"], ["--effective", "--json"]:
        assert "hunter2" not in check(text, *options).stdout
    assert check(text, "--get", "MQTT_PASSWORD").stdout == "hunter2\n"


def test_get_prints_the_value_that_holds(check):
    text = ("[DEFAULT]\nTEMP_1_NAME = top\nMAX_CELL_VOLTAGE = 3.40V\n[line ttyUSB0]\nBAUD = 9600\n")
    assert check(text, "--get", "POLL_INTERVAL").stdout == "\n"
    assert check(text, "--get", "TEMPERATURE_1_NAME").stdout == "top\n"
    assert check(text, "--get", "temp_1_name").stdout == "top\n"
    assert check(text, "--get", "MAX_CELL_VOLTAGE").stdout == "3.4\n"
    assert check(text, "--get", "SERIAL_STARTER_ENABLED").stdout == "True\n"
    assert check(text, "--get", "BAUD").stdout == "\n"
    assert check(text, "--get", "BAUD", "--section", "line ttyUSB0").stdout == "9600\n"
    assert check(text, "--get", "TEMPERATURE_1_NAME", "--section", "line ttyUSB1").stdout == "top\n"


# --- All keys ---


def specified_defaults():
    """The 121 keys of the old driver's file with their defaults."""
    lines = (CORPUS / "all_defaults.ini").read_text().splitlines()
    return dict(line.split(" =", 1) for line in lines if "=" in line)


def test_a_file_with_all_defaults_changes_nothing_and_is_right(check):
    text = (CORPUS / "all_defaults.ini").read_text()
    assert len(specified_defaults()) == 121
    assert {finding["weight"] for finding in findings(check, text)} <= {"note"}
    assert check(text, "--effective").stdout == check("", "--effective").stdout


def test_an_empty_file_makes_the_defaults_that_are_specified(check):
    made = effective(check, "")["DEFAULT"]

    def numbers(text):
        return [float(item) if re.fullmatch(r"-?\d+(\.\d+)?", item.strip()) else item.strip() for item in text.split(",")]

    for key, standard in specified_defaults().items():
        if made[key] is not None:
            assert numbers(made[key]) == numbers(standard), key


def test_the_printed_defaults_are_right(check):
    text = bmsd("check", "--defaults").stdout
    done = bmsd("check", "-", stdin=text)
    assert done.returncode == 0 and len(done.stdout.splitlines()) == 1, done.stdout
    assert check(text, "--effective").stdout == check("", "--effective").stdout
    for key in effective(check, "")["DEFAULT"]:
        assert re.search(rf"^; .+\n{key} =", text, re.MULTILINE), key
    assert max(map(len, text.splitlines())) <= 120


RENAMED = [
    ("HELTEC_MODBUS_ADDR", "BATTERY_ADDRESSES", "0x07"),
    ("MODBUS_ADDRESSES", "BATTERY_ADDRESSES", "0x01, 0x02, 0x03, 0x04"),
    ("SEPLOS_USE_BMS_VALUES", "USE_BMS_DVCC_VALUES", "True"),
    ("SOC_CALC_CURRENT_REPORTED_BY_BMS", "CURRENT_REPORTED_BY_BMS", "-200, 200"),
    ("SOC_CALC_CURRENT_MEASURED_BY_USER", "CURRENT_MEASURED_BY_USER", "-310, 310"),
    ("EXTERNAL_CURRENT_SENSOR_DBUS_DEVICE", "EXTERNAL_SENSOR_DBUS_DEVICE", "com.victronenergy.battery.x"),
    ("EXTERNAL_CURRENT_SENSOR_DBUS_PATH", "EXTERNAL_SENSOR_DBUS_PATH_CURRENT", "/Dc/0/Current"),
    ("TEMP_BATTERY", "TEMPERATURE_SOURCE_BATTERY", "3"),
    *[(f"TEMP_{n}_NAME", f"TEMPERATURE_{n}_NAME", "somewhere") for n in range(1, 5)],
    ("SOC_RESET_VOLTAGE", "SOC_RESET_CELL_VOLTAGE", "3.6"),
    ("MAX_VOLTAGE_TIME_SEC", "SWITCH_TO_FLOAT_WAIT_FOR_SEC", "600"),
    ("SOC_LEVEL_TO_RESET_VOLTAGE_LIMIT", "SWITCH_TO_BULK_SOC_THRESHOLD", "70"),
    ("CELL_VOLTAGE_DIFF_KEEP_MAX_VOLTAGE_UNTIL", "SWITCH_TO_FLOAT_CELL_VOLTAGE_DIFF", "0.02"),
    ("CELL_VOLTAGE_DIFF_TO_RESET_VOLTAGE_LIMIT", "SWITCH_TO_BULK_CELL_VOLTAGE_DIFF", "0.09"),
    ("LINEAR_RECALCULATION_EVERY", "CVL_RECALCULATION_EVERY", "30"),
    ("LINEAR_RECALCULATION_ON_PERC_CHANGE", "CVL_RECALCULATION_ON_MAX_PERCENTAGE_CHANGE", "10"),
    ("TIME_TO_SOC_LOOP_CYCLES", "TIME_TO_SOC_RECALCULATE_EVERY", "30"),
]


@pytest.mark.parametrize("old, new, value", RENAMED)
def test_an_old_name_works_and_is_told(check, old, new, value):
    assert effective(check, f"[DEFAULT]\n{old} = {value}\n")["DEFAULT"][new] == value
    told = [finding for finding in findings(check, f"[DEFAULT]\n{old} = {value}\n") if finding["key"] == old]
    assert new in told[0]["text"] + told[0]["advice"] and told[0]["weight"] in ("note", "warning")
    assert effective(check, f"[DEFAULT]\n{new} = {value}\n{old} = 1\n")["DEFAULT"][new] == value


# --- As configparser reads it ---

TEXT_KEYS = ["TEMPERATURE_1_NAME", "TEMPERATURE_2_NAME", "temperature_3_name", "MQTT_BROKER_ADDRESS",
             "MQTT_USERNAME", "MQTT_TLS_PATH_TO_CA"]
PIECES = ["1", "ab", "ä", ",", "=", ":", '"', " ; x", " # y", " ", "\t", "\u00a0", "%%", "%", "%(TEMPERATURE_1_NAME)s",
          "%(mqtt_broker_address)s", "]", "\n  more", "\n\tmore", "\n\n  after", "\n  ; no", "\n# no"]


def random_file(source):
    """A file that configparser may accept: every key once per section, continued values, comments, references."""
    lines = [source.choice(["", "; head\n", "\n"])]
    for section in ["DEFAULT", *source.sample(["battery 0123456", "battery ttyUSB0 0x02"], source.randint(0, 2))]:
        lines.append(f"[{section}]{source.choice(['', ' ', ' ; all'])}\n")
        for key in source.sample(TEXT_KEYS, source.randint(0, len(TEXT_KEYS))):
            if section != "DEFAULT" and key.startswith("MQTT"):
                continue
            value = "".join(source.choices(PIECES, k=source.randint(0, 6)))
            lines.append(f"{key}{source.choice(['=', ' = ', ':', ' : '])}{value}\n{source.choice(['', '', '; c', '  # d'])}\n")
    return "".join(lines).replace("\n", source.choice(["\n", "\r\n"]))


def as_configparser_reads(path):
    parser = configparser.ConfigParser()
    parser.read(path, encoding="utf-8")
    own = {"DEFAULT": parser.defaults(), **{name: parser._sections[name] for name in parser.sections()}}
    return {name: {key: parser.get(name, key) for key in keys} for name, keys in own.items()}


@pytest.mark.parametrize("seed", range(60))
def test_a_file_is_read_as_configparser_reads_it(seed, check, folder):
    text = random_file(random.Random(seed))
    done = check(text, "--effective", "--json")
    try:
        expected = as_configparser_reads(folder / "config.ini")
    except configparser.Error:
        assert done.returncode in (0, 1)
        return
    made = json.loads(done.stdout)["effective"]
    for section, values in expected.items():
        for key, value in values.items():
            got = made[section].get(key.upper(), made["DEFAULT"][key.upper()])
            assert got.split("\n") == value.strip().split("\n"), (section, key, text)


def test_most_random_files_are_ones_that_configparser_accepts(folder):
    accepted = 0
    for seed in range(60):
        (folder / "config.ini").write_bytes(random_file(random.Random(seed)).encode())
        try:
            accepted += bool(as_configparser_reads(folder / "config.ini"))
        except configparser.Error:
            pass
    assert accepted >= 20


# --- The manual ---


def test_the_tables_of_the_manual_are_those_of_the_program():
    tables = re.search(r"<!-- bmsd check --markdown -->\n(.*?)\n<!-- end -->", MANUAL, re.DOTALL).group(1)
    assert tables.strip() == bmsd("check", "--markdown").stdout.strip()


def test_the_examples_of_the_manual_are_right(check):
    examples = re.findall(r"```ini\n(.*?)```", MANUAL, re.DOTALL)
    assert len(examples) >= 2
    for example in examples:
        done = check(example, "--strict")
        assert done.returncode == 0, example + done.stdout


def test_what_the_manual_shows_of_check_is_what_it_prints(check, folder):
    shown = re.search(r"```text\n\$ cat config.ini\n(.*?)\$ bmsd check config.ini\n(.*?)```", MANUAL, re.DOTALL)
    printed = check(shown.group(1)).stdout.replace(f"{folder}/config.ini", "config.ini")
    assert printed == shown.group(2)
