#include "venus/commands.h"

#include <utility>

namespace bmsd {

Commands::Commands(Request request, std::function<void()> target_set)
    : request_(std::move(request)), target_set_(std::move(target_set)) {}

SetHandler Commands::handler(std::string_view path) {
  if (path == "/Settings/ForceChargingOff")
    return [this](const BusValue& value, const auto& done) { turn(Changeable::charge_fet, value, done); };
  if (path == "/Settings/ForceDischargingOff")
    return [this](const BusValue& value, const auto& done) { turn(Changeable::discharge_fet, value, done); };
  if (path == "/Settings/ResetSocTo")
    return [this](const BusValue& value, const auto& done) { set_target(value, done); };
  if (path == "/Settings/ResetSocToApply")
    return [this](const BusValue& value, const auto& done) { apply_target(value, done); };
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
  ask({Changeable::soc, static_cast<double>(soc_target_)}, done);
}

void Commands::ask(const Change& change, const std::function<void(SetResult)>& done) {
  if (!request_) return done(SetResult::refused);
  request_(change, [done](bool is_so) { done(is_so ? SetResult::accepted : SetResult::refused); });
}

}  // namespace bmsd
