"""The recorded scenarios of charge control through the whole program: bmsd plan --json --scenario."""

import json
import pathlib

import pytest

from processes import assert_one_line_error, bmsd

SCENARIOS = json.loads((pathlib.Path(__file__).parents[1] / "vectors" / "charge-control.json").read_text())

# Absolute; what is not here is exact.
TOLERANCES = {
    **dict.fromkeys(["cvl_v", "voltage_v", "battery_low_voltage_v", "cell_sum_v", "mid_voltage_v", "MinimumVoltage", "MaximumVoltage"], 0.011),
    "control_voltage_raw_v": 0.002,
    **dict.fromkeys(["cell_min_v", "cell_max_v", "cell_diff_v", "max_charge_cell_voltage_v", "MinimumCellVoltage", "MaximumCellVoltage"], 0.0011),
    **dict.fromkeys(["ccl_a", "dcl_a", "current_a", "current_avg_a"], 0.01),
    "power_w": 1,
    **dict.fromkeys(["soc_percent", "soc_calc_percent", "soc_bms_percent"], 0.05),
    **dict.fromkeys(["capacity_remain_ah", "consumed_ah", "DeepestDischarge", "LastDischarge", "AverageDischarge", "TotalAhDrawn"], 0.05),
    **dict.fromkeys(["DischargedEnergy", "ChargedEnergy"], 0.005),
    "ChargeCycles": 0.001,
    **dict.fromkeys(["temperature_c", "min_temp_c", "max_temp_c", "MinimumTemperature", "MaximumTemperature"], 0.06),
    "mid_voltage_deviation_percent": 0.001,
    **dict.fromkeys(["time_to_go_s", "time_to_soc", "TimeSinceLastFullCharge"], 2),
}


def expected(scenario, step):
    """What has to hold: of informative scenarios (they show what another program does wrong) only the wanted result."""
    normative = scenario.get("class", "normative") == "normative"
    return {**(step.get("expect", {}) if normative else {}), **step.get("expect_improved", {})}


def differences(wanted, said, key):
    """Where `said` is not what is wanted, as texts."""
    if isinstance(wanted, dict):
        if not isinstance(said, dict):
            return [f"{key}: {said!r}, not an object"]
        # The numbers in time_to_soc are by their point, those of a history by their name.
        return [d for name, value in wanted.items()
                for d in differences(value, said.get(name, "missing"), key if key == "time_to_soc" else name)]
    if isinstance(wanted, bool) or not isinstance(wanted, (int, float)):
        return [] if wanted == said and isinstance(wanted, bool) == isinstance(said, bool) else [f"{key}: {said!r}, not {wanted!r}"]
    if isinstance(said, bool) or not isinstance(said, (int, float)) or abs(said - wanted) > TOLERANCES.get(key, 0) + 1e-9:
        return [f"{key}: {said!r}, not {wanted!r}"]
    return []


def run(lines):
    return bmsd("plan", "--json", "--scenario", "-", stdin="".join(line + "\n" for line in lines), timeout=300)


def test_every_scenario_holds():
    done = run(map(json.dumps, SCENARIOS))
    assert done.returncode == 0 and done.stderr == "", done.stderr
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert [answer["name"] for answer in answers] == [scenario["name"] for scenario in SCENARIOS]
    wrong, compared = [], 0
    for scenario, answer in zip(SCENARIOS, answers):
        assert len(answer["steps"]) == len(scenario["steps"]), scenario["name"]
        for step, said in zip(scenario["steps"], answer["steps"]):
            for key, value in expected(scenario, step).items():
                compared += 1
                wrong += [f"{scenario['name']} at {step['t']} s: {text}" for text in differences(value, said.get(key, "missing"), key)]
    assert not wrong, "\n".join(wrong)
    assert compared > 4000


def test_what_is_expected_has_no_influence():
    scenario = SCENARIOS[0]
    bare = {**scenario, "steps": [{k: v for k, v in step.items() if not k.startswith("expect")} for step in scenario["steps"]]}
    assert run([json.dumps(bare)]).stdout == run([json.dumps(scenario)]).stdout


def test_a_line_that_cannot_be_understood_is_named_and_the_others_are_answered():
    good = json.dumps({"name": "calm", "cell_count": 16, "config": {}, "steps": [{"t": 0, "cell_v": 3.3, "current_a": 1, "soc_percent": 50}]})
    done = run([good, "", "{not json", "[1]", good])
    assert done.returncode == 1
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert ["steps" in answer for answer in answers] == [True, False, False, True]
    assert [line.split(":")[1].strip() for line in done.stderr.splitlines()] == ["line 3", "line 4"]
    assert "one scenario per line" in done.stderr


def test_a_file_that_is_not_there_is_an_error(folder):
    assert_one_line_error(bmsd("plan", "--json", "--scenario", folder / "none.json"), 1)


@pytest.mark.parametrize("arguments", [["--scenario", "-", "--svg", "x.svg"]], ids=" ".join)
def test_a_scenario_is_not_drawn(arguments):
    assert_one_line_error(bmsd("plan", *arguments, stdin=""), 2)
