// What was seen on a medium, in numbers; for `show`, `doctor` and the diagnosis of `scan`.
#pragma once

#include <cstdint>

namespace bmsd {

struct WireCounts {
  std::uint64_t bytes_sent = 0, bytes_received = 0;
  std::uint64_t requests = 0;      // ours
  std::uint64_t frames = 0;        // intact ones of anybody, echoes aside
  std::uint64_t garbled = 0;       // requests to which bytes came, but no intact reply
  std::uint64_t junk_bytes = 0;    // no frame could be made of them; of these,
  std::uint64_t unasked_junk = 0;  //   came while nobody was asked
  std::uint64_t edge_junk = 0;     //   single 00 and FF: how a line that floats or rings looks before and after frames
  std::uint64_t stretched_junk = 0;   //   with one edge at most, as bytes that are read too fast have
  std::uint64_t bad_checks = 0;       // damaged frames
  std::uint64_t echoes = 0;           // own requests that came back
  std::uint64_t late_or_foreign = 0;  // intact replies that nobody waited for; of these,
  std::uint64_t late = 0;             //   to a request that had been given up
  std::uint64_t second_answers = 0;   //   to a request that had been answered already
  std::uint64_t foreign_requests = 0;
};

}  // namespace bmsd
