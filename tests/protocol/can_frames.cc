#include "can_frames.h"

#include <fstream>
#include <stdexcept>

#include "wire/can_frame.h"
#include "wire/can_text.h"

namespace bmsd::test {
namespace {

using nlohmann::json;

json load(const std::string& file) {
  std::ifstream stream(std::string(BMSD_TESTS_DIR) + "/vectors/" + file);
  if (!stream) throw std::runtime_error("no vectors: " + file);
  return json::parse(stream);
}

void append(ByteVector& to, const ByteVector& bytes) { to.insert(to.end(), bytes.begin(), bytes.end()); }

}  // namespace

ByteVector records(std::string_view frames) {
  ByteVector all;
  while (!frames.empty()) {
    const std::size_t blank = std::min(frames.find(' '), frames.size());
    const auto record = can_record_of(frames.substr(0, blank));
    if (!record) throw std::runtime_error("no frame: " + std::string(frames));
    append(all, *record);
    frames.remove_prefix(std::min(blank + 1, frames.size()));
  }
  return all;
}

std::vector<Frame> frames_of(Bytes records) {
  std::vector<Frame> all;
  while (!records.empty()) {
    const std::size_t size = can_framer(records, true).size;
    all.push_back({records.first(size)});
    records = records.subspan(size);
  }
  return all;
}

std::vector<std::string> frame_texts(Bytes records) {
  std::vector<std::string> all;
  for (const Frame& frame : frames_of(records)) all.push_back(can_text(frame.bytes));
  return all;
}

ByteVector records_of(const json& frames) {
  ByteVector all;
  for (const json& frame : frames) {
    const auto id = static_cast<std::uint32_t>(std::stoul(frame.at("id_hex").get<std::string>(), nullptr, 16));
    append(all,
           can_record(id, frame.at("extended").get<bool>(), from_hex(frame.at("data_hex").get<std::string>()).value()));
  }
  return all;
}

std::vector<std::pair<std::string, std::string>> texts_of(const json& object) {
  std::vector<std::pair<std::string, std::string>> texts;
  for (const auto& [key, value] : object.items())
    texts.emplace_back(key, value.is_string() ? value.get<std::string>() : value.dump());
  return texts;
}

std::vector<Param> views_of(const std::vector<std::pair<std::string, std::string>>& texts) {
  std::vector<Param> views;
  for (const auto& [key, value] : texts) views.push_back({key, value});
  return views;
}

std::vector<Vector> load_can_vectors(const std::string& file) {
  std::vector<Vector> vectors;
  for (const json& object : load(file)) {
    if (object.contains("kind")) continue;
    Vector vector;
    vector.name = object.at("name").get<std::string>();
    vector.request = records_of(object.value("request_frames", json::array()));
    vector.response = records_of(object.at("frames"));
    vector.params = texts_of(object.value("params", json::object()));
    vector.expect = object.value("expect", json());
    vector.expect_absent = object.value("expect_absent", std::vector<std::string>());
    vector.expect_error = object.value("expect_error", std::string());
    vectors.push_back(std::move(vector));
  }
  return vectors;
}

std::vector<json> load_kind(const std::string& file, const std::string& kind) {
  std::vector<json> found;
  for (const json& object : load(file)) {
    if (object.value("kind", std::string()) == kind) found.push_back(object);
  }
  return found;
}

}  // namespace bmsd::test
