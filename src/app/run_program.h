// Another program, run to its end by a command.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"

namespace bmsd {

// `words`: the program, looked for in PATH, and its arguments. Its standard output goes to the file `output`, which is made and
// is only its owner's; its errors go to `errors`, or nowhere when that is empty. Error io: it cannot be started, or the file cannot
// be made. The value is its exit status; -1: it was killed.
Result<int> run_program(const std::vector<std::string>& words, const std::string& output,
                        const std::string& errors = {});

}  // namespace bmsd
