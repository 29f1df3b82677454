// CAN frames for tests: as records, and as vectors hold them.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "vectors.h"

namespace bmsd::test {

// "2F4#1302B20F51000000 18904001#..." as records, one behind the other; eight digits: an extended identifier.
ByteVector records(std::string_view frames);

// A vector's list of {id_hex, data_hex, extended}.
ByteVector records_of(const nlohmann::json& frames);

// The frames of records, which stay where they are; the same as text.
std::vector<Frame> frames_of(Bytes records);
std::vector<std::string> frame_texts(Bytes records);

// The vectors of tests/vectors/`file` that are one set of frames, asked for or not; `request` and `response` are records.
std::vector<Vector> load_can_vectors(const std::string& file);

// All objects of the file with this `kind`.
std::vector<nlohmann::json> load_kind(const std::string& file, const std::string& kind);

// The `input` of a vector as a protocol is given it.
std::vector<std::pair<std::string, std::string>> texts_of(const nlohmann::json& object);
std::vector<Param> views_of(const std::vector<std::pair<std::string, std::string>>& texts);

}  // namespace bmsd::test
