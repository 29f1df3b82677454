// Where the edges (io, venus, sink, app) report. The pure rooms do not log: they return values.
#pragma once

#include <functional>
#include <string>
#include <string_view>

namespace bmsd {

enum class Level : unsigned char { error, warning, info, debug };

// One line of log; no time stamp (multilog and the journal add it).
using Log = std::function<void(Level, std::string_view)>;

// Writes "level: text" to standard error, down to `lowest`.
Log log_to_stderr(Level lowest);

}  // namespace bmsd
