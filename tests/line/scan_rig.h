// What a scan of a line with simulated packs finds.
#pragma once

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

#include "line/detection.h"
#include "protocol/registry.h"
#include "sim/bus.h"
#include "sim/virtual_wire.h"

namespace bmsd::test {

// Every protocol over every serial line.
inline SearchSpace serial_space() {
  SearchSpace space;
  space.protocols = protocols_over(Medium::stream);
  return space;
}

struct ScanRigOptions {
  std::vector<int> packs;
  std::map<std::string, std::string, std::less<>> variant = {};
  std::vector<const Protocol*> protocols = {};  // that are looked for; empty: that of the packs
  bool all_addresses = false;
  Duration within = 60s;
};

// Every pack of it speaks the bus's protocol at the bus's speed, and gave two proofs of that.
inline std::vector<Found> packs_found(const SimBusOptions& on, const ScanRigOptions& options) {
  SimBus bus(on);
  for (const int address : options.packs) {
    PackOptions pack;
    pack.address = address;
    pack.variant = options.variant;
    EXPECT_TRUE(bus.add_pack(pack, PackModel(PackModelOptions())));
  }
  DetectionOptions wanted;
  wanted.space.protocols = options.protocols.empty() ? std::vector{on.protocol} : options.protocols;
  wanted.space.all_addresses = options.all_addresses;
  Detection detection(wanted);
  VirtualWire wire(detection, bus);
  wire.open(9600);
  while (!detection.finished() && wire.now() < Instant(options.within)) wire.run_for(1s);
  EXPECT_TRUE(detection.finished());
  for (const Found& one : detection.found()) {
    EXPECT_EQ(one.protocol, on.protocol);
    EXPECT_EQ(one.baud, on.speed);
    EXPECT_TRUE(one.second_proof);
  }
  return detection.found();
}

inline std::vector<int> addresses_found(const SimBusOptions& on, const ScanRigOptions& options) {
  std::vector<int> addresses;
  for (const Found& one : packs_found(on, options)) addresses.push_back(one.address);
  return addresses;
}

}  // namespace bmsd::test
