// A line on which somebody else is master: hears, decodes, and never speaks. What it can want of its port is another speed;
// it has no member that returns bytes to send.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "line/ear.h"
#include "line/pack_talk.h"
#include "line/poll_plan.h"
#include "wire/machine.h"

namespace bmsd {

struct ListenPlan {
  std::vector<const Protocol*> protocols;  // that are listened for
  bool all_of_them = false;  // false: whoever is heard first is the only one; true: the line carries several
  int baud = 0;              // 0: each speed of the protocols in turn, until somebody is understood
  std::function<bool(const Protocol&, int address)> wanted;  // which packs
  std::function<std::unique_ptr<PackTalk>(const Protocol&, int address)> make;
};

class ListeningLine {
 public:
  // Packs that are heard for the first time are added to `packs` and `poll`, whose owner outlives this.
  ListeningLine(ListenPlan plan, std::vector<std::unique_ptr<PackTalk>>& packs, PollPlan& poll);

  void opened(int baud, Instant now);
  void closed();
  void received(Bytes bytes, Instant now);
  std::optional<SetSpeed> next(Instant now);
  std::optional<Instant> deadline() const { return deadline_; }

  // LineEvent::found and notices; what happens to known packs is told by the PollPlan.
  std::vector<LineEvent> take_events() { return std::exchange(events_, {}); }

  WireCounts counts() const;
  int baud() const { return baud_; }  // that is listened to; 0: the port has none
  // When the last request of somebody was heard.
  std::optional<Instant> last_request() const { return last_request_; }

  // What was heard and what cannot be known by listening, in words, one thing each.
  std::vector<std::string> findings() const;

 private:
  Session* session_of(const Protocol& protocol, int address);
  PackTalk* known(const Protocol& protocol, int address, int& index);
  int address_of(const Protocol& protocol, int address) const;
  void overheard(const Protocol& protocol, Listener::Overheard overheard, Instant now);
  void pushed(const Protocol& protocol, int address, std::uint8_t exchange, Bytes frame, Instant now);
  PackTalk* meet(const Protocol& protocol, int address, std::uint8_t exchange, const Result<Reading>& told,
                 Instant now);
  void survey(Instant now);
  void arrange_ears();
  bool understood() const;
  void notice(std::string text, bool warning) { events_.push_back({LineEvent::notice, -1, std::move(text), warning}); }

  ListenPlan plan_;
  std::vector<std::unique_ptr<PackTalk>>& packs_;
  PollPlan& poll_;
  Ear::OnOverheard on_overheard_;
  Instant now_{};  // while bytes are looked at

  std::vector<Ear> ears_;
  std::map<std::pair<const Protocol*, int>, std::unique_ptr<PackTalk>> strangers_;  // asked, not understood yet
  std::vector<int> speeds_;
  std::size_t speed_ = 0;  // of speeds_
  int baud_ = 0;
  bool has_speed_ = false;
  bool open_ = false;
  std::optional<int> wanted_baud_;
  Instant next_speed_{}, next_look_{};
  std::optional<Instant> silent_at_;  // when what was begun counts as ended
  std::optional<Instant> deadline_, last_request_;
  std::uint64_t bytes_ = 0;
  bool told_garbage_ = false;
  std::vector<LineEvent> events_;
};

}  // namespace bmsd
