// %(NAME)s and %% in values, as Python's configparser resolves them.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace bmsd {

using ValuesByKey = std::unordered_map<std::string, std::string>;  // keys in lower case, values as written

class Interpolation {
 public:
  // NAME is looked up in `own`, the section of the value, then in `defaults`. Both must outlive this.
  Interpolation(const ValuesByKey& own, const ValuesByKey& defaults) : own_(own), defaults_(defaults) {}

  // The value of `key` resolved. What cannot be is taken as it stands; `trouble` then says in words why. `budget` is what
  // may yet be inserted, in bytes, of all values together: references to references grow without bound otherwise.
  std::string resolve(std::string_view key, std::string_view value, std::size_t& budget, std::string& trouble);

 private:
  void append(std::string& result, std::string_view value, std::size_t& budget, std::string& trouble);
  const std::string* find(const std::string& name) const;

  const ValuesByKey& own_;
  const ValuesByKey& defaults_;
  std::vector<std::string> under_way_;  // the keys whose values are being inserted
};

}  // namespace bmsd
