// What is known of a line and its packs when somebody asks what is wrong with it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/time.h"
#include "line/wire_counts.h"

namespace bmsd {

class Line;

struct PackFacts {
  struct Replies {  // of one exchange
    std::uint64_t good = 0, damaged = 0, silent = 0;
    std::size_t bytes = 0;  // of a good one
  };

  int address = -1;
  bool answers = false;          // now
  bool has_answered = false;     // ever
  bool sends_by_itself = false;  // and is not asked for that
  std::uint64_t late_replies = 0, second_answers = 0;
  std::vector<Replies> replies = {};
};

struct LineFacts {
  std::string port = {};
  enum Port : std::uint8_t { open, missing, held, forbidden, unreachable } state = open;
  std::string trouble = {};           // why it is not open, for people
  std::string owner = {};             // who has it, for people
  std::string given_by_starter = {};  // its tty, where Venus's serial-starter gives it away
  bool gateway = false;               // the line is behind a network
  bool can = false;
  int baud = 0;                      // 0: not known
  std::optional<Duration> stuck;     // for so long what was sent has not left the port
  bool only_listens = false;         // because it is configured so
  bool searches = false;             // its packs are not known yet
  bool other_master = false;         // somebody else asks on this line
  std::string master = {};           // "asks in the words of ...", where it is known
  std::optional<double> busy;        // percent of the time
  Duration interval{};               // that is wanted between the rounds of a pack
  Duration period{};                 // that there is, of the slowest pack
  std::optional<std::string> other;  // what answers when everything is tried: "daren-485 at 9600 baud, address 0x03"
  WireCounts counts = {};
  std::vector<PackFacts> packs = {};

  // What was counted since `then`.
  LineFacts since(const LineFacts& then) const;
};

// All that the line itself knows.
LineFacts facts_of(const Line& line, Instant now);

}  // namespace bmsd
