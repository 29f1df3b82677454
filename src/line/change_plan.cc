#include "line/change_plan.h"

#include <algorithm>
#include <utility>

namespace bmsd {
namespace {

// Codes are for programs; people read the detail.
Error failure(Errc code, std::string detail) { return {code, "change", 0, std::move(detail)}; }

const Writable& writable(const PackTalk& pack, const Change& change) {
  return *find_writable(*pack.protocol, change.what);
}

// "the charge FET is off", "the state of charge is 80 %"
std::string told(Changeable what, double value) {
  return "the " + std::string(name_of(what)) + " is " + value_text(what, value) + (is_switch(what) ? "" : " %");
}

// What came instead of an acknowledgement.
std::string said_no(const Error& error) {
  if (error.code == Errc::timeout) return "the BMS did not answer the command";
  if (error.code != Errc::refused) return "the BMS did not acknowledge (" + describe(error) + ")";
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  const auto digit = [&](int shift) { return kDigits[static_cast<std::size_t>(error.number >> shift & 15)]; };
  return "the BMS refused (status 0x" + std::string{digit(4), digit(0)} +
         (error.detail.empty() ? "" : ": " + error.detail) + ")";
}

}  // namespace

void ChangePlan::add(int id, int index, PackTalk& pack, const Change& change, Instant now) {
  orders_.push_back({id, index, &pack, change, now});
}

void ChangePlan::expire(Instant now) {
  for (std::size_t i = orders_.size(); i-- > (progress_.written ? 1U : 0U);) {
    const Order& order = orders_[i];
    const bool late = now >= order.asked + kSendWithin;
    if (!late && order.pack->answers()) continue;
    end(order, late ? failure(Errc::timeout, "the line was not free in time; nothing was written")
                    : failure(Errc::timeout, "the BMS does not answer any more; nothing was written"));
    orders_.erase(orders_.begin() + static_cast<std::ptrdiff_t>(i));
  }
}

std::optional<Instant> ChangePlan::due() const {
  if (orders_.empty()) return std::nullopt;
  return progress_.written ? progress_.next_read : orders_.front().pack->hold_until;
}

std::optional<Request> ChangePlan::request() {
  const Order& order = orders_.front();
  PackTalk& pack = *order.pack;
  if (progress_.written) {
    auto request = pack.session->request(writable(pack, order.change).read_back);
    if (!request) finish(failure(Errc::config, left_open("it cannot be read back")));
    return request;
  }
  auto request = pack.session->change(order.change);
  if (!request) {
    finish(request.error());
    return std::nullopt;
  }
  const auto before = pack.battery.get(field_of(order.change.what));
  progress_.written = true;
  progress_.was_so = before && is_as_wanted(order.change, *before);
  return std::move(*request);
}

void ChangePlan::done(Outcome outcome, Instant now) {
  if (orders_.empty() || !progress_.written) return;  // it has ended meanwhile
  PackTalk& pack = *orders_.front().pack;
  const Exchange& exchange = pack.protocol->exchanges[outcome.exchange];
  if (!outcome.result) {
    const Error& error = outcome.result.error();
    pack.session->failed(outcome.exchange, error);
    ++pack.health.errors_by_code[static_cast<std::size_t>(error.code)];
    pack.health.last_error = describe(error);
    // The reply may still come, and would answer whatever is asked by then.
    if (error.code == Errc::timeout) pack.hold_until = std::max(pack.hold_until, now + exchange.first_byte);
  }
  if (exchange.cadence != Cadence::write) return read(std::move(outcome), now);
  if (!outcome.result) progress_.refusal = outcome.result.error();
  progress_.first_read = progress_.next_read = std::max(now, pack.hold_until);
}

void ChangePlan::read(Outcome outcome, Instant now) {
  const Order& order = orders_.front();
  PackTalk& pack = *order.pack;
  if (outcome.result && pack.battery.merge(*outcome.result, outcome.exchange, now)) {
    ExchangeState& state = pack.exchanges[outcome.exchange];
    state.last_ok = state.last_try = now;
    const auto said = outcome.result->get(field_of(order.change.what));
    if (said) progress_.said = said;
    const bool proves = !progress_.was_so || !progress_.refusal;
    if (said && is_as_wanted(order.change, *said) && proves) return finish(*said);
  }
  const Instant due = progress_.first_read + ++progress_.reads * kReadEvery;
  if (progress_.reads == kReads) {
    const Errc code = progress_.refusal ? progress_.refusal->code : progress_.said ? Errc::refused : Errc::timeout;
    return finish(failure(code, verdict()));
  }
  progress_.next_read = std::max(due, now);
}

// Why it cannot be said that it was done.
std::string ChangePlan::verdict() const {
  const Change& change = orders_.front().change;
  std::string text = progress_.refusal ? said_no(*progress_.refusal) : "the BMS acknowledged";
  if (!progress_.said) return text + ", and does not say what it has done";
  const std::string now = told(change.what, *progress_.said);
  if (is_as_wanted(change, *progress_.said)) return text + "; " + now + ", as it was before";
  text += ", but " + now;
  if (!is_switch(change.what)) return text + ", not " + value_text(change.what, change.value) + " %";
  return text + (change.value != 0 ? ": a protection may hold it" : "");
}

std::string ChangePlan::left_open(const std::string& why) const {
  return why + (progress_.written ? "; whether the BMS has taken it is not known" : "; nothing was written");
}

void ChangePlan::fail_all(const std::string& why) {
  while (!orders_.empty()) finish(failure(Errc::io, left_open(why)));
}

// Of the first order.
void ChangePlan::finish(Result<double> result) {
  const Order order = orders_.front();
  orders_.pop_front();
  progress_ = {};
  end(order, std::move(result));
}

void ChangePlan::end(const Order& order, Result<double> result) {
  LineEvent event;
  event.kind = LineEvent::changed;
  event.pack = order.index;
  event.change = order.id;
  event.result = std::move(result);
  events_.push_back(std::move(event));
}

std::vector<LineEvent> ChangePlan::take_events() { return std::exchange(events_, {}); }

}  // namespace bmsd
