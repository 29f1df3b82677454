// What users want changed in the packs of one line: one change at a time, written once and read back.
#pragma once

#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "battery/change.h"
#include "line/pack_talk.h"
#include "line/poll_plan.h"

namespace bmsd {

// A write is sent once, because nobody knows whether a silent BMS has taken it. Whatever it answers, what it says of
// itself afterwards decides: the read-back comes up to four times within about 2 s.
//
// What is not sent at once is not sent later: an order must not fire when a pack comes back that was lost. Together
// with the read-back an order ends within 5 s, which is how long clients wait.
class ChangePlan {
 public:
  static constexpr Duration kSendWithin = 2s;
  static constexpr int kReads = 4;
  static constexpr Duration kReadEvery = 500ms;

  // `pack`: number `index` of the line; its protocol can be changed so. `id` comes back with the event.
  void add(int id, int index, PackTalk& pack, const Change& change, Instant now);

  // Ends the orders that are too old to be sent, or whose pack does not answer any more.
  void expire(Instant now);

  // When the next exchange may begin, and with which pack; nothing without orders.
  std::optional<Instant> due() const;
  int pack() const { return orders_.front().index; }

  // The request of that exchange; nothing: there is none, and the order has ended. What is returned is sent.
  std::optional<Request> request();
  // The exchange begun by the last request has ended.
  void done(Outcome outcome, Instant now);

  // Ends all orders: `why` says what happened to the line.
  void fail_all(const std::string& why);

  std::vector<LineEvent> take_events();

 private:
  struct Order {
    int id;
    int index;
    PackTalk* pack;
    Change change;
    Instant asked;
  };
  // How far the first order is.
  struct Progress {
    bool written = false;
    std::optional<Error> refusal{};  // of the write; none: it was acknowledged
    bool was_so = false;             // already before: reading it back proves nothing
    int reads = 0;
    Instant first_read{}, next_read{};
    std::optional<double> said{};  // by the last read-back
  };

  void read(Outcome outcome, Instant now);
  std::string verdict() const;
  std::string left_open(const std::string& why) const;
  void finish(Result<double> result);
  void end(const Order& order, Result<double> result);

  std::deque<Order> orders_;
  Progress progress_;
  std::vector<LineEvent> events_;
};

}  // namespace bmsd
