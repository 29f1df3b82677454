// What there is to say of a port and its line for the last minutes: the counters of a line run forever, and what was wrong last
// week is of no interest to who asks what is wrong now.
#pragma once

#include <optional>
#include <string>

#include "base/result.h"
#include "base/time.h"
#include "line/line_facts.h"

namespace bmsd {

class LineWatch {
 public:
  static constexpr Duration kPart = 2min;  // what is told covers one to two of these

  void opened();
  void lost(const Error& error) { error_ = error; }
  // About once a second. `unsent`: as Port has it.
  void look(const LineFacts& now_known, std::size_t unsent, Instant now);

  // Of the port `port`: what the line knows, less what was counted before, and what is known of the port.
  LineFacts facts(LineFacts now_known, const std::string& port, Instant now) const;

 private:
  static constexpr Duration kStuck = 3s;

  std::optional<Error> error_;  // why the port is not open
  std::optional<LineFacts> older_, newer_;
  std::optional<Instant> newer_at_;
  std::size_t unsent_ = 0;
  std::optional<Instant> stuck_since_;
};

}  // namespace bmsd
