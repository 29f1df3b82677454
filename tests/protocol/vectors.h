// Runs tests/vectors/<protocol>.json: frames with the values that they must give. The comparison reads the Reading
// directly and shares nothing with `bmsd decode`, which has the same vectors to pass.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "protocol/protocol.h"

namespace bmsd::test {

struct Vector {
  std::string name;
  ByteVector request, response;  // as they stand in the vector: text without CR, or the bytes of the hex
  std::vector<std::pair<std::string, std::string>> params;
  nlohmann::json expect;  // null when an error is expected
  std::vector<std::string> expect_absent;
  std::string expect_error;  // the sheet's word; empty when values are expected
  bool must_hold = true;     // false: informative or optional

  std::vector<Param> param_views() const {
    std::vector<Param> views;
    for (const auto& [key, value] : params) views.push_back({key, value});
    return views;
  }
};

// All request/response vectors of tests/vectors/`file`; throws when the file is missing or malformed.
std::vector<Vector> load_vectors(const std::string& file);

// The closed list's code of a sheet's word ("bad_chksum": checksum).
Errc code_of(const std::string& word);

// What differs between the vector and the reading or error, one sentence each; empty: the vector holds.
std::vector<std::string> differences(const Protocol& protocol, const Vector& vector, const Result<Reading>& result);

// The vector of that name; fails the test (throws) if there is none.
const Vector& vector_named(const std::vector<Vector>& vectors, std::string_view name);

}  // namespace bmsd::test
