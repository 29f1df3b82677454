// Who sends by itself on a CAN bus: reads its frames in the words of several protocols at once.
#pragma once

#include <memory>
#include <set>
#include <string>
#include <vector>

#include "battery/battery.h"
#include "protocol/protocol.h"

namespace bmsd {

// A protocol in which the BMS sends and is not asked.
bool sends_by_itself(const Protocol& protocol);

class PushWatch {
 public:
  // Somebody whose frames a protocol knows.
  struct Talker {
    const Protocol* protocol = nullptr;
    int address = -1;
    std::unique_ptr<Session> session;
    Battery battery;
    std::vector<std::uint8_t> said;  // exchanges that made sense
    std::string doubt;               // what did not
  };

  // `protocols`: those of them that send by themselves count. `addresses` empty: any.
  PushWatch(const std::vector<const Protocol*>& protocols, std::vector<int> addresses, std::vector<Param> params,
            bool extras);

  // One or more records.
  void heard(Bytes records, Instant now);
  void forget();

  bool listens() const { return !protocols_.empty(); }
  std::vector<Talker>& talkers() { return talkers_; }
  const std::vector<Talker>& talkers() const { return talkers_; }
  // For people: "305, 18FF50E5", some of the identifiers that were heard.
  std::string identifiers() const;

 private:
  void hear(const Protocol& protocol, const Frame& frame, Instant now);
  Talker& talker(const Protocol& protocol, int address);

  std::vector<const Protocol*> protocols_;
  std::vector<int> addresses_;
  std::vector<Param> params_;
  bool extras_;
  std::vector<Talker> talkers_;
  std::set<std::string> ids_;
};

}  // namespace bmsd
