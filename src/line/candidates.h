// In which order BMSes are looked for: which protocol is tried at which speed and address.
#pragma once

#include <optional>
#include <vector>

#include "protocol/protocol.h"

namespace bmsd {

// One try: the identifying exchange of a protocol.
struct Candidate {
  const Protocol* protocol = nullptr;
  int baud = 0;
  int address = -1;
  bool further = false;  // the address is none that packs have unless somebody set it
  // Once more: in the other form of the request where the protocol has one; a sleeping pack is awake by now.
  bool again = false;

  bool operator==(const Candidate&) const = default;
};

// What was found on this adapter the last time.
struct Remembered {
  const Protocol* protocol = nullptr;
  int baud = 0;
  std::vector<int> addresses;
};

struct SearchSpace {
  std::vector<const Protocol*> protocols;  // the common ones first
  int baud = 0;                            // 0: the speeds that each protocol names
  std::vector<int> addresses;              // empty: those that each protocol names
  bool all_addresses = false;              // also the addresses that hardly anybody uses
  std::optional<Remembered> remembered;
};

// Every try once, in this order: what is remembered; of each protocol its usual address at its usual speed, those whose
// probe is formally a write behind all others; other addresses from the factory and other speeds; the other form of
// requests; once more for those that slept; further addresses; those in the other form.
std::vector<Candidate> candidates(const SearchSpace& space);

// Whether the identifying request has another form after the first one failed.
bool has_other_form(const Protocol& protocol);

}  // namespace bmsd
