// Another program, run to its end. It is looked for in PATH. Error io, `what` "missing": there is none that can be started.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"

namespace bmsd {

// What it printed on standard output; standard error stays ours. Error io besides, `what` "failed": it did not end with 0.
Result<std::string> output_of(const std::vector<std::string>& command);

// The exit status; -1: it was killed. What it prints goes to the file `output`, and what it complains of to `errors`, which are
// made and are only their owner's.
Result<int> run_program(const std::vector<std::string>& command, const std::string& output, const std::string& errors);

}  // namespace bmsd
