#include "app/line_watch.h"

#include <string_view>
#include <utility>

#include "app/port_owner.h"
#include "base/result.h"
#include "io/open_port.h"

namespace bmsd {

void LineWatch::opened() {
  error_.reset();
  stuck_since_.reset();
  unsent_ = 0;
}

void LineWatch::look(const LineFacts& now_known, std::size_t unsent, Instant now) {
  if (unsent == 0 || unsent < unsent_) stuck_since_.reset();
  if (unsent > 0 && !stuck_since_) stuck_since_ = now;
  unsent_ = unsent;
  if (newer_at_ && now - *newer_at_ < kPart) return;
  newer_at_ = now;
  older_ = std::exchange(newer_, now_known);
}

LineFacts LineWatch::facts(LineFacts now_known, const std::string& port, Instant now) const {
  LineFacts facts = older_ ? now_known.since(*older_) : std::move(now_known);
  facts.port = port;
  facts.can = facts.can || is_can_port(port);
  facts.gateway = port.starts_with("tcp://");
  if (stuck_since_ && now - *stuck_since_ >= kStuck) facts.stuck = now - *stuck_since_;
  if (!error_) return facts;
  const std::string_view why = error_->what;
  facts.trouble = describe(*error_);
  facts.state = why == "missing" || why == "gone" ? LineFacts::missing
                : why == "held"                   ? LineFacts::held
                : why == "permission"             ? LineFacts::forbidden
                                                  : LineFacts::unreachable;
  if (facts.gateway) facts.state = LineFacts::unreachable;
  if (facts.state != LineFacts::held) return facts;
  const PortOwner owner = owner_of(port);
  facts.owner = describe(owner);
  if (owner.starter || !owner.service.empty()) facts.given_by_starter = owner.tty;
  return facts;
}

}  // namespace bmsd
