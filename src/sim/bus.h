// One half-duplex line with simulated packs, as the other end of it: bytes of the master in, replies out at the wire's
// own pace.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "base/time.h"
#include "protocol/protocol.h"
#include "protocol/responder.h"
#include "sim/faults.h"
#include "sim/pack_model.h"
#include "wire/machine.h"

namespace bmsd {

struct SimBusOptions {
  const Protocol* protocol = nullptr;
  int speed = 0;          // of the packs, bits per second; 0: the master's, whatever it is
  Duration delay = 20ms;  // from the end of a request to the first bit of the reply
  Duration chunk{};       // the bytes of a reply leave in chunks worth at least this much wire time; 0: one by one
  bool paced_input =
      false;  // the master's bytes come when they have left the wire (a real port), not all at once (a pty)
  std::uint64_t seed = 1;
};

// Time on the wire: bytes that the master hands over at once still take their time, a reply begins `delay` after the
// request's end, and no byte leaves before its stop bit would have. Who talks while somebody else talks garbles both.
// Packs at another speed than the master's hear nothing that they understand.
//
// Over CAN (bus_can.cc) frames are never garbled: who comes second waits, and what is damaged does not arrive. Frames leave
// whole, and packs send by themselves what their responder pushes.
class SimBus final : public Machine {
 public:
  explicit SimBus(const SimBusOptions& options);

  // Error config: the address is taken or not one of the protocol's, or a firmware variant that the protocol does not
  // know.
  Status add_pack(const PackOptions& options, PackModel model);

  std::vector<int> addresses() const;
  PackModel* pack(int address);  // null: there is none
  const Protocol& protocol() const { return *options_.protocol; }

  // For one pack, or for all with kAllPacks. Besides the keys of PackModel: "alarms", the sheet's names with commas, or
  // "none". Error config: no such pack, key, value or alarm name.
  static constexpr int kAllPacks = -1;
  Status set(int address, std::string_view key, std::string_view value);
  Status set_alarm(int address, std::string_view name, bool on);
  Status set_silent(int address, bool silent);
  Status set_delay(int address, Duration delay);
  bool silent(int address) const;

  void set_speed(int baud) { options_.speed = baud; }  // of the packs; 0: the master's
  Faults& faults() { return faults_; }
  const Faults& faults() const { return faults_; }

  // Called when the first byte of a reply leaves: the pack's address, the state that the reply tells, and the reply
  // before any fault. Whatever a battery claims must be among these states.
  using OnReply = std::function<void(int address, const PackState& state, Bytes reply, Instant now)>;
  void on_reply(OnReply on_reply) { on_reply_ = std::move(on_reply); }

  struct Counters {
    std::uint64_t bytes_in = 0, bytes_out = 0;
    std::uint64_t requests = 0;    // intact ones, for whomever
    std::uint64_t replies = 0;     // that began to leave
    std::uint64_t collisions = 0;  // times that somebody talked while somebody else did
  };
  const Counters& counters() const { return counters_; }

  // Machine. opened() while open: the master has changed its speed.
  void opened(int baud, Instant now) override;
  void closed(Instant now) override;
  void received(Bytes bytes, Instant now) override;
  std::optional<Action> next(Instant now) override;
  std::optional<Instant> deadline() const override;

 private:
  struct Pack {
    PackOptions options;
    PackModel model;
    std::unique_ptr<Responder> responder;
    Duration delay;
    bool silent = false;
    Instant free_at{};                  // its last reply has left
    std::vector<Instant> push_at = {};  // by kind; empty: not on an open line yet
  };
  struct Span {
    Instant start, end;
    bool meets(const Span& other) const { return start < other.end && other.start < end; }
  };
  // Somebody talking: a pack, the echo of an adapter, noise.
  struct Talk {
    Span span;
    int baud = 0;
    ByteVector bytes;
    std::size_t sent = 0;
    bool is_echo = false;
    bool disputed = false;  // somebody else talks during it
    int address = kAllPacks;
    PackState state;   // what the reply tells
    ByteVector reply;  // before faults; empty: this is no reply
  };

  int pack_speed() const { return options_.speed != 0 ? options_.speed : master_speed_; }
  bool understood(int baud) const { return baud == 0 || master_speed_ == 0 || baud == master_speed_; }
  bool has(int address) const;
  Status set_alarms(int address, std::string_view names);

  void master_talks(const Span& span, Bytes bytes);
  void forget_master(Instant now);
  void scan_requests();
  void heard(Bytes request, int address);
  void answer(Pack& pack, Bytes request);
  void answer_as_twin(const Pack& pack, const ByteVector& reply, const PackState& state, Instant start);
  std::optional<Instant> answer_foreign(Bytes request, const Pack& asked, Instant start);
  std::unique_ptr<Pack> somebody_else(const Pack& asked);
  Talk& talk(ByteVector bytes, Instant start, bool is_echo = false);

  Instant say(Bytes records, Instant start, const Pack& pack, PackState state, Bytes reply);
  void push_due(Instant now);
  void push(Pack& pack, std::size_t kind, Instant at);
  void damage_frames(ByteVector& records);
  ByteVector foreign_frame();
  std::optional<Instant> next_push() const;

  Duration time_of(Bytes bytes, int baud) const;
  Span next_span(const Talk& talk) const;
  static Span span_of_byte(const Talk& talk, std::size_t i);
  bool disturbed(const Talk& talk, const Span& span) const;
  Talk* next_talk();
  void emit(Talk& talk, const Span& span, ByteVector& out);

  template <typename Change>
  Status change(int address, Change&& change);

  SimBusOptions options_;
  bool can_;
  Faults faults_;
  std::vector<std::unique_ptr<Pack>> packs_;
  OnReply on_reply_;
  Counters counters_;

  bool open_ = false;
  int master_speed_ = 0;
  bool echoing_ = false;     // the adapter echoes the request that is coming
  ByteVector buffer_;        // of the master's bytes, not yet a frame
  Instant master_end_{};     // when the master's last byte has left the wire
  std::deque<Span> master_;  // when the master talked, as long as it matters
  std::deque<Talk> talks_;   // not yet at their end
  Instant line_end_{};       // end of the last byte that was given out
};

}  // namespace bmsd
