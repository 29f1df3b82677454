// The command line: names, options, help. docs/design.md section 5 fixes the names.
#pragma once

namespace bmsd {

// Parses and runs; returns the exit status. Errors are one line on standard error that says what to do.
int run_command_line(int argc, char** argv);

}  // namespace bmsd
