#include "line/candidates.h"

#include <algorithm>

namespace bmsd {
namespace {

bool contains(const std::vector<int>& list, int value) {
  return std::find(list.begin(), list.end(), value) != list.end();
}

// One protocol's part of the search.
struct Family {
  const Protocol* protocol;
  std::vector<int> speeds;
  std::vector<int> usual;    // addresses that packs have unless somebody changed them
  std::vector<int> further;  // addresses
  bool other_form;
};

Family family(const Protocol& protocol, const SearchSpace& space) {
  Family family{&protocol, {protocol.speeds.begin(), protocol.speeds.end()}, {}, {}, has_other_form(protocol)};
  if (space.baud > 0) family.speeds = {space.baud};
  for (const int address : space.addresses) {
    if (address < protocol.lowest_address || address > protocol.highest_address) continue;
    (family.usual.empty() ? family.usual : family.further).push_back(address);
  }
  if (!space.addresses.empty()) return family;
  family.usual = {protocol.default_address};
  if (protocol.other_default >= 0) family.usual.push_back(protocol.other_default);
  for (const int address : protocol.addresses) {
    if (!contains(family.usual, address)) family.further.push_back(address);
  }
  for (int address = protocol.lowest_address; space.all_addresses && address <= protocol.highest_address; ++address) {
    if (!contains(family.usual, address) && !contains(family.further, address)) family.further.push_back(address);
  }
  return family;
}

// Collects tries, each once.
class Tries {
 public:
  void add(const Family& family, int baud, int address, bool again = false) {
    const bool further = !contains(family.usual, address);
    const Candidate one{family.protocol, baud, address, further, again};
    if (std::find(list_.begin(), list_.end(), one) == list_.end()) list_.push_back(one);
  }
  std::vector<Candidate> take() { return std::move(list_); }

 private:
  std::vector<Candidate> list_;
};

}  // namespace

bool has_other_form(const Protocol& protocol) {
  const std::uint8_t exchange = protocol.proof.front();
  const auto session = protocol.open({protocol.default_address, {}, false});
  const auto first = session->request(exchange);
  session->failed(exchange, {Errc::timeout, "no_reply", 0, {}});
  const auto second = session->request(exchange);
  return first && second && first->bytes != second->bytes;
}

std::vector<Candidate> candidates(const SearchSpace& space) {
  std::vector<Family> families;
  for (const bool writes : {false, true}) {
    for (const Protocol* protocol : space.protocols) {
      if (protocol->probe_is_write != writes) continue;
      if (Family one = family(*protocol, space); !one.usual.empty()) families.push_back(std::move(one));
    }
  }
  Tries tries;
  if (space.remembered) {
    const Remembered& last = *space.remembered;
    for (const Family& one : families) {
      if (one.protocol != last.protocol || !contains(one.speeds, last.baud)) continue;
      for (const int address : last.addresses) {
        if (contains(one.usual, address) || contains(one.further, address)) tries.add(one, last.baud, address);
      }
    }
  }
  for (const Family& one : families) tries.add(one, one.speeds.front(), one.usual.front());
  for (const Family& one : families) {
    for (const int baud : one.speeds) {
      for (const int address : one.usual) tries.add(one, baud, address);
    }
  }
  for (const bool form : {true, false}) {
    for (const Family& one : families) {
      if (one.other_form != form) continue;
      for (const int baud : one.speeds) {
        for (const int address : one.usual) tries.add(one, baud, address, true);
      }
    }
  }
  for (const bool again : {false, true}) {
    for (const Family& one : families) {
      if (again && !one.other_form) continue;
      for (const int baud : one.speeds) {
        for (const int address : one.further) tries.add(one, baud, address, again);
      }
    }
  }
  return tries.take();
}

}  // namespace bmsd
