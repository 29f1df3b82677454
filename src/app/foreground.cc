#include "app/foreground.h"

#include <csignal>
#include <utility>

#include "app/held_port.h"

namespace bmsd {

Foreground::Foreground(Log log, double seconds)
    : daemon_(io_, std::move(log)), signals_(io_, SIGINT, SIGTERM), timer_(io_), seconds_(seconds) {}

Status Foreground::run(const PortPlan& plan) {
  Status outcome = Done{};
  bool opened = false;
  const auto lost = [&](const Error& error) {
    if (opened) return;  // it comes back
    outcome = Error{error.code, error.what, error.number, describe_port_error(error, plan.port)};
    io_.stop();
  };
  if (Status added = daemon_.add_port(plan, {.log_first_failure = false}, lost, [&] { opened = true; }); !added)
    return added;
  signals_.async_wait([this](const boost::system::error_code& error, int) {
    if (!error) io_.stop();
  });
  if (seconds_ > 0) {
    timer_.expires_after(std::chrono::microseconds(static_cast<std::int64_t>(seconds_ * 1e6)));
    timer_.async_wait([this](const boost::system::error_code& error) {
      if (!error) io_.stop();
    });
  }
  daemon_.start();
  io_.run();
  daemon_.stop();
  return outcome;
}

}  // namespace bmsd
