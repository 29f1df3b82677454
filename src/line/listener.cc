#include "line/listener.h"

#include <array>
#include <utility>

namespace bmsd {
namespace {
constexpr Duration kRequestLives = 1500ms;  // longer than any BMS takes to begin and finish its reply
}

std::optional<Listener::Overheard> Listener::heard(const Stray& stray, Instant now) {
  if (stray.tag.role == Role::request) {
    asked_.reset();
    if (stray.tag.exchange >= 0) {
      asked_ = Asked{{static_cast<std::uint8_t>(stray.tag.exchange), stray.bytes}, stray.tag.address, now};
    }
    return std::nullopt;
  }
  if (stray.tag.role != Role::reply || !asked_ || now - asked_->at > kRequestLives) return std::nullopt;
  if (stray.tag.address >= 0 && stray.tag.address != asked_->address) return std::nullopt;
  if (stray.tag.exchange >= 0 && stray.tag.exchange != asked_->request.exchange) return std::nullopt;
  const Asked asked = *std::exchange(asked_, std::nullopt);
  Session* session = sessions_(asked.address);
  if (session == nullptr) return std::nullopt;
  const std::array<Frame, 1> frames = {Frame{stray.bytes}};
  return Overheard{asked.address, asked.request.exchange, session->decode({&asked.request, frames, true, now})};
}

}  // namespace bmsd
