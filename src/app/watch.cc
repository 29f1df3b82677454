// bmsd watch: what a running bmsd knows, in the terminal, once a second.
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <csignal>
#include <cstdio>
#include <functional>
#include <string>

#include "app/commands.h"
#include "app/terminal_screen.h"
#include "sink/control_client.h"
#include "sink/table.h"
#include "sink/text.h"

namespace bmsd {
namespace {

// The daemon answers at once or is stuck; a longer wait would only make Ctrl-C feel dead.
constexpr Duration kAnswerWithin = 2s;

Result<std::string> picture(const WatchOptions& options, const TerminalScreen& screen) {
  const auto reply = ask(options.socket, {{"ask", "show"}}, kAnswerWithin);
  if (!reply) return reply.error();
  return battery_table(reply->value("batteries", nlohmann::json::array()), {screen.width(), screen.color()});
}

}  // namespace

int command_watch(const WatchOptions& options) {
  boost::asio::io_context io;
  boost::asio::signal_set signals(io, SIGINT, SIGTERM, SIGHUP);
  boost::asio::steady_timer timer(io);
  TerminalScreen screen(stdout);
  Status outcome = Done{};

  bool seen_once = false;
  const std::function<void()> look = [&] {
    const auto seen = picture(options, screen);
    if (!seen && !seen_once) {
      outcome = seen.error();
      signals.cancel();
      return;
    }
    seen_once = true;
    // A daemon that is being restarted is waited for.
    screen.draw(seen ? *seen : cut(describe(seen.error()), screen.width()) + "\n");
    if (options.once) {
      signals.cancel();
      return;
    }
    timer.expires_after(1s);
    timer.async_wait([&](const boost::system::error_code& error) {
      if (!error) look();
    });
  };
  signals.async_wait([&](const boost::system::error_code& error, int) {
    if (!error) timer.cancel();
  });
  look();
  io.run();

  if (outcome) return kDone;
  std::fprintf(stderr, "bmsd watch: %s\n", describe(outcome.error()).c_str());
  return kFailed;
}

}  // namespace bmsd
