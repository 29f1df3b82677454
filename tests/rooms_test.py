#!/usr/bin/env python3
"""Holds the arrows between the rooms of src/ and the rules that go with them (docs/design.md). Run by ctest as `rooms`."""

import pathlib
import re
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parent.parent

PURE = {"wire", "battery", "protocol", "line", "control", "bank"}  # no clock, no I/O, no logging
WITH_BOOST = {"io", "sink", "venus", "app", "sim"}
CLOCK = "io/clock.cc"  # the one place that can tell what time it is
MOST_LINES = 500

INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]', re.MULTILINE)
ROOM = re.compile(r"^bmsd_room\((\w+)([^)]*)\)", re.MULTILINE)
IO_HEADER = re.compile(r"^(iostream|fstream|ostream|istream|cstdio|stdio\.h|filesystem|unistd\.h|fcntl\.h|termios\.h|poll\.h"
                       r"|netdb\.h|syslog\.h|(sys|netinet|arpa|linux|asm)/.*)$")
SLEEP = re.compile(r"\b(sleep_for|sleep_until|usleep|nanosleep|clock_nanosleep)\b|(?<![\w.>])sleep\s*\(")
NOW = re.compile(r"\b\w*(clock|Clock)::now\b|\b(gettimeofday|clock_gettime|timespec_get)\b"
                 r"|(?<![\w.>:])(std\s*::\s*|::\s*)?time\s*\(\s*(nullptr|NULL|0|&)")
COMMENT_OR_TEXT = re.compile(r'//[^\n]*|/\*.*?\*/|R"(\w*)\(.*?\)\1"|"(?:\\.|[^"\\\n])*"', re.DOTALL)


def code_of(text):
    """The text without comments and string literals, with its line numbers unchanged."""
    return COMMENT_OR_TEXT.sub(lambda match: "\n" * match.group().count("\n"), text)


def rooms_of(cmake):
    """Room -> the rooms that it may include: its NEEDS, what those need, and itself. Text comes from CMakeLists.txt."""
    needs = {}
    for name, rest in ROOM.findall(cmake):
        words = rest.split()
        start = words.index("NEEDS") + 1 if "NEEDS" in words else len(words)
        end = words.index("LIBRARIES") if "LIBRARIES" in words else len(words)
        needs[name] = set(words[start:end])

    def reach(name):
        found = {name}
        for other in needs[name]:
            found |= reach(other)
        return found

    return {name: reach(name) for name in needs}


def includes_of(text):
    """(line number, is quoted, name) of each include."""
    return [(text.count("\n", 0, match.start(2)) + 1, match.group(1) == '"', match.group(2)) for match in INCLUDE.finditer(text)]


def include_fault(room, quoted, name, rooms):
    """What is wrong with one include, or nothing."""
    if name.endswith((".cc", ".cpp", ".c")):
        return f"includes a source file, {name}"
    if re.match(r"(boost|asio)(/|\.hpp)", name) and room not in WITH_BOOST:
        return f"<{name}>: Boost belongs to {', '.join(sorted(WITH_BOOST))} only"
    if not quoted:
        if room in PURE and IO_HEADER.match(name):
            return f"<{name}>: `{room}` does no I/O"
        return None
    other = name.split("/")[0]
    if "/" not in name or other not in rooms:
        return f'"{name}": write the path from src/, as in "base/bytes.h"'
    if other not in rooms[room]:
        return f'"{name}": `{room}` may include {", ".join(sorted(rooms[room]))}, not `{other}` (bmsd_room in CMakeLists.txt)'
    if room in PURE and name == "base/log.h":
        return f'"{name}": `{room}` does not log, it returns values'
    return None


def faults_of_file(path, text, rooms):
    """`path` is relative to src/. Each fault is a line for people."""
    room = path.split("/")[0] if "/" in path else "app"  # main.cc
    if room not in rooms:
        yield f"src/{path}: `{room}` is no room: name it in CMakeLists.txt"
        return
    for number, quoted, name in includes_of(text):
        fault = include_fault(room, quoted, name, rooms)
        if fault:
            yield f"src/{path}:{number}: {fault}"
    for number, line in enumerate(code_of(text).split("\n"), 1):
        if SLEEP.search(line):
            yield f"src/{path}:{number}: sleeps; use a deadline or a timer"
        if NOW.search(line) and path != CLOCK:
            yield f"src/{path}:{number}: asks a clock; take the instant as an argument (only src/{CLOCK} may ask)"


def faults_of_size(path, text):
    lines = text.count("\n")
    if lines > MOST_LINES:
        yield f"{path}: {lines} lines; a file has {MOST_LINES} at most, so that it is read in one sitting"


