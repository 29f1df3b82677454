// bmsd restart: has the running daemon replaced by a new process, without a gap.
#include <fmt/format.h>

#include <filesystem>
#include <string>

#include "app/commands.h"
#include "sink/control_client.h"

namespace bmsd {
namespace {

constexpr Duration kRestartWithin = 110s;  // the daemon gives up before

}  // namespace

int command_restart(const RestartOptions& options) {
  nlohmann::json request = {{"ask", "restart"}};
  if (!options.with.empty()) {
    std::error_code error;
    const std::filesystem::path path = std::filesystem::absolute(options.with, error);  // the daemon is elsewhere
    if (error || !std::filesystem::is_regular_file(path, error))
      return wrong_usage("restart", options.with + ": no such file; --with names the new binary");
    request["with"] = path.string();
  }
  const auto reply = ask(options.socket, request, kRestartWithin);
  if (!reply) return complain("restart", describe(reply.error()));
  fmt::print("process {} (bmsd {}) has taken over\n", reply->value("pid", 0), reply->value("version", ""));
  return kDone;
}

}  // namespace bmsd
