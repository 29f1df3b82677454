#include "app/kept_charge.h"

#include <charconv>
#include <string>

namespace bmsd {

namespace {

KeptCharge kept_charge(const Kept& kept) {
  KeptCharge charge;
  charge.may_reach_max = kept.allow_max_voltage != 0;
  charge.soc_reset_last_reached = kept.soc_reset_last_reached;
  const std::string& text = kept.max_voltage_start_time;  // the old driver may have written a fraction
  std::int64_t began = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), began);
  const bool whole = read.ec == std::errc() && (read.ptr == text.data() + text.size() || *read.ptr == '.');
  if (whole && began > 0) charge.full_since = began;
  return charge;
}

}  // namespace

KeptControl kept_control(const Kept& kept) {
  KeptControl control;
  control.charge = kept_charge(kept);
  return control;
}

void keep(const KeptControl& control, Kept& kept) {
  const KeptCharge& charge = control.charge;
  kept.allow_max_voltage = charge.may_reach_max ? 1 : 0;
  kept.soc_reset_last_reached = charge.soc_reset_last_reached;
  kept.max_voltage_start_time = charge.full_since ? std::to_string(*charge.full_since) : std::string();
}

}  // namespace bmsd
