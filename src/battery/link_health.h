// How the talk with a pack goes; counted by the line, shown by everybody.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>

#include "base/result.h"
#include "base/time.h"

namespace bmsd {

struct LinkHealth {
  std::uint64_t rounds = 0, failed_rounds = 0;
  std::array<std::uint64_t, static_cast<std::size_t>(Errc::count_)>
      errors_by_code{};  // failed exchanges, retries included
  Duration period{};     // between the last two good rounds
  Duration latency{};    // from the request's last byte to the reply's first
  std::optional<Instant> last_good;
  std::string last_error;
};

}  // namespace bmsd
