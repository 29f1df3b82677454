// What is published, as JSON lines with times (docs/json.md): a battery whole when it appears, then what changes.
#pragma once

#include <functional>
#include <map>
#include <nlohmann/json.hpp>
#include <string>

#include "bank/view.h"

namespace bmsd {

class JsonLines final : public Sink {
 public:
  using Out = std::function<void(const std::string& line)>;

  // `out` is given each line, without line feed. Times are seconds since `begin`.
  JsonLines(Instant begin, Out out) : begin_(begin), out_(std::move(out)) {}

  void added(const BatteryView& view, Instant now) override;
  void changed(const BatteryView& view, Instant now) override;
  void removed(const Identity& identity, Instant now) override;

 private:
  void put(const char* event, const std::string& id, nlohmann::json json, Instant now);

  Instant begin_;
  Out out_;
  std::map<std::string, nlohmann::json> told_;  // by Identity::id
};

}  // namespace bmsd
