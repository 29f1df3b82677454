// What must not leave a machine with a report: passwords and the like.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace bmsd {

class Secrets {
 public:
  // Takes the secrets of a configuration: the values of all keys that are marked as secret (config/schema.h), as they are
  // written and as they are meant.
  void learn(std::string_view ini_text);

  // The text with everything that was learned blanked, and with what stands in front of the host of an address ("user:word@").
  std::string blanked(std::string text) const;

  // The text of a configuration, of which besides the values of secret keys are blanked: also in remarks, and of unknown keys
  // whose name says that they are secret.
  std::string blanked_ini(std::string_view ini_text) const;

 private:
  std::vector<std::string> values_;  // the longest first
};

}  // namespace bmsd
