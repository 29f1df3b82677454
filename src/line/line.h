// One line and its packs: finds what is not pinned, then polls; a machine without I/O and without a clock.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "line/change_plan.h"
#include "line/detection.h"
#include "line/line_load.h"
#include "line/listener.h"
#include "line/listening_line.h"
#include "line/pack_talk.h"
#include "line/poll_plan.h"
#include "line/turnaround.h"
#include "line/wire_end.h"
#include "wire/machine.h"

namespace bmsd {

// A pack that is known to be on a line.
struct PackPlace {
  const Protocol* protocol = nullptr;
  int address = -1;

  bool operator==(const PackPlace&) const = default;
};

// What is known of a line beforehand.
struct LinePlan {
  std::vector<const Protocol*> protocols;  // candidates; one if the type is pinned
  int baud = 0;                            // 0: found by probing
  std::vector<int> addresses;              // empty: the first default address that answers
  std::vector<PackPlace> packs;            // of several protocols, instead of `addresses`; only with a speed
  std::optional<Remembered> remembered;    // what answered on this adapter the last time: tried first
  Duration interval = 1s;                  // between the rounds of a pack; 0: as fast as the wire allows
  using Params = std::vector<std::pair<std::string, std::string>>;
  Params params;
  std::vector<std::pair<int, Params>> pack_params;  // by address, instead of `params`
  bool extras = false;                              // collect what only one protocol knows
  bool listen = false;                              // never speak: another master asks on this line
  bool listen_if_master = false;  // where a master was there before any pack was found: listen as long as it asks
};

// What another process has learned of a pack of this line, and hands over.
struct InheritedPack {
  PackPlace place;
  LinkHealth health;
  std::optional<Battery> lost;  // it does not answer: what was believed of it
};

class Line : public Machine {
 public:
  explicit Line(LinePlan plan);
  ~Line() override;

  void opened(int baud, Instant now) override;
  void closed(Instant now) override;
  void received(Bytes bytes, Instant now) override;
  std::optional<Action> next(Instant now) override;
  std::optional<Instant> deadline() const override { return deadline_; }
  std::optional<Instant> no_hurry_before() const override {
    return detection_ || listening_ ? std::nullopt : wire_.no_hurry_before();
  }

  // Before the first event: these packs are here and speak at `baud`. Those that did not answer are lost ones from the
  // beginning; the others have to say everything anew, because a session cannot be handed over.
  void inherit(int baud, std::vector<InheritedPack> packs, Instant now);

  // No exchange is begun any more, or again. rested(): none is under way, and no late reply is expected; until then whoever
  // runs the machine goes on.
  void rest(bool wanted) { resting_ = wanted; }
  bool rested(Instant now) const;

  // What happened since the last call; taken after every call of next().
  std::vector<LineEvent> take_events();

  std::size_t pack_count() const { return packs_.size(); }
  const PackTalk& pack(std::size_t index) const { return *packs_[index]; }
  const LinePlan& plan() const { return plan_; }
  int baud() const { return listening_ ? listening_->baud() : wire_.baud(); }
  const Detection* detection() const { return detection_.get(); }  // null once it has found the packs
  // While nothing is sent, since the plan says so or since another master was there before any pack was found; else null.
  const ListeningLine* listening() const { return listening_.get(); }
  WireCounts counts() const { return listening_ ? listening_->counts() : wire_.counts(); }
  Duration turnaround() const;
  // Of the last minute, in percent: exchanges and the silence behind them, bytes of others; on a CAN bus, and while listening,
  // the bytes that went by. Nothing where that is not known (no speed, nothing yet).
  std::optional<double> utilisation(Instant now) const;
  bool paused() const { return paused_until_.has_value(); }

  // Detection has tried everything at least once and found nothing.
  bool swept() const { return sweeps_ > 0; }

  // Between the rounds of a pack, from now on. Whoever runs the machine has it pumped: its deadline may be earlier now.
  void set_interval(Duration interval);

  // Reads what is only read on demand, of every pack, once; demands(): some of it is still to be read.
  void demand_all();
  bool demands() const { return poll_.demands(); }

  // Changes something in a pack (change_plan.h), as soon as the exchange under way is over; LineEvent::changed with
  // `id` tells how it ended. An error: nothing was begun. Whoever runs the machine has it pumped.
  Status change(std::size_t pack, const Change& change, int id, Instant now);

 private:
  void start_detection(Instant now);
  void create_packs(const std::vector<PackPlace>& places, Instant now);
  std::unique_ptr<PackTalk> make_pack(const Protocol& protocol, int address) const;
  void prepare_to_speak();
  void start_listening(std::vector<const Protocol*> protocols, int baud);
  std::optional<Action> next_listening(Instant now);
  bool wanted(const Protocol& protocol, int address) const;
  std::optional<Action> next_detection(Instant now);
  std::optional<Action> next_poll(Instant now);
  std::optional<Action> begin(PollPlan::Turn turn, bool changes, Instant now);
  std::vector<CanIds> wanted_frames() const;
  void take_outcome(Instant now);
  void take_strays(Instant now);
  void take_shared(Instant now);
  void hear(const Stray& stray, Instant now);
  void foreign_request(Instant now);
  void listen(const Stray& stray, Instant now);
  void watch_pause(Instant now);
  void watch_babble(std::optional<Duration> babble, Instant now);
  void notice(std::string text, bool warning);

  LinePlan plan_;
  bool can_;
  std::vector<Param> params_;
  std::vector<std::unique_ptr<PackTalk>> packs_;
  std::unique_ptr<Detection> detection_;
  int sweeps_ = 0;
  std::optional<Instant> next_sweep_;
  WireEnd wire_;
  LineLoad load_;
  std::optional<Turnaround> turnaround_;
  PollPlan poll_;
  ChangePlan changes_;
  std::optional<PollPlan::Turn> turn_;  // under way
  const Protocol* spoken_ = nullptr;    // whose words were used last
  bool turn_changes_ = false;           // it belongs to changes_
  Listener listener_;
  std::unique_ptr<ListeningLine> listening_;
  Instant listened_since_{};
  bool open_ = false;
  int wanted_baud_ = 0;  // speed still to be set after opening
  bool filter_due_ = false;
  bool resting_ = false;
  std::vector<Instant> foreign_requests_;
  std::optional<Instant> paused_until_;
  bool babble_told_ = false;
  std::optional<Instant> deadline_;
  std::vector<LineEvent> events_;
};

}  // namespace bmsd
