// The vectors' format on the command line (docs/json.md): one JSON object in, one out.
#pragma once

#include <iosfwd>
#include <nlohmann/json_fwd.hpp>
#include <string_view>

#include "protocol/protocol.h"

namespace bmsd {

// {"ok": false, "error": the code, "what": the sheet's word, "number": the BMS's own code unless 0, "message": for
// people}
nlohmann::ordered_json error_json(const Error& error);

// What a vector object gives: {"name", "ok": true, "values": {...}} or {"name", "ok": false, "error", ...}. Malformed
// input is an error with the code config.
nlohmann::ordered_json decode_line(const Protocol& protocol, std::string_view line);

// Decodes each line of `in` (blank ones are skipped) to one line of `out`. True if none was refused.
bool decode_lines(const Protocol& protocol, std::istream& in, std::ostream& out);

}  // namespace bmsd
