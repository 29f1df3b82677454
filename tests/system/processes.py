"""Programs under test as objects: started, watched line by line, ended and examined."""

import os
import pathlib
import re
import subprocess
import threading
import time

BMSD = os.environ.get("BMSD") or str(pathlib.Path(__file__).parents[2] / "build/release/bmsd")
PATIENCE = 30  # s; what a wait may last at most, sanitizers and a busy machine included. Waits end when it has happened.


class Process:
    """A program that runs until stop(). Its output is read as it comes."""

    def __init__(self, *command, env=None):
        self.command = [str(word) for word in command]
        self.out, self.err = [], []
        self._examined = False  # the test knows how it ended
        self._news = threading.Condition()
        self._child = subprocess.Popen(self.command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                       text=True, errors="replace", env=env)
        self.pid = self._child.pid
        self._readers = [threading.Thread(target=self._read, args=pair, daemon=True)
                         for pair in ((self._child.stdout, self.out), (self._child.stderr, self.err))]
        for reader in self._readers:
            reader.start()

    def _read(self, stream, lines):
        for line in stream:
            with self._news:
                lines.append(line.rstrip("\n"))
                self._news.notify_all()
        with self._news:
            self._news.notify_all()

    def __str__(self):
        return "\n".join([" ".join(self.command), *self.out, *self.err])

    def wait_for_line(self, pattern, timeout=PATIENCE):
        """The match of `pattern` in a line of standard output or standard error, printed already or yet to come."""
        def found():
            return next((m for m in (re.search(pattern, line) for line in self.out + self.err) if m), None)

        def settled():
            return found() or not any(reader.is_alive() for reader in self._readers)

        with self._news:
            self._news.wait_for(settled, timeout)
            match = found()
        assert match, f"no line like {pattern!r} from:\n{self}"
        return match

    def send(self, line):
        self._child.stdin.write(line + "\n")
        self._child.stdin.flush()

    @property
    def exit_code(self):
        return self._child.poll()

    def wait(self, timeout=PATIENCE):
        """The exit code of a program that ends by itself."""
        code = self._child.wait(timeout)
        self._join()
        self._examined = True
        return code

    def stop(self):
        """Ends it as a service manager does. A program that had ended by itself, or that does not end cleanly, is a failure."""
        if self._examined:
            return
        ran = self.exit_code is None
        self._child.terminate()
        try:
            code = self.wait()
        except subprocess.TimeoutExpired:
            self._child.kill()
            self.wait()
            raise AssertionError(f"did not end on SIGTERM:\n{self}") from None
        assert "Sanitizer" not in "\n".join(self.err), str(self)
        assert ran, f"ended by itself with {code}:\n{self}"
        assert code == 0, f"ended with {code} on SIGTERM:\n{self}"

    def _join(self):
        for reader in self._readers:
            reader.join(PATIENCE)
        for stream in (self._child.stdin, self._child.stdout, self._child.stderr):
            stream.close()


def bmsd(*arguments, stdin=None, timeout=60, env=None):
    """Runs one command to its end."""
    done = subprocess.run([BMSD, *map(str, arguments)], input=stdin, capture_output=True, text=True, errors="replace",
                          timeout=timeout, env=env, check=False)
    assert "Sanitizer" not in done.stderr, done.stderr
    return done


def assert_one_line_error(done, code):
    """What every failing command owes its user: the exit code, nothing on standard output, one line that says what to do."""
    assert done.returncode == code, done
    assert done.stdout == "", done
    lines = done.stderr.splitlines()
    assert len(lines) == 1 and len(lines[0]) > 10, done


def wait_until(condition, timeout=PATIENCE, what="what was waited for"):
    """For what announces itself nowhere, as a file that appears. Returns what `condition` returned."""
    end = time.monotonic() + timeout
    while True:
        result = condition()
        if result:
            return result
        assert time.monotonic() < end, f"{what}: not within {timeout} s"
        time.sleep(0.01)
