// bmsd show: every value once, from the running daemon or, with PORT, from the line itself.
#include <fmt/format.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cstdio>

#include "app/commands.h"
#include "app/daemon.h"
#include "app/held_port.h"
#include "app/status.h"
#include "app/terminal_screen.h"
#include "sink/control_client.h"
#include "sink/json.h"
#include "sink/table.h"
#include "sink/text.h"

namespace bmsd {
namespace {

constexpr std::chrono::seconds kPinnedPatience{8};
constexpr std::chrono::seconds kSearchPatience{60};

int print_batteries(const nlohmann::json& reply, bool json) {
  const nlohmann::json batteries = reply.value("batteries", nlohmann::json::array());
  if (json) {
    std::printf("%s\n", json_text(reply, 2).c_str());
  } else {
    const TerminalScreen screen(stdout);
    const TextStyle style{screen.width(), screen.color()};
    for (const auto& battery : batteries) std::printf("%s\n", battery_sheet(battery, style).c_str());
    for (const std::string& waiting : texts_at(reply, "waiting")) std::fprintf(stderr, "%s\n", waiting.c_str());
  }
  if (batteries.empty()) return complain("show", "no battery answers");
  return kDone;
}

// Reads the ports until every pack that is looked for has complete values, or patience ends.
class Reader {
 public:
  Reader(boost::asio::io_context& io, const ShowOptions& options, Log log)
      : io_(io), all_(options.all), daemon_(io, std::move(log)), timer_(io) {}

  Status add(const PortPlan& plan) {
    PortPlan with_extras = plan;
    with_extras.line.extras = true;
    if (plan.line.addresses.empty()) patience_ = kSearchPatience;
    return daemon_.add_port(with_extras, PumpOptions{false, 1s}, [this, port = plan.port](const Error& error) {
      lost_ = describe_port_error(error, port);
      io_.stop();
    });
  }

  nlohmann::json read() {
    daemon_.on_change([this](Instant) { look(); });
    timer_.expires_after(patience_);
    timer_.async_wait([this](const boost::system::error_code& error) {
      if (!error) io_.stop();
    });
    daemon_.start();
    io_.run();
    nlohmann::json reply = answer(daemon_, {{"ask", "show"}});
    reply["ok"] = true;
    daemon_.stop();
    return reply;
  }

  const std::string& lost() const { return lost_; }

  // What was seen on a line where nothing was found.
  std::string diagnosis() {
    for (std::size_t i = 0; i < daemon_.line_count(); ++i) {
      if (daemon_.line(i).detection() != nullptr) return daemon_.line(i).detection()->diagnosis();
    }
    return "check power and cable, swap A and B, check the address (DIP switches) and the speed (--baud)";
  }

 private:
  void look() {
    for (std::size_t i = 0; i < daemon_.line_count(); ++i) {
      const Line& line = daemon_.line(i);
      if (line.pack_count() == 0) {
        if (line.swept()) io_.stop();
        return;
      }
    }
    if (!daemon_.hub().waiting().empty()) return;
    if (all_ && !demanded_) {
      demanded_ = true;
      for (std::size_t i = 0; i < daemon_.line_count(); ++i) {
        daemon_.line(i).demand_all();
        daemon_.poke(i);
      }
      return;
    }
    for (std::size_t i = 0; i < daemon_.line_count(); ++i) {
      if (daemon_.line(i).demands()) return;
    }
    io_.stop();
  }

  boost::asio::io_context& io_;
  bool all_;
  bool demanded_ = false;
  Daemon daemon_;
  boost::asio::steady_timer timer_;
  std::chrono::seconds patience_ = kPinnedPatience;
  std::string lost_;
};

}  // namespace

int command_show(const ShowOptions& options) {
  if (options.line.ports.empty()) {
    if (options.all) return wrong_usage("show", "--all reads a line: name its port");
    auto reply = ask(options.socket, {{"ask", "show"}});
    if (!reply) return complain("show", describe(reply.error()));
    return print_batteries(*reply, options.json);
  }
  auto plans = plan_ports(options.line);
  if (!plans) return wrong_usage("show", describe(plans.error()));

  boost::asio::io_context io(1);
  Reader reader(io, options, log_to_stderr(Level::error));
  for (const PortPlan& plan : *plans) {
    if (auto added = reader.add(plan); !added) return wrong_usage("show", describe(added.error()));
  }
  const nlohmann::json reply = reader.read();
  if (!reader.lost().empty()) return complain("show", reader.lost());
  if (reply["batteries"].empty()) return complain("show", "no BMS answers: " + reader.diagnosis());
  return print_batteries(reply, options.json);
}

}  // namespace bmsd
