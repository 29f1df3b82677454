"""SocketCAN in a real kernel: packs that are asked and packs that send by themselves on one interface, which goes down, comes
back, vanishes, is full of other frames, and falls off the bus."""

import json
import re
import subprocess

import pytest

from kernel import run_in_kernel

CONFIG = """[line vcan0]
PACKS = daly-can@1; jkbms-can@2
"""

# An error frame as the driver of a controller sends it, from a program: vcan has no controller.
SEND_BUS_OFF = r"""
#include <linux/can.h>
#include <linux/can/error.h>
#include <net/if.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>
int main(void) {
  int fd = socket(PF_CAN, SOCK_RAW, CAN_RAW);
  struct sockaddr_can address = {.can_family = AF_CAN, .can_ifindex = (int)if_nametoindex("vcan0")};
  struct can_frame frame = {.can_id = CAN_ERR_FLAG | CAN_ERR_BUSOFF, .can_dlc = 8};
  if (fd < 0 || bind(fd, (struct sockaddr*)&address, sizeof address) != 0) return 1;
  return write(fd, &frame, sizeof frame) == sizeof frame ? 0 : 1;
}
"""

SCRIPT = r"""
up() { ip link add vcan0 type vcan; ip link set vcan0 up; }
show() { /bmsd show --socket /tmp/s --json 2>/tmp/show.err; }
# Waits until `grep -c` finds $1 in what is shown as often as $2 says.
until_shown() {
  for i in $(seq 600); do
    [ "$(show | grep -c "$1")" = "$2" ] && return
    sleep 0.2
  done
  say "never $2 times $1"
}
tell() { echo "@@ $1 $(show | tr -d '\n')"; }
ticks() { cut -d' ' -f14,15 /proc/$daemon/stat; }

up
sleep 100000 | /bmsd simulate daly-can --interface vcan0 --address 1 --log /tmp/asked.log >/dev/null 2>/tmp/asked.err &
sleep 100000 | /bmsd simulate jkbms-can --interface vcan0 --address 2 --log /tmp/pushed.log >/dev/null 2>/tmp/pushed.err &
/bmsd run --config /config.ini --bus none --socket /tmp/s --state /tmp/state 2>/tmp/run.err &
daemon=$!
until_shown '"state": "connected"' 2
tell complete

ip link set vcan0 down
until_shown '"text": "Lost for' 2
tell down
ip link set vcan0 up
until_shown '"state": "connected"' 2
tell up

ip link del vcan0
until_shown '"text": "Lost for' 2
up
until_shown '"state": "connected"' 2
tell back

/bus_off || say "no bus-off"
sleep 3
until_shown '"state": "connected"' 2
tell after_bus_off

say quiet $(ticks)
sleep 10
say quiet $(ticks)
sleep 100000 | /bmsd simulate jkbms-can --interface vcan0 --packs 8 --address 4,5,6,7,8,9,0x0a,0x0b >/dev/null 2>&1 &
sleep 100000 | /bmsd simulate daly-can --interface vcan0 --address 9 >/dev/null 2>&1 &
sleep 3
cat /sys/class/net/vcan0/statistics/rx_packets > /tmp/before
say loaded $(ticks)
sleep 10
say loaded $(ticks)
say frames $(( $(cat /sys/class/net/vcan0/statistics/rx_packets) - $(cat /tmp/before) ))
tell loaded
kill $daemon
wait $daemon
say ended $?
while read -r line; do echo "@@ log $line"; done < /tmp/run.err
"""


@pytest.fixture(scope="module")
def said(tmp_path_factory):
    folder = tmp_path_factory.mktemp("kernel")
    (folder / "bus_off.c").write_text(SEND_BUS_OFF)
    subprocess.run(["gcc", "-static", "-O1", "-o", folder / "bus_off", folder / "bus_off.c"], check=True)
    said = run_in_kernel(folder, SCRIPT, [("config.ini", CONFIG), ("bus_off", (folder / "bus_off").read_bytes())])
    print("\n".join(said))
    return said


def batteries(said, moment):
    line = next(line for line in said if line.startswith(moment + " {"))
    found = json.loads(line.partition(" ")[2])["batteries"]
    return {battery["protocol"]: battery for battery in found}


def numbers(said, word):
    return [[int(number) for number in line.split()[1:]] for line in said if re.fullmatch(rf"{word}( \d+)+", line)]


def log(said):
    return "\n".join(line[4:] for line in said if line.startswith("log "))


def test_asked_and_pushed_packs_are_read_on_one_interface(said):
    shown = batteries(said, "complete")
    assert set(shown) == {"daly-can", "jkbms-can"}
    assert [shown["daly-can"]["address"], shown["jkbms-can"]["address"]] == [1, 2]
    for battery in shown.values():
        assert 10 < battery["voltage_v"] < 65 and 0 <= battery["soc_percent"] <= 100


@pytest.mark.parametrize("moment", ["up", "back", "after_bus_off", "loaded"])
def test_whatever_happened_to_the_interface_everybody_is_read_again(said, moment):
    before, after = batteries(said, "complete"), batteries(said, moment)
    for protocol, battery in after.items():
        assert battery["connection"]["state"] == "connected"
        assert battery["connection"]["rounds"] > before[protocol]["connection"]["rounds"]
        assert battery["soc_percent"] == pytest.approx(before[protocol]["soc_percent"], abs=3), "still the same pack"


def test_an_interface_that_is_down_is_a_loss_that_is_told(said):
    for battery in batteries(said, "down").values():
        assert battery["connection"]["state"] == "lost"
    assert not [line for line in said if line.startswith("never")]
    assert log(said).count("vcan0: the interface is down") == 2, "one that is taken away goes down first"
    assert "vcan0: bus-off" in log(said)
    assert log(said).count("vcan0: back") == 3


def test_frames_of_others_cost_next_to_nothing(said):
    (frames,), = numbers(said, "frames")
    assert frames > 1000
    shown = batteries(said, "loaded")
    assert sum(battery["connection"]["rejected"] for battery in shown.values()) == 0
    quiet, loaded = numbers(said, "quiet"), numbers(said, "loaded")
    spent = [sum(after) - sum(before) for before, after in (quiet, loaded)]
    print(f"hundredths of a second of CPU in 10 s: {spent[0]} quiet, {spent[1]} with {frames} frames of others")


def test_the_daemon_ends_cleanly(said):
    assert "ended 0" in said
