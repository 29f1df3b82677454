#include "config/packs.h"

#include <algorithm>
#include <optional>

#include "config/words.h"

namespace bmsd {
namespace {

std::optional<ProtocolPacks> places_of(std::string_view part) {
  const std::size_t at = part.find('@');
  if (at == std::string_view::npos) return std::nullopt;
  ProtocolPacks places{std::string(trimmed(part.substr(0, at))), {}};
  for (const std::string_view item : items_of(part.substr(at + 1))) {
    const auto address = address_of(item);
    if (!address) return std::nullopt;
    places.addresses.push_back(address->value);
  }
  if (places.protocol.empty() || places.addresses.empty()) return std::nullopt;
  return places;
}

}  // namespace

Packs packs_of(std::string_view text) {
  Packs packs;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(';'), text.size());
    const std::string_view part = trimmed(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
    if (part.empty()) continue;
    if (auto places = places_of(part)) {
      packs.places.push_back(std::move(*places));
    } else {
      packs.unreadable.emplace_back(part);
    }
  }
  return packs;
}

Converted convert_packs(std::string_view text) {
  Converted result;
  const Packs packs = packs_of(text);
  for (const std::string& part : packs.unreadable) {
    say(result, packs.places.empty() ? Finding::unusable : Finding::warning,
        quoted(part) + " names no packs" + (packs.places.empty() ? "" : "; it is left out"),
        "PROTOCOL@ADDRESS,ADDRESS with ; between protocols: PACKS = daren-485@1,2; pylontech-rs485@4");
  }
  if (!packs.places.empty() || packs.unreadable.empty()) result.value = std::string(text);
  return result;
}

}  // namespace bmsd
