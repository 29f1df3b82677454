#include "venus/roster.h"

#include <algorithm>
#include <set>

#include "venus/kept_settings.h"
#include "venus/names.h"

namespace bmsd {

// Who gets which identity.
class Roster::Draft {
 public:
  Draft(std::vector<const Member*> members, std::span<const StoredDevice> devices)
      : members_(std::move(members)), devices_(devices) {}

  void give(const Member& member, const std::string& identity) {
    given_[&member] = identity;
    taken_.insert(upper_case(identity));
  }
  const std::string& of(const Member& member) { return given_[&member]; }

  void share_out() {
    for_the_rest([&](const Member& member) { return give_stored(member); });
    for_the_rest([&](const Member& member) { return give_older(member); });
    for_the_rest([&](const Member& member) { return give_new(member); });
  }

 private:
  template <typename Try>
  void for_the_rest(Try attempt) {
    for (const Member* member : members_) {
      if (!given_.contains(member)) attempt(*member);
    }
  }
  bool free(const std::string& identity) const { return !identity.empty() && !taken_.contains(upper_case(identity)); }
  const StoredDevice* stored(const std::string& identity) {
    auto [found, is_new] = stored_.try_emplace(identity);
    if (is_new) found->second = stored_of(identity, devices_).newest;
    return found->second ? &*found->second : nullptr;
  }
  bool others_best(const std::string& identity, const Member& member) const {
    return std::any_of(members_.begin(), members_.end(), [&](const Member* other) {
      return other != &member && upper_case(other->best()) == upper_case(identity);
    });
  }

  void give_stored(const Member& member) {
    for (const std::string& name : member.as_twin) {
      if (free(name) && stored(name)) return give(member, name);
    }
    if (free(member.best()) && stored(member.best())) give(member, member.best());
  }
  void give_older(const Member& member) {
    const StoredDevice* newest = nullptr;
    const std::string* chosen = nullptr;
    for (const std::string& identity : member.identities) {
      const StoredDevice* device = stored(identity);
      if (!device || !free(identity) || others_best(identity, member)) continue;
      if (newest && device->kept.last_seen <= newest->kept.last_seen) continue;
      newest = device;
      chosen = &identity;
    }
    if (chosen) give(member, *chosen);
  }
  void give_new(const Member& member) {
    if (free(member.best())) return give(member, member.best());
    for (const std::string& name : member.as_twin) {
      if (free(name)) return give(member, name);
    }
    give(member, member.place);
  }

  std::vector<const Member*> members_;
  std::span<const StoredDevice> devices_;
  std::map<const Member*, std::string> given_;
  std::set<std::string> taken_;  // in upper case, as the names of the entries
  std::map<std::string, std::optional<StoredDevice>> stored_;
};

std::vector<std::string> Roster::Member::candidates() const {
  std::vector<std::string> all = identities;
  all.insert(all.end(), as_twin.begin(), as_twin.end());
  all.push_back(place);
  return all;
}

void Roster::enter(const Identity& identity) {
  Member member;
  member.id = identity.id;
  member.order = identity.order;
  member.place = safe_identity(port_and_address(identity));
  for (const std::string& text : identity.identities) {
    if (const std::string safe = safe_identity(text); !safe.empty()) member.identities.push_back(safe);
  }
  if (const std::string best = member.best(); !best.empty() && best != member.place) {
    if (identity.address >= 0) member.as_twin.push_back(best + safe_identity(address_ending(identity.address)));
    member.as_twin.push_back(best + "__" + member.place);
  }
  members_.insert_or_assign(identity.id, std::move(member));
}

void Roster::leave(std::string_view id) {
  if (const auto found = members_.find(id); found != members_.end()) members_.erase(found);
}

std::vector<const Roster::Member*> Roster::in_order() const {
  std::vector<const Member*> members;
  for (const auto& [id, member] : members_) members.push_back(&member);
  std::stable_sort(members.begin(), members.end(),
                   [](const Member* a, const Member* b) { return a->order < b->order; });
  return members;
}

Choice Roster::choose(std::string_view id, std::span<const StoredDevice> devices, Source source) const {
  Draft draft(in_order(), devices);
  for (const auto& [other, member] : members_) {
    if (!member.chosen.empty() && (member.source == Source::settings || source == Source::guess))
      draft.give(member, member.chosen);
  }
  draft.share_out();
  return stored_of(draft.of(members_.find(id)->second), devices);
}

std::int32_t Roster::free_instance(std::string_view id, const std::string& identity, std::int32_t wanted,
                                   std::span<const StoredDevice> devices) const {
  const auto taken = [&](std::int32_t instance) {
    const bool here = std::any_of(members_.begin(), members_.end(), [&](const auto& entry) {
      return entry.first != id && !entry.second.chosen.empty() && entry.second.instance == instance;
    });
    return here || std::any_of(devices.begin(), devices.end(), [&](const StoredDevice& device) {
             return device.instance == instance && device.name != device_name(identity);
           });
  };
  while (taken(wanted)) wanted = wanted < kHighestInstance ? wanted + 1 : 1;
  return wanted;
}

void Roster::settle(std::string_view id, const std::string& identity, std::int32_t instance, Source source) {
  Member& member = members_.find(id)->second;
  member.chosen = identity;
  member.instance = instance;
  member.source = source;
}

bool Roster::uses(const StoredDevice& device) const {
  for (const auto& [id, member] : members_) {
    if (member.source == Source::settings) {
      if (device.name == device_name(member.chosen)) return true;
      continue;
    }
    for (const std::string& identity : member.candidates()) {
      if (upper_case(device.name) == upper_case(device_name(identity))) return true;
    }
  }
  return false;
}

std::vector<std::string> Roster::all_identities() const {
  std::set<std::string> all;
  for (const auto& [id, member] : members_) {
    for (std::string& identity : member.candidates()) all.insert(std::move(identity));
    if (!member.chosen.empty()) all.insert(member.chosen);
  }
  return {all.begin(), all.end()};
}

}  // namespace bmsd
