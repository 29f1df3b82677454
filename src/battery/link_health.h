// How the talk with a pack goes; counted by the line, shown by everybody.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/time.h"

namespace bmsd {

struct LinkHealth {
  struct Exchange {  // tries of one exchange, by how they ended
    std::uint64_t good = 0, damaged = 0, silent = 0;
    std::size_t reply_bytes = 0;  // of the last good reply
  };

  std::uint64_t rounds = 0, failed_rounds = 0;
  std::uint64_t exchanges = 0;  // good ones
  std::uint64_t retries = 0;    // exchanges that were asked once more
  std::array<std::uint64_t, static_cast<std::size_t>(Errc::count_)>
      errors_by_code{};              // failed exchanges, retries included
  std::uint64_t late_replies = 0;    // that came when their request had been given up
  std::uint64_t second_answers = 0;  // that came when their request had been answered
  std::vector<Exchange> by_exchange = {};
  Duration period{};   // between the last two good rounds
  Duration latency{};  // from the request's last byte to the reply's first
  std::optional<Instant> last_good;
  std::string last_error;

  Exchange& of(std::size_t exchange) {
    if (by_exchange.size() <= exchange) by_exchange.resize(exchange + 1);
    return by_exchange[exchange];
  }
};

}  // namespace bmsd
