// Who holds a port that we cannot have.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace bmsd {

struct Holder {
  int pid = 0;
  std::string name;     // "picocom", as in /proc/PID/comm
  std::string command;  // the command line, at most 200 characters; may be empty
};

// The processes that hold a flock on the file, as told by the text of /proc/locks; those that only wait for one are
// left out. A lock from outside of our pid namespace has no usable number and is left out too. "1: FLOCK  ADVISORY
// WRITE 708 00:1d:12 0 EOF": kind, pid, device (hexadecimal) and inode; proc(5).
std::vector<int> lock_owners(std::string_view proc_locks, dev_t device, ino_t inode);

// Who holds the flock on `path`; when nobody does, whoever else has it open, as far as we may look (root: all
// processes).
std::optional<Holder> find_holder(const std::string& path);

// What is known of a process.
Holder holder_of(int pid);

// "process 708 (picocom -b 9600 /dev/ttyUSB0)"
std::string describe(const Holder& holder);

}  // namespace bmsd
