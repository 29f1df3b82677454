// The last lines of the log, in memory: nobody has to find out where it goes when it is asked for.
#pragma once

#include <cstdint>
#include <deque>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "base/log.h"
#include "base/time.h"

namespace bmsd {

class LogRing {
 public:
  static constexpr std::size_t kLines = 500, kLongest = 500;

  struct Line {
    WallTime at;
    Level level;
    std::string text;
  };

  // A line that is too long is cut.
  void add(Level level, std::string_view text, WallTime at) {
    if (lines_.size() == kLines) lines_.pop_front();
    lines_.push_back({at, level, std::string(text.substr(0, kLongest))});
  }

  const std::deque<Line>& lines() const { return lines_; }

  // {"lines":[{"at":1764419719,"level":"warning","text":"..."}]}
  nlohmann::json json() const;

 private:
  std::deque<Line> lines_;
};

}  // namespace bmsd
