// bmsd set: changes something in a BMS, through the running daemon, which reads it back.
#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>
#include <iostream>
#include <string>

#include "app/commands.h"
#include "app/typed_change.h"
#include "sink/control_client.h"
#include "sink/text.h"

namespace bmsd {
namespace {

constexpr Duration kSetWithin = 15s;  // the daemon's answer takes 5 s at most

nlohmann::json request_of(const std::string& battery, const Change& change) {
  nlohmann::json request = {
      {"ask", "set"}, {"what", word_of(change.what)}, {"value", value_text(change.what, change.value)}};
  if (!battery.empty()) request["battery"] = battery;
  return request;
}

// Nothing but yes is yes.
bool confirmed(const std::string& battery, const Change& change) {
  const std::string value = value_text(change.what, change.value);
  const std::string_view name = name_of(change.what);
  fmt::print("{}? [y/N] ", is_switch(change.what) ? fmt::format("Turn the {} of {} {}", name, battery, value)
                                                  : fmt::format("Set the {} of {} to {} %", name, battery, value));
  std::fflush(stdout);
  std::string answer;
  std::getline(std::cin, answer);
  return answer == "y" || answer == "Y" || answer == "yes";
}

std::string said(const nlohmann::json& reply, const Change& change) {
  const double number = number_at(reply, "value").value_or(text_at(reply, "value") == "on" ? 1 : 0);
  return fmt::format("{}: the {} is {}{}", text_at(reply, "battery"), name_of(change.what),
                     value_text(change.what, number), is_switch(change.what) ? "" : " %");
}

}  // namespace

int command_set(const SetOptions& options) {
  const auto change = parse_change(options.change);
  if (!change) return wrong_usage("set", describe(change.error()));
  std::string battery = options.battery;
  if (!options.yes) {
    if (isatty(STDIN_FILENO) == 0) return wrong_usage("set", "nobody can be asked here: confirm it with --yes");
    nlohmann::json check = request_of(battery, *change);
    check["check"] = true;
    const auto may = ask(options.socket, check);
    if (!may) return complain("set", describe(may.error()));
    if (std::string named = text_at(*may, "battery"); !named.empty()) battery = std::move(named);
    if (!confirmed(battery, *change)) return complain("set", "nothing was changed");
  }
  const auto reply = ask(options.socket, request_of(battery, *change), kSetWithin);
  if (!reply) return complain("set", describe(reply.error()));
  fmt::print("{}\n", said(*reply, *change));
  return kDone;
}

}  // namespace bmsd