def faults_of_tree(root):
    rooms = rooms_of((root / "CMakeLists.txt").read_text())
    for path in sorted(root.glob("src/**/*")):
        if path.suffix in (".h", ".cc"):
            yield from faults_of_file(path.relative_to(root / "src").as_posix(), path.read_text(), rooms)
    for folder in ("src", "tests", "bench"):
        for path in sorted(root.glob(f"{folder}/**/*")):
            if path.suffix in (".h", ".cc", ".py"):
                yield from faults_of_size(path.relative_to(root).as_posix(), path.read_text())


class TheTree(unittest.TestCase):
    def test_keeps_the_rules(self):
        faults = list(faults_of_tree(ROOT))
        self.assertFalse(faults, "\n" + "\n".join(faults))

    def test_has_rooms_and_files(self):
        rooms = rooms_of((ROOT / "CMakeLists.txt").read_text())
        self.assertTrue(PURE | WITH_BOOST <= set(rooms))
        self.assertEqual(rooms["control"], {"base", "battery", "control"})
        self.assertGreater(len(list(ROOT.glob("src/*/*.h"))), 10)


class ABadSample(unittest.TestCase):
    """Each rule finds what it is there for."""

    CMAKE = "bmsd_room(base)\nbmsd_room(wire NEEDS base)\nbmsd_room(line NEEDS wire LIBRARIES bmsd_x)\nbmsd_room(io\n  NEEDS base)\n"

    def faults(self, path, text):
        with tempfile.TemporaryDirectory() as folder:
            root = pathlib.Path(folder)
            (root / "CMakeLists.txt").write_text(self.CMAKE)
            (root / "src" / path).parent.mkdir(parents=True, exist_ok=True)
            (root / "src" / path).write_text(text)
            return list(faults_of_tree(root))

    def assert_caught(self, path, text, words):
        faults = self.faults(path, text)
        self.assertEqual(len(faults), 1, faults)
        self.assertIn(words, faults[0])

    def test_an_arrow_the_wrong_way(self):
        self.assert_caught("wire/a.cc", '#include "line/poll.h"\n', "not `line`")

    def test_an_arrow_past_the_needs(self):
        self.assert_caught("io/a.h", '\n#include "wire/frame.h"\n', "src/io/a.h:2:")

    def test_what_a_needed_room_needs_is_allowed(self):
        self.assertEqual(self.faults("line/a.cc", '#include "base/time.h"\n#include "line/b.h"\n'), [])

    def test_a_path_without_its_room(self):
        self.assert_caught("wire/a.cc", '#include "frame.h"\n', "path from src/")

    def test_a_room_that_nobody_named(self):
        self.assert_caught("attic/a.cc", "", "no room")

    def test_boost_in_a_pure_room(self):
        self.assert_caught("line/a.h", "#include <boost/asio.hpp>\n", "Boost")
        self.assertEqual(self.faults("io/a.h", "#include <boost/asio.hpp>\n"), [])

    def test_io_in_a_pure_room(self):
        for header in ("iostream", "cstdio", "unistd.h", "sys/socket.h"):
            self.assert_caught("line/a.cc", f"#include <{header}>\n", "no I/O")
        self.assertEqual(self.faults("io/a.cc", "#include <unistd.h>\n"), [])

    def test_a_log_in_a_pure_room(self):
        self.assert_caught("wire/a.cc", '#include "base/log.h"\n', "does not log")

    def test_a_source_file_included(self):
        self.assert_caught("wire/a.cc", '#include "wire/b.cc"\n', "source file")

    def test_a_sleep(self):
        for call in ("std::this_thread::sleep_for(1s);", "::usleep(5);", "sleep(1);"):
            self.assert_caught("io/a.cc", call + "\n", "sleeps")

    def test_a_clock(self):
        for call in ("std::chrono::steady_clock::now()", "time(nullptr)", "std::time(&t)", "clock_gettime(0, &t)", "Clock::now()"):
            self.assert_caught("io/a.cc", call + ";\n", "clock")
            self.assertEqual(self.faults(CLOCK, call + ";\n"), [])

    def test_words_in_comments_and_texts_are_no_calls(self):
        text = '// sleep(1) or time(0)\n/* usleep(\n) */ auto a = "sleep(1) \\" time(0)";\nwire_time(0); view.time(0);\n'
        self.assertEqual(self.faults("io/a.cc", text), [])

    def test_a_file_that_is_too_long(self):
        self.assert_caught("io/a.cc", "\n" * (MOST_LINES + 1), "501 lines")


if __name__ == "__main__":
    unittest.main()
