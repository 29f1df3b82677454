// What is wrong with a line, in words: patterns in what was counted, each with what to check. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "line/line_facts.h"

namespace bmsd {

struct LineFinding {
  std::string_view code;           // for programs; docs/doctor.md has them all
  bool problem = true;             // false: worth knowing, and all works
  std::string what;                // one sentence: what was seen, and what it means
  std::vector<std::string> check;  // what to do, the likeliest first
};

// One finding per cause, the weightiest first; empty: nothing is wrong, as far as one can tell. What follows from a cause that
// was found is not told beside it.
std::vector<LineFinding> diagnose(const LineFacts& facts);

// Whether some pack answers, though what it says may come damaged.
bool anybody_answers(const LineFacts& facts);

// Whether enough was seen to say that nothing is wrong.
bool enough_seen(const LineFacts& facts);

}  // namespace bmsd
