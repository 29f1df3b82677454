// What a simulated Daly BMS knows and says, without frames: the eight bytes of data of each part of an answer. An encoder
// of its own: what it shares with the decoder is the description of the wire, not tables or offsets. Where boards differ,
// `PackOptions::variant` says which board it is:
//
//   polarity       discharge | charge     which current counts upwards from 30000
//   mirrored       no | yes               it takes charging for discharging in all that it says
//   cell_frames    host80 | needed | 16   when 95 is filled up to 16 frames: when asked at 80, never, always
//   sensor_frames  two | needed           96 has two frames though one would do
//   cycles         kept | reserved        reserved: 0, as in V1.2 of the document
//   balancing      told | untold          untold: 97 is always 0, as of boards with an active balancer
//   code           kept | none            none: the battery code is empty
//   silent         57,62 ...              commands that it does not answer
//   writes         obey | mute | ignore | refuse   does as it is told; does so without an answer; only acknowledges;
//                                         answers that it has not
//   dead_current   2.5                    A; what is smaller reads as 0
//   sleeps         3                      so many requests wake it up and get no answer
//   fault_code     0 ... 255              byte 7 of 98
#pragma once

#include <array>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "protocol/responder.h"

namespace bmsd::daly_sim {

struct Variant {
  std::string cell_frames = "host80", writes = "obey";
  bool charge_counts_up = false, mirrored = false, two_sensor_frames = true;
  bool keeps_cycles = true, tells_balancing = true, has_code = true;
  std::set<int> silent;
  double dead_current = 0;
  double sleeps = 0, fault_code = 0;
};

// False: a key or value that no board has.
bool apply(std::string_view key, std::string_view value, Variant& to);

class Board {
 public:
  Board(std::string code, Variant variant) : code_(std::move(code)), variant_(std::move(variant)) {}

  static constexpr std::size_t kContent = 8;
  using Content = std::array<std::uint8_t, kContent>;

  // The data of the parts of an answer; none when it stays silent. `asked_at_80`: by the host on its other port.
  std::vector<Content> answer(int command, Bytes data, bool asked_at_80, const PackState& state);

  std::vector<Change> take_changes() { return std::exchange(changes_, {}); }

 private:
  using Contents = std::vector<ByteVector>;

  Contents written(int command, Bytes data, const PackState& state);
  void obey(int command, Bytes data);
  Contents contents(int command, const PackState& state);
  double felt_current(const PackState& state) const;
  Contents measurements(const PackState& state) const;
  Contents operation(const PackState& state);
  Contents counts(const PackState& state) const;
  Contents cells(const PackState& state) const;
  Contents temperatures(const PackState& state) const;
  ByteVector balancing(const PackState& state) const;
  ByteVector alarms(const PackState& state) const;
  Contents settings(int command, const PackState& state) const;

  std::string code_;
  Variant variant_;
  bool asked_at_80_ = false;
  int life_ = 0;
  std::vector<int> clock_ = {22, 12, 13, 21, 29, 39};
  std::vector<Change> changes_;
  // A board writes each answer over the one before: bytes that an answer leaves out are those of an earlier one.
  Content buffer_{};
};

}  // namespace bmsd::daly_sim
