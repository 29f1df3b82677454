// Which BMS answers where: tries protocols, speeds and addresses on one line, reading only. A machine without I/O.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "battery/battery.h"
#include "line/candidates.h"
#include "line/master_watch.h"
#include "line/push_watch.h"
#include "line/wire_end.h"
#include "wire/machine.h"

namespace bmsd {

struct DetectionOptions {
  SearchSpace space = {};
  bool first_only = false;  // ends with the first pack that is proven
  std::vector<Param> params = {};
  bool extras = false;
};

// A pack that was proven to be there.
struct Found {
  const Protocol* protocol = nullptr;
  int baud = 0;
  int address = -1;
  Battery battery;
  Duration after{};          // since the search began
  bool second_proof = true;  // false: identified, but nothing confirmed it; only where nobody else is looked for
};

// Before anything is sent, the line is listened to. Where bytes come, each speed is listened to: who hears another master
// says nothing. Then one try after the other. A pack is born by two proofs: its identifying exchange, and a second
// exchange that no other BMS would answer like this, or cells that add up to the pack's voltage.
//
// On a CAN bus others may talk at any time. It is listened to at each bitrate, for who sends by itself; where frames are
// heard the bitrate is known. Then those are asked that only answer.
class Detection : public Machine {
 public:
  explicit Detection(DetectionOptions options);

  void opened(int baud, Instant now) override;
  void closed(Instant now) override;
  void received(Bytes bytes, Instant now) override;
  std::optional<Action> next(Instant now) override;
  std::optional<Instant> deadline() const override { return deadline_; }

  bool finished() const { return phase_ == finished_looking; }
  const std::vector<Found>& found() const { return found_; }
  std::vector<Found> take_found() { return std::move(found_); }

  // For people: "daren-485 at 9600 baud, address 0x03", and how far the search is.
  std::string now_trying() const;
  std::size_t tried() const { return position_; }
  std::size_t candidates() const { return candidates_.size(); }

  const WireCounts& counts() const { return wire_.counts(); }
  const MasterWatch::Master* master() const { return watch_.master(); }  // null: nobody else asks on this line
  std::optional<Duration> babble(Instant now) const { return wire_.babble(now); }
  // What was seen on the wire, in words, when nothing was found; what to try.
  std::string diagnosis() const;

  // Begins again, e.g. after nothing was found.
  void restart(Instant now);

 private:
  enum Phase : std::uint8_t { listening, surveying, probing, finished_looking };

  bool survey(Instant now, std::optional<Action>& action);
  bool survey_bus(Instant now, std::optional<Action>& action);
  void take_talkers(Instant now);
  void begin_probing(Instant now);
  std::optional<Action> set_speed(int baud, Instant now);
  void finish(Instant now);
  void give_up(Instant now);

  std::optional<Action> probe(Instant now);
  void open_candidate(const Candidate& candidate);
  void take_strays(const Protocol& protocol);
  void advance(Instant now);
  void take_outcome(Outcome outcome, Instant now);
  std::optional<std::uint8_t> next_exchange() const;
  bool pointless(const Candidate& candidate) const;
  void skip_pointless();
  std::string place(const Protocol& protocol, int baud, int address) const;
  std::string bus_diagnosis() const;
  bool believes(const Protocol& protocol, int baud, int address, const Battery& battery,
                const std::vector<std::uint8_t>& answered, bool& proven);
  int nominal_baud(const Protocol& protocol) const;
  void conclude(Instant now);

  DetectionOptions options_;
  bool can_;
  std::vector<Candidate> candidates_;
  std::vector<int> speeds_;  // of all that are looked for
  std::size_t position_ = 0;
  WireEnd wire_;
  MasterWatch watch_;
  PushWatch talkers_;
  bool open_ = false;
  Phase phase_ = listening;
  int port_baud_ = 0;  // what the port is set to; 0: it has no speed of its own
  std::optional<Instant> deadline_;

  Instant began_{};

  // Listening.
  Instant listen_until_{};
  bool heard_ = false;                // bytes, since listening at this speed began
  bool extended_ = false;             // all of the time at this speed
  std::vector<int> still_to_survey_;  // speeds

  // The candidate under way.
  std::unique_ptr<Session> session_;
  Battery battery_;
  std::vector<std::uint8_t> answered_, silent_;
  int tries_ = 0;
  std::vector<Found> found_;
  std::string doubt_;  // who answered and was not believed, and why
};

}  // namespace bmsd
