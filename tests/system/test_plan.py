"""What settings do, before anything obeys them: bmsd plan."""

import json
import xml.etree.ElementTree as tree

import pytest

from processes import assert_one_line_error, bmsd

SVG = "{http://www.w3.org/2000/svg}"
SHORT = ["--hours", "14"]


@pytest.fixture
def config(folder):
    file = folder / "config.ini"
    file.write_text("[DEFAULT]\nMAX_BATTERY_CHARGE_CURRENT = 80\nMAX_BATTERY_DISCHARGE_CURRENT = 90\n"
                    "[battery SMALL01]\nMAX_BATTERY_CHARGE_CURRENT = 20\n")
    return file


def plan(*arguments, stdin=None):
    done = bmsd("plan", *arguments, stdin=stdin, timeout=300)
    assert done.returncode == 0, done
    return done


def test_a_day_is_told_in_words(config):
    text = plan("--config", config).stdout
    assert "Charged fully at" in text or "Not charged fully:" in text
    assert "Bulk" in text
    assert "CCL below 80 A because of:" in text
    assert "DCL was never below 90 A" in text or "DCL below 90 A" in text


def test_the_drawing_says_in_words_what_it_shows(config, folder):
    file = folder / "day.svg"
    plan("--config", config, "--svg", file, *SHORT)
    picture = tree.parse(file).getroot()
    assert picture.tag == SVG + "svg" and picture.get("role") == "img"
    assert picture.find(SVG + "title").text and "Bulk" in picture.find(SVG + "desc").text
    words = " ".join(text.text for text in picture.iter(SVG + "text"))
    for word in ("CVL", "CCL", "DCL", "highest cell", "lowest cell", "(V)", "(A", "(%)", "stage", "time of day", "Max Battery Charge Current"):
        assert word in words, word
    assert not list(picture.iter(SVG + "script")) and "href" not in file.read_text()


def test_the_same_seed_is_the_same_day_and_another_one_is_not(config):
    one, again, other = (plan("--config", config, "--json", "--seed", seed, *SHORT).stdout for seed in (3, 3, 4))
    assert one == again and one != other


def test_the_settings_of_a_battery_hold_for_it(config):
    limits = {name: json.loads(plan("--config", config, "--battery", name, "--json", "--hours", "1").stdout)["samples"][0]["ccl_a"]
              for name in ("SMALL01", "OTHER01")}
    assert limits == {"SMALL01": 20, "OTHER01": 80}


def test_no_limit_of_a_day_is_above_the_configuration(config):
    day = json.loads(plan("--config", config, "--json", "--temperature", "3", *SHORT).stdout)
    assert len(day["samples"]) > 14 * 360
    assert all(0 <= sample["ccl_a"] <= 80 and 0 <= sample["dcl_a"] <= 90 for sample in day["samples"])
    assert all(46.4 <= sample["cvl_v"] <= 55.2 for sample in day["samples"])
    assert any("Temp" in limit["reason"] for limit in day["charge_limited_by"])  # it is cold


def test_why_it_was_not_full_is_said():
    text = plan("--pv", "0", *SHORT).stdout
    assert "Not charged fully: the battery came to" in text and "the sun gave 0.0 kWh" in text


def test_what_is_wrong_with_the_configuration_is_said_first(folder):
    file = folder / "config.ini"
    file.write_text("[DEFAULT]\nMAX_CELL_VOLTAGE = much\n")
    done = plan("--config", file, "--hours", "1")
    assert "config.ini:2: MAX_CELL_VOLTAGE" in done.stderr


def test_a_drawing_that_cannot_be_written_is_an_error(folder):
    assert_one_line_error(bmsd("plan", "--hours", "1", "--svg", folder / "no" / "such" / "day.svg"), 1)
