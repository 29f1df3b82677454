#include "app/status.h"

#include <unistd.h>

#include "app/version.h"
#include "io/clock.h"
#include "sink/json.h"

namespace bmsd {
namespace {

nlohmann::json line_json(Daemon& daemon, std::size_t index) {
  const Line& line = daemon.line(index);
  const WireCounts counts = line.detection() != nullptr ? line.detection()->counts() : line.counts();
  nlohmann::json json = {{"port", daemon.port(index)},
                         {"open", daemon.is_open(index)},
                         {"detecting", line.detection() != nullptr},
                         {"listening", line.listening() != nullptr},
                         {"paused_for_other_master", line.paused()},
                         {"packs", line.pack_count()},
                         {"turnaround_ms", seconds(line.turnaround()) * 1000},
                         {"bytes_sent", counts.bytes_sent},
                         {"bytes_received", counts.bytes_received},
                         {"junk_bytes", counts.junk_bytes},
                         {"bad_checks", counts.bad_checks},
                         {"echoes", counts.echoes},
                         {"late_or_foreign", counts.late_or_foreign},
                         {"foreign_requests", counts.foreign_requests}};
  if (line.detection() != nullptr) json["trying"] = line.detection()->now_trying();
  if (line.plan().baud > 0) json["baud"] = line.plan().baud;
  return json;
}

}  // namespace

nlohmann::json answer(Daemon& daemon, const nlohmann::json& request) {
  nlohmann::json reply;
  reply["waiting"] = daemon.hub().waiting();
  if (request.value("ask", "") == "status") {
    reply["version"] = kVersion;
    reply["pid"] = ::getpid();
    reply["lines"] = nlohmann::json::array();
    for (std::size_t i = 0; i < daemon.line_count(); ++i) reply["lines"].push_back(line_json(daemon, i));
    return reply;
  }
  const Instant now = now_monotonic();
  reply["batteries"] = nlohmann::json::array();
  for (const BatteryView& view : daemon.hub().views()) reply["batteries"].push_back(battery_json(view, now));
  return reply;
}

}  // namespace bmsd
