// Vectors whose `exchanges` make one poll, and every vector of a binary protocol on the way that bytes take in the program:
// framer, tag, session.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "vectors.h"

namespace bmsd::test {

struct Poll {
  Vector vector;  // without request and response
  std::vector<std::pair<ByteVector, ByteVector>> exchanges;
};

// The polls of tests/vectors/`file`; a single request and response is a poll of one exchange. Leaves out what need not
// hold and what is no reply.
std::vector<Poll> load_polls(const std::string& file);

// What one session makes of the whole poll: each field as it was said last. Stale bytes in front of a reply are dropped.
Result<Reading> hear(const Protocol& protocol, const Poll& poll);

}  // namespace bmsd::test
