// Asks a running bmsd over its control socket (sink/control_socket.h).
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/time.h"

namespace bmsd {

// Sends one request and waits for its reply, at most about `patience`; blocks, so it is for commands, not for the
// daemon. `path` empty: default_socket_path(). Errors, io, with a detail that says what to do: no bmsd runs, no
// permission, no answer in time, and what the daemon itself answered with "ok": false.
Result<nlohmann::json> ask(const std::string& path, const nlohmann::json& request, Duration patience = 5s);

// What one line of a daemon answers: an object with "ok": true. Errors as of ask(). `path`: of the socket, for people.
Result<nlohmann::json> answer_in(std::string_view line, const std::string& path);

}  // namespace bmsd
