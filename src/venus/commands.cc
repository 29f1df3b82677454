#include "venus/commands.h"

#include <utility>

#include "control/charge_control.h"

namespace bmsd {

namespace {

SetResult result(bool is_done) { return is_done ? SetResult::accepted : SetResult::refused; }

}  // namespace

Commands::Commands(Actions actions, std::function<void()> target_set)
    : actions_(std::move(actions)), target_set_(std::move(target_set)) {}

SetHandler Commands::handler(std::string_view path) {
  if (path == "/Settings/ForceChargingOff")
    return [this](const BusValue& value, const auto& done) { turn(Changeable::charge_fet, value, done); };
  if (path == "/Settings/ForceDischargingOff")
    return [this](const BusValue& value, const auto& done) { turn(Changeable::discharge_fet, value, done); };
  if (path == "/Settings/ResetSocTo")
    return [this](const BusValue& value, const auto& done) { set_target(value, done); };
  if (path == "/Settings/ResetSocToApply")
    return [this](const BusValue& value, const auto& done) { apply_target(value, done); };
  if (path == "/Settings/SocResetLastReached")
    return [this](const BusValue& value, const auto& done) { date_soc_reset(value, done); };
  if (path == "/History/Clear") return [this](const BusValue& value, const auto& done) { clear_history(value, done); };
  return {};
}

void Commands::turn(Changeable what, const BusValue& is_off, const std::function<void(SetResult)>& done) {
  const auto off = std::get<std::int32_t>(is_off);
  if (off != 0 && off != 1) return done(SetResult::refused);
  ask({what, off == 1 ? 0.0 : 1.0}, done);
}

void Commands::set_target(const BusValue& value, const std::function<void(SetResult)>& done) {
  const auto percent = std::get<std::int32_t>(value);
  if (percent < 0 || percent > 100) return done(SetResult::refused);
  soc_target_ = percent;
  target_set_();
  done(SetResult::accepted);
}

// It stays 0, so that it can be applied again.
void Commands::apply_target(const BusValue& value, const std::function<void(SetResult)>& done) {
  if (std::get<std::int32_t>(value) == 0) return done(SetResult::accepted);
  if (actions_.set_counted_soc && actions_.set_counted_soc(soc_target_)) return done(SetResult::accepted);
  ask({Changeable::soc, static_cast<double>(soc_target_)}, done);
}

// It reads 0 at once, so that it can be cleared again.
void Commands::clear_history(const BusValue& value, const std::function<void(SetResult)>& done) {
  const auto group = std::get<std::int32_t>(value);
  constexpr auto kLast = static_cast<std::int32_t>(HistoryGroup::energy);
  done(result(group >= 1 && group <= kLast && actions_.clear_history && actions_.clear_history(group)));
}

void Commands::date_soc_reset(const BusValue& value, const std::function<void(SetResult)>& done) {
  const auto unix_time = std::get<std::int32_t>(value);
  done(result(unix_time >= 0 && actions_.date_soc_reset && actions_.date_soc_reset(unix_time)));
}

void Commands::ask(const Change& change, const std::function<void(SetResult)>& done) {
  if (!actions_.request) return done(SetResult::refused);
  actions_.request(change, [done](bool is_so) { done(result(is_so)); });
}

}  // namespace bmsd
