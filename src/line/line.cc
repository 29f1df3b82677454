#include "line/line.h"

#include <algorithm>
#include <utility>

namespace bmsd {
namespace {

constexpr Duration kForeignWithin = 10s;  // two requests of another master within this mean that there is one
constexpr Duration kPause = 30s;
constexpr Duration kBabble = 1s;
constexpr Duration kFirstSilence = 20ms;  // a port that was just opened: nobody is in the middle of a frame
constexpr Duration kSweepPause = 2s;

std::vector<PackPlace> places(const Protocol& protocol, const std::vector<int>& addresses) {
  std::vector<PackPlace> places;
  for (const int address : addresses) places.push_back({&protocol, address});
  return places;
}

std::vector<Param> views(const LinePlan::Params& texts) {
  std::vector<Param> params;
  for (const auto& [key, value] : texts) params.push_back({key, value});
  return params;
}

bool is_can(const LinePlan& plan) {
  if (!plan.packs.empty()) return plan.packs.front().protocol->medium == Medium::can;
  return !plan.protocols.empty() && plan.protocols.front()->medium == Medium::can;
}

}  // namespace

Line::Line(LinePlan plan)
    : plan_(std::move(plan)),
      can_(is_can(plan_)),
      params_(views(plan_.params)),
      wire_(can_ ? Medium::can : Medium::stream),
      poll_(plan_.interval),
      listener_([this](int address) -> Session* {
        for (const auto& pack : packs_) {
          if (pack->address == address && pack->protocol == spoken_) return pack->session.get();
        }
        return nullptr;
      }) {
  if (plan_.listen) start_listening(plan_.protocols, plan_.baud);
}

Line::~Line() = default;

void Line::inherit(int baud, std::vector<InheritedPack> packs, Instant now) {
  if (!packs_.empty() || packs.empty()) return;
  std::vector<PackPlace> places;
  for (const InheritedPack& pack : packs) places.push_back(pack.place);
  plan_.baud = baud;
  create_packs(places, now);
  wire_.reset(baud, now);
  for (std::size_t i = 0; i < packs.size(); ++i) {
    PackTalk& pack = *packs_[i];
    pack.health = std::move(packs[i].health);
    pack.only_heard = listening_ != nullptr;
    if (!packs[i].lost) {
      pack.health.last_good.reset();  // nobody has answered this process
      continue;
    }
    pack.battery = std::move(*packs[i].lost);
    pack.state = PackTalk::lost;
  }
}

bool Line::rested(Instant now) const {
  if (!open_ || detection_ || listening_) return true;
  if (turn_ || !wire_.idle() || poll_.tries_again() || changes_.due()) return false;
  return std::all_of(packs_.begin(), packs_.end(), [now](const auto& pack) { return pack->hold_until <= now; });
}

std::optional<double> Line::utilisation(Instant now) const {
  if (detection_ || ((can_ || listening_) && baud() <= 0)) return std::nullopt;
  return load_.percent(now);
}

Duration Line::turnaround() const { return turnaround_ ? turnaround_->learned() : Duration(0); }

void Line::opened(int baud, Instant now) {
  open_ = true;
  changes_.fail_all("the port was opened anew");
  if (listening_) return listening_->opened(baud, now);
  const bool pinned = plan_.protocols.size() == 1 && !plan_.addresses.empty();
  const bool has_speed = plan_.baud > 0 || (can_ && baud == 0);  // the system sets the one of a CAN interface
  if (packs_.empty() && has_speed && (pinned || !plan_.packs.empty()))
    create_packs(plan_.packs.empty() ? places(*plan_.protocols.front(), plan_.addresses) : plan_.packs, now);
  if (packs_.empty()) {
    start_detection(now);
    detection_->opened(baud, now);
    return;
  }
  if (baud != 0) wanted_baud_ = plan_.baud;
  wire_.reset(plan_.baud, now);  // also behind a gateway: the time on the wire is the same
  filter_due_ = can_;
  poll_.interrupted(now);
}

void Line::closed(Instant now) {
  open_ = false;
  turn_.reset();
  changes_.fail_all("the port is gone");
  if (detection_) detection_->closed(now);
  if (listening_) listening_->closed();
  wire_.reset(wire_.baud(), now);
  poll_.interrupted(now);
}

void Line::received(Bytes bytes, Instant now) {
  if (listening_) {
    load_.in_use(now - wire_time(bytes.size(), listening_->baud()), now);
    return listening_->received(bytes, now);
  }
  if (detection_) return detection_->received(bytes, now);
  if (packs_.empty()) return;
  // Between two exchanges others are talking, and so they are all the time on a CAN bus.
  if (can_ || wire_.idle()) load_.in_use(now - wire_.time_on_wire(bytes.size()), now);
  wire_.received(bytes, now, *spoken_);
}

std::optional<Action> Line::next(Instant now) {
  deadline_.reset();
  if (!open_) return std::nullopt;
  if (listening_) {
    auto action = next_listening(now);
    if (action || listening_) return action;
  }
  if (detection_) {
    auto action = next_detection(now);
    if (action || detection_) return action;
  }
  auto action = next_poll(now);
  if (const auto due = poll_.pushed_deadline(); due && deadline_) deadline_ = std::min(*deadline_, *due);
  return action;
}

void Line::start_detection(Instant) {
  DetectionOptions options;
  options.space = {plan_.protocols, plan_.baud, plan_.addresses, false, plan_.remembered};
  options.first_only = true;
  options.params = params_;
  detection_ = std::make_unique<Detection>(std::move(options));
  next_sweep_.reset();
}

std::optional<Action> Line::next_detection(Instant now) {
  if (next_sweep_) {
    if (now < *next_sweep_) {
      deadline_ = next_sweep_;
      return std::nullopt;
    }
    next_sweep_.reset();
    detection_->restart(now);
  }
  if (auto action = detection_->next(now)) return action;
  deadline_ = detection_->deadline();
  watch_babble(detection_->babble(now), now);
  if (!detection_->finished()) return std::nullopt;

  const MasterWatch::Master* heard = detection_->master();
  if (plan_.listen_if_master && heard != nullptr && detection_->found().empty()) {
    const MasterWatch::Master master = *heard;
    notice("another master " + describe(master) + ": its packs are read by listening until it is silent", true);
    detection_.reset();
    start_listening({master.protocol}, master.baud);
    listening_->opened(master.baud, now);
    listened_since_ = now;
    deadline_ = now;
    return std::nullopt;
  }
  if (detection_->found().empty()) {
    if (sweeps_++ == 0) notice("no BMS answers yet, looking on: " + detection_->diagnosis(), true);
    next_sweep_ = now + kSweepPause;
    deadline_ = next_sweep_;
    return std::nullopt;
  }
  const Found found = detection_->take_found().front();
  detection_.reset();
  plan_.baud = found.baud;
  create_packs(places(*found.protocol, plan_.addresses.empty() ? std::vector<int>{found.address} : plan_.addresses),
               now);
  wire_.reset(found.baud, now);
  notice(std::string(found.protocol->name) + (can_ ? " is there, " : " answers at ") + std::to_string(found.baud) +
             (can_ ? " bit/s" : " baud"),
         false);
  if (!found.second_proof) notice("nothing but its type's identifying exchange proved it", true);
  return std::nullopt;
}

void Line::create_packs(const std::vector<PackPlace>& places, Instant now) {
  for (const auto& [protocol, address] : places) {
    packs_.push_back(make_pack(*protocol, address));
    poll_.add(*packs_.back(), now);
  }
  prepare_to_speak();
  events_.push_back({LineEvent::found, -1, {}, false});
}

std::unique_ptr<PackTalk> Line::make_pack(const Protocol& protocol, int address) const {
  const auto own = std::find_if(plan_.pack_params.begin(), plan_.pack_params.end(),
                                [address](const auto& entry) { return entry.first == address; });
  const auto params = own == plan_.pack_params.end() ? params_ : views(own->second);
  return std::make_unique<PackTalk>(protocol, address, protocol.open({address, params, plan_.extras}));
}

// Of several protocols the most careful sets the silence between the packs.
void Line::prepare_to_speak() {
  Duration start{}, least{};
  for (const auto& pack : packs_) {
    start = std::max(start, pack->protocol->turnaround_start);
    least = std::max(least, pack->protocol->turnaround_min);
    pack->only_heard = false;
  }
  turnaround_.emplace(start, least);
  spoken_ = packs_.front()->protocol;
  filter_due_ = can_;
}

// --- Listening ---

bool Line::wanted(const Protocol& protocol, int address) const {
  if (!plan_.packs.empty())
    return std::find(plan_.packs.begin(), plan_.packs.end(), PackPlace{&protocol, address}) != plan_.packs.end();
  return plan_.addresses.empty() ||
         std::find(plan_.addresses.begin(), plan_.addresses.end(), address) != plan_.addresses.end();
}

void Line::start_listening(std::vector<const Protocol*> protocols, int baud) {
  ListenPlan plan;
  plan.protocols = std::move(protocols);
  plan.all_of_them = !plan_.packs.empty();
  plan.baud = baud;
  plan.wanted = [this](const Protocol& protocol, int address) { return wanted(protocol, address); };
  plan.make = [this](const Protocol& protocol, int address) { return make_pack(protocol, address); };
  listening_ = std::make_unique<ListeningLine>(std::move(plan), packs_, poll_);
}

// What comes out of a listening line can only be a speed. One that nobody wanted to be one speaks again when the other master
// has been silent for long.
std::optional<Action> Line::next_listening(Instant now) {
  std::optional<SetSpeed> speed = listening_->next(now);
  deadline_ = listening_->deadline();
  for (LineEvent& event : listening_->take_events()) events_.push_back(std::move(event));
  if (speed) return *speed;
  if (plan_.listen || now - listening_->last_request().value_or(listened_since_) < kPause) return std::nullopt;

  const int baud = listening_->baud();
  listening_.reset();
  notice("the other master is silent: this line is asked again", false);
  if (packs_.empty()) {
    start_detection(now);
    detection_->opened(baud, now);
  } else {
    plan_.baud = baud;
    prepare_to_speak();
    wire_.reset(baud, now);
    poll_.interrupted(now);
  }
  deadline_ = now;
  return std::nullopt;
}

std::optional<Action> Line::next_poll(Instant now) {
  if (wanted_baud_ > 0) return SetSpeed{std::exchange(wanted_baud_, 0)};
  if (std::exchange(filter_due_, false)) return SetFilter{wanted_frames()};
  wire_.on_time(now);
  take_outcome(now);
  can_ ? take_shared(now) : take_strays(now);
  poll_.watch_pushed(now);
  changes_.expire(now);
  if (!wire_.idle()) {
    deadline_ = wire_.deadline();
    return std::nullopt;
  }
  if (paused_until_) {
    watch_pause(now);
    if (paused_until_) return std::nullopt;
  }
  const auto change_due = changes_.due();
  if (change_due && now >= *change_due && !poll_.tries_again()) return begin({changes_.pack()}, true, now);
  if (resting_ && !poll_.tries_again()) {
    deadline_ = change_due;
    return std::nullopt;
  }
  const auto turn_or_wait = poll_.next(now);
  if (const auto* wait = std::get_if<Instant>(&turn_or_wait)) {
    deadline_ = change_due ? std::min(*wait, *change_due) : *wait;
    return std::nullopt;
  }
  return begin(std::get<PollPlan::Turn>(turn_or_wait), false, now);
}

std::optional<Action> Line::begin(PollPlan::Turn turn, bool changes, Instant now) {
  PackTalk& pack = *packs_[static_cast<std::size_t>(turn.pack)];
  const Duration turnaround = turnaround_->of(pack.address, now);
  const Duration silence = wire_.has_spoken() ? turnaround : std::min(turnaround, kFirstSilence);
  if (const Instant quiet = wire_.quiet_at(silence); now < quiet) {
    deadline_ = quiet;
    watch_babble(wire_.babble(now), now);
    return std::nullopt;
  }
  babble_told_ = false;
  auto request = changes ? changes_.request() : pack.session->request(turn.exchange);
  if (!request) {
    if (!changes) poll_.skipped(turn, now);
    deadline_ = now;
    return std::nullopt;
  }
  if (changes) {
    turn.exchange = request->exchange;
    turn.first_byte = pack.protocol->exchanges[turn.exchange].first_byte;
  }
  SendBytes send{request->bytes};
  if (can_) load_.in_use(now, now + wire_.time_on_wire(send.bytes.size()));
  turn_ = turn;
  spoken_ = pack.protocol;
  turn_changes_ = changes;
  wire_.start({pack.protocol, pack.session.get(), pack.address, std::move(*request), turn.first_byte,
               pack.exchanges[turn.exchange].reply_bytes},
              now);
  deadline_ = wire_.deadline();
  return send;
}

// Empty where one of the protocols cannot tell.
std::vector<CanIds> Line::wanted_frames() const {
  std::vector<CanIds> all;
  std::vector<const Protocol*> asked;
  for (const auto& pack : packs_) {
    if (std::find(asked.begin(), asked.end(), pack->protocol) != asked.end()) continue;
    if (pack->protocol->can_ids.empty()) return {};
    asked.push_back(pack->protocol);
    all.insert(all.end(), pack->protocol->can_ids.begin(), pack->protocol->can_ids.end());
  }
  return all;
}

void Line::take_outcome(Instant now) {
  auto outcome = wire_.take();
  if (!outcome || !turn_) return;
  const PollPlan::Turn turn = *std::exchange(turn_, std::nullopt);
  const bool silence = !outcome->result && outcome->result.error().code == Errc::timeout;
  const bool answered = outcome->result.ok();
  const bool refused = !answered && outcome->result.error().code == Errc::refused;
  const PackTalk& pack = *packs_[static_cast<std::size_t>(turn.pack)];
  if (!can_) load_.in_use(outcome->sent, outcome->ended + turnaround_->of(pack.address, now));
  // Silence to what a pack never answered is no sign that it was asked too soon.
  const bool expected =
      turn.probe || (pack.protocol->exchanges[turn.exchange].optional && !pack.exchanges[turn.exchange].last_ok);
  turn_changes_ ? changes_.done(std::move(*outcome), now) : void(poll_.done(turn, std::move(*outcome), now));
  if (answered) {
    turnaround_->good();
  } else if (!refused && !(silence && expected)) {
    turnaround_->bad(pack.address, now);
  }
}

void Line::take_strays(Instant now) {
  for (Stray& stray : wire_.take_strays()) {
    // Some frames name no address, since there is one pack only.
    if (stray.tag.address < 0 && packs_.size() == 1) stray.tag.address = packs_.front()->address;
    // While polling pauses, nobody asks in our words but another master.
    if (stray.tag.role == Role::request && (!stray.own_words || paused_until_)) foreign_request(now);
    if (paused_until_) {
      listen(stray, now);
    } else if (stray.tag.role == Role::reply && stray.tag.address >= 0) {
      poll_.late_reply(stray.tag.address, stray.why, now);
    }
  }
}

// On a bus that everybody uses at once: what packs send by themselves, and replies that came too late. What others ask
// each other is not our business.
void Line::take_shared(Instant now) {
  for (const Stray& stray : wire_.take_strays()) hear(stray, now);
}

// Packs of several protocols may share the bus: each reads the frame in its own words.
void Line::hear(const Stray& stray, Instant now) {
  const Frame frame{stray.bytes};
  for (std::size_t i = 0; i < packs_.size(); ++i) {
    const PackTalk& pack = *packs_[i];
    const Tag tag = pack.protocol->tag(frame);
    if (tag.role != Role::reply && tag.role != Role::part) continue;
    if (tag.address >= 0 && tag.address != pack.address) continue;
    if (tag.exchange >= 0 && pack.is_pushed(static_cast<std::size_t>(tag.exchange))) {
      poll_.pushed(static_cast<int>(i), static_cast<std::uint8_t>(tag.exchange), stray.bytes, now);
    } else if (tag.address >= 0) {
      poll_.late_reply(pack.address, stray.why, now);
    }
  }
}

void Line::foreign_request(Instant now) {
  std::erase_if(foreign_requests_, [now](Instant at) { return now - at > kForeignWithin; });
  foreign_requests_.push_back(now);
  if (foreign_requests_.size() < 2) return;
  if (!paused_until_) {
    notice("another master asks on this line: polling pauses, its packs are read by listening", true);
    poll_.interrupted_by_master(now);
    changes_.fail_all("another master asks on this line");
  }
  paused_until_ = now + kPause;
}

void Line::listen(const Stray& stray, Instant now) {
  const auto overheard = listener_.heard(stray, now);
  if (!overheard || !overheard->result) return;
  for (std::size_t i = 0; i < packs_.size(); ++i) {
    if (packs_[i]->address == overheard->address) {
      poll_.overheard(static_cast<int>(i), overheard->exchange, *overheard->result, now);
    }
  }
}

// A line that never falls silent: its packs cannot be asked, and what is believed of them grows old.
void Line::watch_babble(std::optional<Duration> babble, Instant now) {
  if (!babble || *babble < kBabble) return;
  if (!std::exchange(babble_told_, true))
    notice("the line is not quiet: somebody has been sending for a second; not speaking until it is", true);
  poll_.miss_unheard(now);
}

void Line::watch_pause(Instant now) {
  poll_.miss_unheard(now);
  if (now < *paused_until_) {
    deadline_ = std::min(*paused_until_, now + 1s);
    return;
  }
  paused_until_.reset();
  foreign_requests_.clear();
  notice("the other master is silent: polling again", false);
}

void Line::set_interval(Duration interval) {
  plan_.interval = interval;
  poll_.set_interval(interval);
}

Status Line::change(std::size_t pack, const Change& change, int id, Instant now) {
  const auto no = [](Errc code, std::string why) { return Error{code, "change", 0, why + "; nothing was written"}; };
  if (pack >= packs_.size()) return no(Errc::config, "there is no such pack");
  PackTalk& talk = *packs_[pack];
  if (find_writable(*talk.protocol, change.what) == nullptr)
    return no(Errc::config, "the " + std::string(name_of(change.what)) + " of this BMS cannot be changed");
  if (Status sound = check(change); !sound) return sound;
  if (listening_)
    return no(Errc::io, plan_.listen ? "this line is only listened to" : "another master asks on this line");
  if (!open_) return no(Errc::io, "the port is not open");
  if (resting_) return no(Errc::io, "bmsd is being restarted");
  if (paused_until_) return no(Errc::io, "another master asks on this line");
  if (!talk.answers()) return no(Errc::timeout, "the BMS does not answer");
  changes_.add(id, static_cast<int>(pack), talk, change, now);
  return Done{};
}

void Line::demand_all() {
  for (std::size_t i = 0; i < packs_.size(); ++i) poll_.demand_all(static_cast<int>(i));
}

std::vector<LineEvent> Line::take_events() {
  for (LineEvent& event : poll_.take_events()) events_.push_back(std::move(event));
  for (LineEvent& event : changes_.take_events()) events_.push_back(std::move(event));
  return std::exchange(events_, {});
}

void Line::notice(std::string text, bool warning) {
  events_.push_back({LineEvent::notice, -1, std::move(text), warning});
}

}  // namespace bmsd
