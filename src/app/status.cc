#include "app/status.h"

#include <unistd.h>

#include "app/version.h"
#include "io/clock.h"
#include "sink/json.h"

namespace bmsd {
namespace {

using Json = nlohmann::json;

std::string_view name_of(PackTalk::State state) {
  switch (state) {
    case PackTalk::waiting:
      return "waiting";
    case PackTalk::joining:
      return "joining";
    case PackTalk::alive:
      return "alive";
    default:
      return "lost";
  }
}

// Whoever is to be on the line, a battery already or not yet.
Json pack_json(const PackTalk& pack, Instant now) {
  const LinkHealth& health = pack.health;
  Json json = {{"protocol", pack.protocol->name},       {"state", name_of(pack.state)},  {"rounds", health.rounds},
               {"failed_rounds", health.failed_rounds}, {"exchanges", health.exchanges}, {"retries", health.retries}};
  if (pack.address >= 0) json["address"] = pack.address;
  if (health.last_good) json["age_s"] = rounded(seconds(now - *health.last_good), 1);
  if (!health.last_error.empty()) json["last_error"] = health.last_error;
  return json;
}

Json counts_json(const WireCounts& counts) {
  return {{"bytes_sent", counts.bytes_sent},
          {"bytes_received", counts.bytes_received},
          {"requests", counts.requests},
          {"frames", counts.frames},
          {"garbled_replies", counts.garbled},
          {"junk_bytes", counts.junk_bytes},
          {"unasked_junk_bytes", counts.unasked_junk},
          {"bad_checks", counts.bad_checks},
          {"echoes", counts.echoes},
          {"late_or_foreign", counts.late_or_foreign},
          {"late_replies", counts.late},
          {"second_answers", counts.second_answers},
          {"foreign_requests", counts.foreign_requests}};
}

Json line_json(Daemon& daemon, std::size_t index, Instant now) {
  const Line& line = daemon.line(index);
  Json json = counts_json(line.detection() != nullptr ? line.detection()->counts() : line.counts());
  json["port"] = daemon.port(index);
  json["open"] = daemon.is_open(index);
  json["detecting"] = line.detection() != nullptr;
  json["listening"] = line.listening() != nullptr;
  json["paused_for_other_master"] = line.paused();
  json["packs"] = line.pack_count();
  json["turnaround_ms"] = seconds(line.turnaround()) * 1000;
  json["pack_health"] = Json::array();
  for (std::size_t i = 0; i < line.pack_count(); ++i) json["pack_health"].push_back(pack_json(line.pack(i), now));
  if (const auto used = line.utilisation(now)) json["utilisation_percent"] = rounded(*used, 1);
  if (line.detection() != nullptr) json["trying"] = line.detection()->now_trying();
  if (line.plan().baud > 0) json["baud"] = line.plan().baud;
  return json;
}

// The daemon itself and its lines.
void add_health(Json& reply, Daemon& daemon, Instant now) {
  const LoopWatch& loop = daemon.loop();
  reply["loop"] = {{"stalls", loop.stalls()}, {"longest_stall_s", rounded(seconds(loop.longest()), 1)}};
  reply["lines"] = Json::array();
  for (std::size_t i = 0; i < daemon.line_count(); ++i) reply["lines"].push_back(line_json(daemon, i, now));
}

}  // namespace

Json answer(Daemon& daemon, const Json& request) {
  const Instant now = now_monotonic();
  Json reply;
  reply["waiting"] = daemon.hub().waiting();
  add_health(reply, daemon, now);
  if (request.value("ask", "") == "status") {
    reply["version"] = kVersion;
    reply["pid"] = ::getpid();
    return reply;
  }
  reply["batteries"] = Json::array();
  for (const BatteryView& view : daemon.hub().views()) reply["batteries"].push_back(battery_json(view, now));
  return reply;
}

}  // namespace bmsd
