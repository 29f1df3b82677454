#include "line/listener.h"

#include <array>
#include <utility>

namespace bmsd {
namespace {
constexpr Duration kRequestLives = 1500ms;  // longer than any BMS takes to begin and finish its reply
constexpr Duration kEcho = 150ms;           // the same request within this is the same one once more
}  // namespace

std::optional<Listener::Overheard> Listener::heard(const Stray& stray, Instant now) {
  if (stray.tag.role == Role::request) return asks(stray, now);
  if (stray.tag.role == Role::foreign) return std::nullopt;
  if (asked_ && now - asked_->at > kRequestLives) asked_.reset();
  const bool fits = asked_ && (stray.tag.address < 0 || asked_->address < 0 || stray.tag.address == asked_->address) &&
                    (stray.tag.exchange < 0 || stray.tag.exchange == asked_->request.exchange);
  return fits ? answers(stray, now) : tells(stray, now);
}

std::optional<Listener::Overheard> Listener::asks(const Stray& stray, Instant now) {
  if (asked_ && now - asked_->at <= kEcho && same(asked_->request.bytes, stray.bytes)) return std::nullopt;
  std::optional<Overheard> unanswered;
  if (asked_)
    unanswered = Overheard{asked_->address, asked_->request.exchange, Error{Errc::timeout, "no_reply", 0, {}}};
  asked_.reset();
  if (stray.tag.exchange >= 0)
    asked_ = Asked{{static_cast<std::uint8_t>(stray.tag.exchange), stray.bytes}, stray.tag.address, now};
  return unanswered;
}

std::optional<Listener::Overheard> Listener::answers(const Stray& stray, Instant now) {
  Session* session = sessions_(asked_->address);
  if (session == nullptr) {
    if (stray.tag.role == Role::reply) asked_.reset();
    return std::nullopt;
  }
  asked_->parts.push_back(stray.bytes);
  std::vector<Frame> frames;
  for (const ByteVector& part : asked_->parts) frames.push_back({part});
  auto reading = session->decode({&asked_->request, frames, false, now});
  if (!reading) {
    switch (reading.error().code) {
      case Errc::incomplete:  // more frames belong to it
        return std::nullopt;
      case Errc::address:  // somebody else's after all
      case Errc::command:
        asked_->parts.pop_back();
        ++unpaired_;
        return std::nullopt;
      default:
        break;
    }
  }
  const Asked asked = *std::exchange(asked_, std::nullopt);
  return Overheard{asked.address, asked.request.exchange, std::move(reading)};
}

std::optional<Listener::Overheard> Listener::tells(const Stray& stray, Instant now) {
  ++unpaired_;
  if (stray.tag.role != Role::reply || stray.tag.address < 0 || stray.tag.exchange < 0) return std::nullopt;
  Session* session = sessions_(stray.tag.address);
  if (session == nullptr) return std::nullopt;
  const std::array<Frame, 1> frames = {Frame{stray.bytes}};
  auto reading = session->decode({nullptr, frames, true, now});
  if (!reading) return std::nullopt;
  --unpaired_;
  return Overheard{stray.tag.address, static_cast<std::uint8_t>(stray.tag.exchange), std::move(reading)};
}

}  // namespace bmsd
