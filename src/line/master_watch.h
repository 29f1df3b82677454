// Who else asks on a line: recognises the requests of another master in any of several protocols.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "protocol/protocol.h"

namespace bmsd {

class MasterWatch {
 public:
  // A master that was heard.
  struct Master {
    const Protocol* protocol = nullptr;  // whose words it uses
    int baud = 0;                        // 0: not known, behind a gateway
    std::set<int> asked;                 // the addresses that it asked, where its requests name one
    int requests = 0;
  };

  explicit MasterWatch(std::vector<const Protocol*> protocols) : protocols_(std::move(protocols)) {}

  // Bytes that came while nobody was asked, at this speed; 0: any speed.
  void heard(Bytes bytes, int baud);
  // An intact request that was not ours.
  void heard_request(const Protocol& protocol, int address, int baud);

  // Who was heard asking at least twice: one request may be noise. Null: nobody.
  const Master* master() const;

  void forget();

 private:
  struct Ear {
    const Protocol* protocol;
    ByteVector buffer;
  };
  void listen(Ear& ear, Bytes bytes, int baud);

  std::vector<const Protocol*> protocols_;
  std::vector<Ear> ears_;
  int baud_ = -1;  // of what the ears hold
  std::vector<Master> masters_;
};

// For people: "asks in the words of JK BMS PB at 115200 baud (addresses 0x01, 0x02)".
std::string describe(const MasterWatch::Master& master);

}  // namespace bmsd
