#include "venus/internal_errors.h"

#include <algorithm>

namespace bmsd {
namespace {

constexpr std::size_t kMany = 180;
constexpr Duration kRecent = 3h, kLookAgain = 1h;

}  // namespace

std::uint64_t internal_errors(const LinkHealth& health) {
  const auto of = [&](Errc code) { return health.errors_by_code[static_cast<std::size_t>(code)]; };
  return of(Errc::implausible) + of(Errc::length);
}

void InternalErrors::count(std::uint64_t total, Instant now) {
  const std::uint64_t news = total >= total_ ? total - total_ : total;
  total_ = total;
  for (std::uint64_t i = 0; i < std::min<std::uint64_t>(news, kMany); ++i) {
    if (last_.size() == kMany) last_.pop_front();
    last_.push_back(now);
  }
  if (many_ && now - looked_ < kLookAgain) return;
  looked_ = now;
  many_ = many_within(now);
}

bool InternalErrors::many_within(Instant now) const { return last_.size() == kMany && now - last_.front() < kRecent; }

}  // namespace bmsd
