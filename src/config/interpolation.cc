#include "config/interpolation.h"

#include <algorithm>

#include "config/ini_text.h"

namespace bmsd {
namespace {

constexpr std::size_t kDeepest = 10;  // configparser.MAX_INTERPOLATION_DEPTH
constexpr std::size_t kEachCosts = 16;

// NAME of a text that begins with %(NAME)s, or nothing.
std::string_view reference_at_start(std::string_view text) {
  const std::size_t end = text.find(')');
  const bool whole = text.starts_with("%(") && end != std::string_view::npos && end > 2 && end + 1 < text.size() &&
                     text[end + 1] == 's';
  return whole ? text.substr(2, end - 2) : std::string_view();
}

}  // namespace

const std::string* Interpolation::find(const std::string& name) const {
  for (const ValuesByKey* values : {&own_, &defaults_}) {
    if (const auto found = values->find(name); found != values->end()) return &found->second;
  }
  return nullptr;
}

std::string Interpolation::resolve(std::string_view key, std::string_view value, std::size_t& budget,
                                   std::string& trouble) {
  std::string result;
  under_way_.assign(1, lower_case(key));
  append(result, value, budget, trouble);
  return result;
}

void Interpolation::append(std::string& result, std::string_view value, std::size_t& budget, std::string& trouble) {
  while (!value.empty()) {
    const std::size_t percent = std::min(value.find('%'), value.size());
    result += value.substr(0, percent);
    value.remove_prefix(percent);
    if (value.starts_with("%%")) {
      result += '%';
      value.remove_prefix(2);
      continue;
    }
    const std::string_view name = reference_at_start(value);
    if (name.empty()) {
      result += value.substr(0, 1);
      value.remove_prefix(std::min<std::size_t>(1, value.size()));
      continue;
    }
    const std::string_view whole = value.substr(0, name.size() + 4);
    value.remove_prefix(whole.size());
    const std::string key = lower_case(name);
    const std::string* const inserted = find(key);
    const std::string shown = "%(" + excerpt(name) + ")s";
    if (inserted == nullptr) {
      trouble = shown + " names no key of this section or of [DEFAULT]";
    } else if (std::find(under_way_.begin(), under_way_.end(), key) != under_way_.end()) {
      trouble = shown + " leads back to itself";
    } else if (under_way_.size() >= kDeepest) {
      trouble = shown + " leads through more than 10 keys";
    } else if (inserted->size() + kEachCosts > budget) {
      trouble = shown + " makes the file too long";
    } else {
      budget -= inserted->size() + kEachCosts;
      under_way_.push_back(key);
      append(result, *inserted, budget, trouble);
      under_way_.pop_back();
      continue;
    }
    result += whole;
  }
}

}  // namespace bmsd
