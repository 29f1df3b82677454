#include "sim/faults.h"

#include <algorithm>
#include <charconv>
#include <cmath>

namespace bmsd {
namespace {

constexpr std::uint64_t kRingsOnce = 300;  // bytes of ringing replies of which one is hit

constexpr std::array<std::string_view, kFaultCount> kNames = {"drop",    "corrupt", "flip",    "truncate",
                                                              "late",    "garbage", "foreign", "echo",
                                                              "silence", "twin",    "ringing", "inverted"};

Error wrong(std::string_view text) {
  std::string kinds;
  for (const std::string_view name : kNames) kinds += (kinds.empty() ? "" : ", ") + std::string(name);
  return {
      Errc::config, "", 0,
      "\"" + std::string(text) +
          "\" is no fault: say KIND=RATE with a rate from 0 to 1 (late=RATE:SECONDS, twin=RATE:ADDRESS); kinds are " +
          kinds};
}

std::optional<double> number(std::string_view text) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || !std::isfinite(value)) return std::nullopt;
  return value;
}

}  // namespace

std::string_view to_string(Fault fault) { return kNames[static_cast<std::size_t>(fault)]; }

Status Faults::set(std::string_view text) {
  const std::size_t equals = text.find('=');
  if (equals == std::string_view::npos) return wrong(text);
  const auto* const name = std::find(kNames.begin(), kNames.end(), text.substr(0, equals));
  if (name == kNames.end()) return wrong(text);
  const auto fault = static_cast<Fault>(name - kNames.begin());

  std::string_view value = text.substr(equals + 1);
  if (const std::size_t colon = value.find(':'); colon != std::string_view::npos) {
    const auto extra = number(value.substr(colon + 1));
    if ((fault != Fault::late && fault != Fault::twin) || !extra || *extra < 0 || *extra > 3600) return wrong(text);
    if (fault == Fault::twin) {
      twin_of_ = static_cast<int>(*extra);
    } else {
      late_by_ = std::chrono::duration_cast<Duration>(std::chrono::duration<double>(*extra));
    }
    value = value.substr(0, colon);
  }
  const auto rate = number(value);
  if (!rate || *rate < 0 || *rate > 1) return wrong(text);
  set(fault, *rate);
  return Done{};
}

bool Faults::strikes(Fault fault) {
  const double at = rate(fault);
  if (at <= 0 || random_.unit() >= at) return false;
  ++counts_[index(fault)];
  return true;
}

void Faults::damage(ByteVector& reply) {
  const auto any_place = [&] { return static_cast<std::size_t>(random_.below(reply.size())); };
  if (reply.size() > 1 && strikes(Fault::drop)) reply.erase(reply.begin() + static_cast<std::ptrdiff_t>(any_place()));
  if (!reply.empty() && strikes(Fault::corrupt)) {
    std::uint8_t& byte = reply[any_place()];
    byte = random_.other_than(byte);
  }
  if (!reply.empty() && strikes(Fault::flip)) {
    std::uint8_t& byte = reply[any_place()];
    byte = static_cast<std::uint8_t>(byte ^ 1U << random_.below(8));
  }
  if (reply.size() > 1 && strikes(Fault::truncate))
    reply.resize(1 + static_cast<std::size_t>(random_.below(reply.size() - 1)));
  if (strikes(Fault::ringing)) ring(reply);
  if (strikes(Fault::inverted)) {
    for (std::uint8_t& byte : reply) byte = static_cast<std::uint8_t>(~byte);
  }
}

void Faults::ring(ByteVector& reply) {
  // The first one that is hit: two could make up for each other in the checks of some protocols.
  const auto hit =
      std::find_if(reply.begin(), reply.end(), [this](std::uint8_t) { return random_.below(kRingsOnce) == 0; });
  if (hit != reply.end()) *hit = static_cast<std::uint8_t>(*hit ^ 1U << random_.below(8));
  if (random_.below(2) == 0) reply.insert(reply.begin(), 0x00);
  if (random_.below(2) == 0) reply.push_back(0xFF);
}

ByteVector Faults::burst() {
  ByteVector bytes(1 + static_cast<std::size_t>(random_.below(24)));
  for (std::uint8_t& byte : bytes) byte = random_.byte();
  return bytes;
}

}  // namespace bmsd
