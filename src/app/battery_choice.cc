#include "app/battery_choice.h"

#include <algorithm>
#include <cctype>
#include <vector>

#include "venus/names.h"

namespace bmsd {
namespace {

bool same_text(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](unsigned char x, unsigned char y) { return std::tolower(x) == std::tolower(y); });
}

bool is_called(const BatteryView& view, std::string_view name) {
  const Identity& identity = view.identity;
  const auto matches = [name](const std::string& own) { return same_text(own, name); };
  return matches(identity.id) || matches(service_name(identity)) || matches(view.battery.text(Text::serial_number)) ||
         std::any_of(identity.identities.begin(), identity.identities.end(), [&](const std::string& own) {
           return matches(own) || matches(safe_identity(own));  // as the bus shows it, too
         });
}

std::string list_of(std::span<const BatteryView> all) {
  std::string list;
  for (const BatteryView& view : all) list += (list.empty() ? "" : ", ") + view.identity.id;
  return list;
}

}  // namespace

Result<std::string> choose_battery(std::span<const BatteryView> all, std::string_view name) {
  const auto no = [](std::string why) { return Error{Errc::config, "battery", 0, std::move(why)}; };
  if (all.empty()) return no("no battery answers");
  if (name.empty()) {
    if (all.size() > 1) return no("there are several batteries, name one of: " + list_of(all));
    return all.front().identity.id;
  }
  std::vector<const BatteryView*> found;
  for (const BatteryView& view : all) {
    if (is_called(view, name)) found.push_back(&view);
  }
  if (found.size() == 1) return found.front()->identity.id;
  const std::string who = "battery \"" + std::string(name) + "\"";
  return no((found.empty() ? "there is no " + who : "there is more than one " + who) +
            ", name one of: " + list_of(all));
}

}  // namespace bmsd
