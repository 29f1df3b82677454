// bmsd list: the supported BMSes, as the registry has them.
#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <string>

#include "app/commands.h"
#include "base/bytes.h"
#include "protocol/registry.h"

namespace bmsd {
namespace {

std::string_view transport_of(const Protocol& protocol) {
  switch (protocol.medium) {
    case Medium::stream:
      return "RS485/UART";
    case Medium::can:
      return "CAN";
    case Medium::messages:
      return "messages";
  }
  return "";
}

std::string speeds_of(const Protocol& protocol) { return fmt::format("{}", fmt::join(protocol.speeds, ", ")); }

std::string addresses_of(const Protocol& protocol) {
  if (protocol.lowest_address == protocol.highest_address) return "none";
  std::string usual = hex_address(protocol.default_address);
  if (protocol.other_default >= 0) usual += " or " + hex_address(protocol.other_default);
  return fmt::format("{} to {} (usually {})", hex_address(protocol.lowest_address),
                     hex_address(protocol.highest_address), usual);
}

std::string or_none(std::string_view text) { return text.empty() ? "nothing" : std::string(text); }

nlohmann::ordered_json addresses_json(const Protocol& protocol) {
  nlohmann::ordered_json json = {{"default", protocol.default_address},
                                 {"lowest", protocol.lowest_address},
                                 {"highest", protocol.highest_address}};
  if (protocol.other_default >= 0) json["other_default"] = protocol.other_default;
  return json;
}

nlohmann::ordered_json json_of(const Protocol& protocol) {
  return {{"name", protocol.name},
          {"label", protocol.label},
          {"bms_types", std::vector<std::string_view>(protocol.bms_types.begin(), protocol.bms_types.end())},
          {"brands", protocol.brands},
          {"transport", transport_of(protocol)},
          {"speeds", std::vector<int>(protocol.speeds.begin(), protocol.speeds.end())},
          {"addresses", addresses_json(protocol)},
          {"reads", protocol.reads},
          {"writes", protocol.writes}};
}

void print_markdown() {
  fmt::print("| Name | Brands | Transport | Speeds | Addresses | Reads | Writes |\n|---|---|---|---|---|---|---|\n");
  for (const Protocol* p : protocols()) {
    fmt::print("| `{}` | {} | {} | {} | {} | {} | {} |\n", p->name, p->brands, transport_of(*p), speeds_of(*p),
               addresses_of(*p), or_none(p->reads), or_none(p->writes));
  }
}

void print_plain() {
  for (const Protocol* p : protocols()) {
    fmt::print("{} ({})\n", p->name, p->label);
    fmt::print("  brands     {}\n", p->brands);
    fmt::print("  BMS_TYPE   {}\n", fmt::join(p->bms_types, ", "));
    fmt::print("  transport  {}\n", transport_of(*p));
    if (!p->speeds.empty()) fmt::print("  speeds     {} baud\n", speeds_of(*p));
    fmt::print("  addresses  {}\n", addresses_of(*p));
    fmt::print("  reads      {}\n", or_none(p->reads));
    fmt::print("  writes     {}\n", or_none(p->writes));
  }
}

}  // namespace

int command_list(const ListOptions& options) {
  if (options.json && options.markdown) {
    fmt::print(stderr, "bmsd list: give --json or --markdown, not both\n");
    return kWrongUsage;
  }
  if (options.json) {
    nlohmann::ordered_json list = nlohmann::ordered_json::array();
    for (const Protocol* protocol : protocols()) list.push_back(json_of(*protocol));
    fmt::print("{}\n", list.dump(2));
  } else if (options.markdown) {
    print_markdown();
  } else {
    print_plain();
  }
  return kDone;
}

}  // namespace bmsd
