// Which BMS answers where: tries protocols, speeds and addresses on one line, reading only. A machine without I/O.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "battery/battery.h"
#include "line/wire_end.h"
#include "wire/machine.h"

namespace bmsd {

struct DetectionOptions {
  std::vector<const Protocol*> protocols;
  int baud = 0;                // 0: the speeds that each protocol names
  std::vector<int> addresses;  // empty: those that each protocol names
  bool all_addresses = false;  // also the addresses that hardly anybody uses
  bool first_only = false;     // ends with the first pack that is proven
  bool listen_first = true;    // hears what is on the line before speaking
  std::vector<Param> params;
  bool extras = false;
};

// A pack that was proven to be there.
struct Found {
  const Protocol* protocol = nullptr;
  int baud = 0;
  int address = -1;
  Battery battery;
  bool second_proof = true;  // false: identified, but no second exchange confirmed it
};

class Detection : public Machine {
 public:
  explicit Detection(DetectionOptions options);

  void opened(int baud, Instant now) override;
  void closed(Instant now) override;
  void received(Bytes bytes, Instant now) override;
  std::optional<Action> next(Instant now) override;
  std::optional<Instant> deadline() const override { return deadline_; }

  bool finished() const { return finished_; }
  const std::vector<Found>& found() const { return found_; }
  std::vector<Found> take_found() { return std::move(found_); }

  // For people: "daren-485 at 9600, address 0x03", and how far the search is.
  std::string now_trying() const;
  std::size_t tried() const { return position_; }
  std::size_t candidates() const { return candidates_.size(); }

  const WireCounts& counts() const { return wire_.counts(); }
  std::optional<Duration> babble(Instant now) const { return wire_.babble(now); }
  // What was seen on the wire, in words, when nothing was found; what to try.
  std::string diagnosis() const;

  // Begins again, e.g. after nothing was found.
  void restart();

 private:
  struct Candidate {
    const Protocol* protocol;
    int baud;
    int address;
    bool other_words;  // second pass: the request in the form that a silent pack may want
  };
  void list_candidates();
  void advance(Instant now);
  void take_outcome(Outcome outcome, Instant now);
  std::optional<std::uint8_t> next_exchange() const;
  bool pointless(const Candidate& candidate) const;
  int nominal_baud(const Protocol& protocol) const;
  void conclude();

  DetectionOptions options_;
  std::vector<Candidate> candidates_;
  std::size_t position_ = 0;
  WireEnd wire_;
  bool open_ = false;
  bool finished_ = false;
  int port_baud_ = 0;  // what the port is set to; 0: it has no speed of its own
  std::optional<Instant> listen_until_;
  std::optional<Instant> deadline_;

  // The candidate under way.
  std::unique_ptr<Session> session_;
  Battery battery_;
  std::vector<std::uint8_t> answered_, silent_;
  int tries_ = 0;
  std::vector<Found> found_;
};

}  // namespace bmsd
