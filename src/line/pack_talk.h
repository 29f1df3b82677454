// One pack on a line: its session, what is believed of it, and where it stands in the poll.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "battery/battery.h"
#include "battery/link_health.h"
#include "protocol/protocol.h"

namespace bmsd {

struct ExchangeState {
  std::optional<Instant> last_ok;   // pushed: it came
  std::optional<Instant> last_try;  // finished, good or failed
  bool refused = false;             // the pack does not know it; not asked again before a reconnect
  bool settled = false;             // `once`: done for this connection; pushed: its silence was told
  std::size_t reply_bytes = 0;      // of the last good one; 0: none yet
  Duration took{100ms};             // the last good one, request to reply
  int overheard_failures = 0;
};

// When everything that another master asks of a pack again and again has been heard once more.
class OverheardRound {
 public:
  // A reply of a fast exchange was heard: whether a round is complete with it.
  bool complete(std::uint8_t exchange, const Protocol& protocol) {
    const std::uint64_t bit = std::uint64_t{1} << exchange;
    if (wanted_ == 0) {
      for (std::size_t i = 0; i < protocol.exchanges.size(); ++i)
        if (protocol.exchanges[i].cadence == Cadence::fast) wanted_ |= std::uint64_t{1} << i;
    }
    const bool again = (heard_ & bit) != 0;  // the master has begun anew without some of them
    if (again && ++incomplete_ >= 3) wanted_ = heard_;
    heard_ = again ? bit : heard_ | bit;
    if ((heard_ & wanted_) != wanted_) return again;
    wanted_ = heard_;
    heard_ = 0;
    if (!again) incomplete_ = 0;
    return true;
  }

 private:
  std::uint64_t wanted_ = 0, heard_ = 0;  // a bit for each exchange
  int incomplete_ = 0;
};

struct PackTalk {
  enum State : std::uint8_t {
    waiting,  // has never answered
    joining,  // answers; its first complete values are being read
    alive,
    lost,
  };

  PackTalk(const Protocol& of, int at, std::unique_ptr<Session> talk)
      : protocol(&of), address(at), session(std::move(talk)), exchanges(of.exchanges.size()) {
    for (std::size_t i = 0; i < exchanges.size(); ++i) sends_by_itself = sends_by_itself || is_pushed(i);
  }

  bool answers() const { return state == joining || state == alive; }
  // What a reply says, as far as it can be believed (battery/battery.h).
  Status take(const Reading& reading, std::size_t exchange, Instant now) {
    const Guard guard = protocol->check == Check::sum8 ? Guard::weak : Guard::strong;
    const Trend trend = state == alive ? Trend::compared : Trend::none;
    return battery.take(reading, static_cast<std::uint8_t>(exchange), now, guard, trend);
  }
  bool is_pushed(std::size_t exchange) const { return protocol->exchanges[exchange].cadence == Cadence::pushed; }

  const Protocol* protocol;
  int address;
  std::unique_ptr<Session> session;
  Battery battery;
  LinkHealth health;

  State state = waiting;
  std::vector<ExchangeState> exchanges;
  Instant round_due{};
  std::optional<Instant> round_began;
  Instant next_probe{};
  std::optional<Instant> last_probe;
  int probes_failed = 0;
  bool full_probe = false;  // the next probe waits as long as the exchange allows: the pack seems to be slow, not gone
  Instant hold_until{};     // a late reply may still come: nothing is asked of this pack before
  bool sends_by_itself = false;        // it has pushed exchanges: poll_pushed.cc
  Instant pushed_since{};              // what came before does not count: the start, or the last loss
  std::optional<Instant> heard_since;  // the first of it that came after that
  std::optional<Instant> round_at;     // something came that has not been told: when to tell it
  bool doubtful = false;               // was silent while joining: its round tells whether it is still there

  bool only_heard = false;  // nobody may ask it
  OverheardRound overheard;
  Instant overheard_since{};  // while joining
};

}  // namespace bmsd
