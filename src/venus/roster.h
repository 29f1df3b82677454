// The batteries of this process, and which of them uses which identity and device instance. Two with one identity would
// share an entry of the settings, and with it the instance, the name and the state.
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "bank/view.h"
#include "venus/stored_devices.h"

namespace bmsd {

class Roster {
 public:
  void enter(const Identity& identity);
  void leave(std::string_view id);

  enum class Source : unsigned char { guess, settings };

  // Which of its identities a battery uses:
  // - what the settings made of it before, in this process;
  // - the best one if they hold it, or what it was called when it had a twin;
  // - an older one that they hold and that is no other battery's, the newest;
  // - the best one, as a new entry. Of twins (one serial number) the first in Identity::order has it, the others add
  //   their address, and their port where that is not enough;
  // - port and address.
  // All batteries are looked at together, so that it does not matter who asks first. A guess leaves alone what others
  // have guessed; the settings do not.
  Choice choose(std::string_view id, std::span<const StoredDevice> devices, Source source) const;

  // `wanted`, or the next one that neither another battery has nor `devices` hold for another.
  std::int32_t free_instance(std::string_view id, const std::string& identity, std::int32_t wanted,
                             std::span<const StoredDevice> devices) const;

  void settle(std::string_view id, const std::string& identity, std::int32_t instance, Source source);

  // Whether the entry is, or may become, a battery's here.
  bool uses(const StoredDevice& device) const;

  std::vector<std::string> all_identities() const;  // that a battery here has or may choose

  // The settings are tidied up once per process: says whether it is still to be done, and that it is done.
  bool tidy_once() { return !std::exchange(tidied_, true); }

  // When a battery here was last seen before this process, by LastSeen; the newest of all counts.
  void was_here(std::int64_t last_seen) { last_here_ = std::max(last_here_, last_seen); }
  std::int64_t last_here() const { return last_here_; }

 private:
  struct Member {
    std::string id;
    int order = 0;
    std::vector<std::string> identities;  // safe; the best one first
    std::vector<std::string> as_twin;     // what it is called where the best one is taken
    std::string place;                    // port and address
    std::string chosen;                   // empty: not yet
    std::int32_t instance = 0;
    Source source = Source::guess;

    std::string best() const { return identities.empty() ? std::string() : identities.front(); }
    std::vector<std::string> candidates() const;
  };
  class Draft;
  std::vector<const Member*> in_order() const;

  std::map<std::string, Member, std::less<>> members_;  // by Identity::id
  bool tidied_ = false;
  std::int64_t last_here_ = 0;
};

}  // namespace bmsd
