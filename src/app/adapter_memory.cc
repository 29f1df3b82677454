#include "app/adapter_memory.h"

#include <algorithm>

#include "io/usb_ports.h"

namespace bmsd {
namespace {

// An adapter keeps its name when it is plugged in elsewhere, or a port its own where it is none.
std::string adapter_of(const std::string& port) {
  const std::string device = device_of(port).value_or(port);
  const std::string name = stable_name(std::string_view(device).substr(device.rfind('/') + 1), usb_ports());
  return name.empty() ? port : name;
}

bool is_searched(const LinePlan& line) {
  const bool pinned = line.baud > 0 && line.protocols.size() == 1 && !line.addresses.empty();
  return !pinned && line.packs.empty();
}

}  // namespace

void recall_adapter(PortPlan& plan, const StateKeeper& keeper) {
  if (!is_searched(plan.line)) return;
  const auto kept = keeper.recall_line(adapter_of(plan.port));
  if (!kept) return;
  const auto& wanted = plan.line.protocols;
  const auto protocol =
      std::find_if(wanted.begin(), wanted.end(), [&](const Protocol* one) { return one->name == kept->protocol; });
  if (protocol != wanted.end()) plan.line.remembered = Remembered{*protocol, kept->baud, {kept->address}};
}

void remember_adapter(const PortPlan& plan, const Line& line, StateKeeper& keeper) {
  if (!is_searched(plan.line) || line.detection() != nullptr || line.pack_count() == 0) return;
  const PackTalk& pack = line.pack(0);
  keeper.remember_line(adapter_of(plan.port), {std::string(pack.protocol->name), line.baud(), pack.address});
}

}  // namespace bmsd
