// Our end of one medium: one exchange at a time, from the request to the outcome, and silence before the next.
#pragma once

#include <deque>
#include <map>
#include <optional>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "line/wire_counts.h"
#include "protocol/protocol.h"

namespace bmsd {

// What is asked of whom.
struct Ask {
  const Protocol* protocol = nullptr;
  Session* session = nullptr;
  int address = -1;
  Request request;
  Duration first_byte{};        // the exchange's own, or less while probing
  std::size_t reply_bytes = 0;  // how long its last good reply was; 0: not known
};

// How an exchange ended.
struct Outcome {
  int address = -1;
  std::uint8_t exchange = 0;
  Result<Reading> result{Error{}};
  Instant sent{};                     // the request's first byte
  std::optional<Duration> latency{};  // from the request's last byte to the reply's first
  Instant ended{};
  std::size_t reply_bytes = 0;
  bool garbled = false;  // it failed, and bytes came that were no frame
};

// An intact frame that answers nothing that we asked: late, of another pack, or another master's.
struct Stray {
  Tag tag;
  ByteVector bytes;
  bool own_words = false;  // a request that equals one of our last: an echo, unless we have not asked for long
  enum Why : std::uint8_t {
    foreign,        // nobody was asked that
    late,           // the request had been given up
    second_answer,  // the request had been answered already
  } why = foreign;  // of a reply
};

// A CAN bus is shared by everybody at all times: frames of others are neither noise nor a reason to wait, and silence counts
// from what concerns us. (10 bits for each byte of a record are, within a few bits, what its frame takes on the wire.)
class WireEnd {
 public:
  explicit WireEnd(Medium medium = Medium::stream) : can_(medium == Medium::can) {}

  // The medium was opened or its speed changed: what was under way is forgotten. `baud` 0: time on the wire is not
  // known.
  void reset(int baud, Instant now);

  bool idle() const { return !asked_; }
  bool has_spoken() const { return has_spoken_; }  // since the last reset

  // When the medium will have been quiet for `silence`; in the past if it has been.
  Instant quiet_at(Duration silence) const { return last_activity_ + silence; }
  // Since when bytes have been coming without a silence of `kBabbleGap`, nobody having been asked.
  std::optional<Duration> babble(Instant now) const;

  // Begins an exchange; only when idle. The bytes of the request are to be sent now.
  void start(Ask ask, Instant now);

  // Collects what came. The outcome, once there is one, is taken with take().
  void received(Bytes bytes, Instant now, const Protocol& listening_as);
  void on_time(Instant now);
  std::optional<Instant> deadline() const;
  // When the reply that is coming in will be whole, if it is as long as the last one.
  std::optional<Instant> no_hurry_before() const { return reply_end_; }
  std::optional<Outcome> take();
  std::vector<Stray> take_strays();

  const WireCounts& counts() const { return counts_; }
  Duration time_on_wire(std::size_t bytes) const { return wire_time(bytes, baud_); }
  int baud() const { return baud_; }

 private:
  void handle(Bytes frame, const Protocol& protocol, Instant now);
  void remember_own(Bytes request, const Protocol& protocol);
  void collect(Bytes frame, Instant now);
  void gap_passed(Instant now);
  void finish(Result<Reading> result, Instant now);
  std::size_t bytes_of_parts() const;
  void note_junk(Bytes junk, const Error& why);
  Stray::Why count_stray(int address, int exchange, Instant now);
  Instant gap_ends() const;
  bool is_own(Bytes frame) const;
  const Exchange& exchange() const { return asked_->protocol->exchanges[asked_->request.exchange]; }

  bool can_;
  int baud_ = 0;
  std::optional<Ask> asked_;
  Instant sent_{}, sent_end_{};
  std::optional<Instant> first_byte_;
  std::optional<Instant> reply_end_;
  bool has_spoken_ = false;
  Instant last_activity_{};
  std::optional<Instant> babbling_since_;
  ByteVector buffer_;
  std::vector<ByteVector> parts_;  // frames of the reply so far
  std::optional<Error> damage_;    // the last reason why bytes were no frame
  bool echoed_ = false;
  bool answered_by_junk_ = false;            // bytes that are no frame came since the request
  std::map<int, Instant> given_up_;          // by address: when a request was
  std::optional<Outcome> last_answer_ = {};  // the last good one, without its reading
  bool answered_late_ = false;               // a try before it had been given up: the reply to that may still come
  std::deque<ByteVector> own_;               // our last requests
  std::optional<Outcome> outcome_;
  std::vector<Stray> strays_;
  WireCounts counts_;
};

}  // namespace bmsd
