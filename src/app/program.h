// Another program, run to its end.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"

namespace bmsd {

// What it printed on standard output; standard error stays ours. The program is looked for in PATH. Error io: `what` is
// "missing" when there is no such program, "failed" when it did not end with 0.
Result<std::string> output_of(const std::vector<std::string>& command);

}  // namespace bmsd
