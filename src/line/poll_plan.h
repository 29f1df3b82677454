// What is asked next of the packs of one line, and what follows from how it ended.
#pragma once

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "line/pack_talk.h"
#include "line/wire_end.h"

namespace bmsd {

// What the owner of a line is told.
struct LineEvent {
  enum Kind : std::uint8_t {
    found,   // detection: the line's packs are known from now on
    joined,  // `pack` has its first complete values
    round_good,
    round_failed,  // its fast exchanges failed after their retries
    notice,        // `text`, for the log
    changed,       // the change `change` has ended: `result`
  } kind = notice;
  int pack = -1;  // index into the line's packs
  std::string text;
  bool warning = false;
  int change = 0;
  Result<double> result = 0.0;  // what the BMS says now; the detail of an error says what happened
};

class PollPlan {
 public:
  struct Turn {
    int pack = 0;
    std::uint8_t exchange = 0;
    bool probe = false;  // one try of a pack that does not answer
    Duration first_byte{};
  };

  // `interval`: from the beginning of a pack's round to the beginning of its next; 0: as fast as the wire allows.
  explicit PollPlan(Duration interval) : interval_(interval) {}

  // From now on; the rounds that are due move with it.
  void set_interval(Duration interval);

  void add(PackTalk& pack, Instant now);

  // Whose turn it is, or when it will be somebody's.
  std::variant<Turn, Instant> next(Instant now);
  // An exchange failed and comes once more, before anything else.
  bool tries_again() const { return again_.has_value(); }
  // The session had no request for this turn.
  void skipped(const Turn& turn, Instant now);
  // The exchange begun by the last Turn has ended. Merges the reading; says whether all went well.
  bool done(const Turn& turn, Outcome outcome, Instant now);

  // Reads every demand exchange of the pack once, when its turn comes.
  void demand_all(int pack);
  bool demands() const { return !demanded_.empty(); }
  // An intact reply of this pack came when nobody waited for it.
  void late_reply(int address, Stray::Why why, Instant now);
  // A frame of what a pack sends by itself. What it says holds at once; rounds are told at most every 100 ms, however often
  // frames come.
  void pushed(int pack, std::uint8_t exchange, Bytes frame, Instant now);
  // Time passes: what was pushed is told, what has stayed away is noticed.
  void watch_pushed(Instant now);
  std::optional<Instant> pushed_deadline() const;  // when it is to be called at the latest

  // A reading that another master asked for.
  void overheard(int pack, std::uint8_t exchange, const Reading& reading, Instant now);
  // Another master's exchange with this pack failed: no reply, a refusal, or one that cannot be true.
  void overheard_failure(int pack, std::uint8_t exchange, const Error& error, Instant now);
  // While nobody can be asked: counts a failed round of each pack of which nothing was heard for too long.
  void miss_unheard(Instant now);
  // Another master speaks: what was under way is dropped, nobody counts as lost for it.
  void interrupted_by_master(Instant now);
  // The medium is gone, or back: everybody is asked afresh.
  void interrupted(Instant now);

  std::vector<LineEvent> take_events();
  const std::vector<PackTalk*>& packs() const { return packs_; }
  bool anybody_answers() const;

 private:
  std::optional<Turn> next_fast(Instant now);
  std::optional<Turn> next_joining(Instant now);
  std::optional<Turn> next_slow(Instant now);
  std::optional<Turn> next_probe(Instant now);
  std::optional<Turn> next_demanded(Instant now);
  Instant earliest(Instant now) const;
  Turn turn(int pack, std::uint8_t exchange) const;
  std::optional<std::uint8_t> missing_exchange(const PackTalk& pack) const;
  Duration until_next_round(Instant now) const;
  void accrue(Instant now);

  void confirm_soon(const Turn& turn);
  void succeeded(const Turn& turn, const Outcome& outcome, Instant now);
  void failed(const Turn& turn, const Error& error, Instant now);
  void round_good(int pack, Instant now);
  void round_failed(int pack, Instant now);
  void came_back(int pack, Instant now);
  void go_on(const Turn& turn, Instant now);
  void finish_joining(int pack, Instant now);
  static void ask_once_more(PackTalk& pack);
  bool heard_enough(const PackTalk& pack, Instant now) const;
  void emit(LineEvent::Kind kind, int pack);
  bool is_fast(const Turn& turn) const;
  void count_round(PackTalk& pack, Instant now);
  bool has_come(const PackTalk& pack, bool wait_for_optional, Instant now) const;
  void pushed_reading(PackTalk& pack, std::uint8_t exchange, const Reading& reading, Instant now);
  void pushed_failed(PackTalk& pack, std::uint8_t exchange, const Error& error);
  void pushed_changed(int pack, Instant now);
  void pushed_lost(int pack, Instant now);
  void watch_silence(int pack, Instant now);

  Duration interval_;
  std::vector<PackTalk*> packs_;
  std::optional<Turn> again_;  // the same exchange, once more
  int tries_ = 0;
  bool timed_out_ = false;     // a try of the exchange under way timed out: its reply may still come
  std::optional<Turn> round_;  // next exchange of the round under way
  std::vector<std::pair<int, std::uint8_t>> demanded_;
  Duration slow_credit_{};   // time that slow exchanges may take of a full line; less than 0: they took too much
  Duration probe_credit_{};  // the same for probes
  std::optional<Instant> accrued_;
  std::vector<LineEvent> events_;
};

}  // namespace bmsd
