// bmsd run: the daemon.
#include <fmt/format.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <optional>

#include "app/commands.h"
#include "app/daemon.h"
#include "app/held_port.h"
#include "app/status.h"
#include "app/version.h"
#include "io/clock.h"
#include "sink/control_socket.h"
#include "venus/sink.h"

namespace bmsd {
namespace {

int complain(const std::string& text, int status) {
  std::fprintf(stderr, "bmsd run: %s\n", text.c_str());
  return status;
}

Level level_of(const std::string& name) {
  if (name == "error") return Level::error;
  if (name == "warning") return Level::warning;
  return name == "debug" ? Level::debug : Level::info;
}

// Watches over a process that serial-starter began: it ends, soon, where no BMS answers or the device goes.
class SerialStarter {
 public:
  SerialStarter(boost::asio::io_context& io, Daemon& daemon, bool type_is_known, std::function<void(std::string)> end)
      : daemon_(daemon), timer_(io), end_(std::move(end)), patience_(type_is_known ? 5 : 20) {
    timer_.expires_after(std::chrono::seconds(patience_));
    timer_.async_wait([this](const boost::system::error_code& error) {
      if (!error && daemon_.hub().views().empty()) end_(fmt::format("no BMS answered within {} s", patience_));
    });
  }

 private:
  Daemon& daemon_;
  boost::asio::steady_timer timer_;
  std::function<void(std::string)> end_;
  int patience_;
};

}  // namespace

int command_run(const RunOptions& options) {
  LineOptions lines = options.line;
  const bool started_by_serial_starter = !options.serial_starter.empty();
  if (started_by_serial_starter) lines.ports = {options.serial_starter};
  if (lines.ports.empty()) return complain("name a port: bmsd run /dev/ttyUSB0 (bmsd scan finds them)", kWrongUsage);
  auto plans = plan_ports(lines);
  if (!plans) return complain(describe(plans.error()), kWrongUsage);

  const Log log = log_to_stderr(level_of(options.log_level));
  boost::asio::io_context io(1);
  Daemon daemon(io, ControlConfig{}, log);
  std::optional<int> status;
  const auto end = [&](const std::string& why) {
    if (status) return;
    log(Level::error, why);
    status = kFailed;
    io.stop();
  };

  std::unique_ptr<VenusSink> venus;
  if (options.bus != "none") {
    VenusOptions bus;
    bus.bus = options.bus;
    bus.process_version = kVersion;
    bus.unix_time = [] { return wall_now().seconds; };
    bus.wait_for_settings = std::filesystem::exists("/etc/venus");
    venus = std::make_unique<VenusSink>(io, bus, log, [&log](const std::string& service, std::string_view id) {
      log(Level::info, fmt::format("{} is on the bus as {}", id, service));
    });
    daemon.hub().add_sink(*venus);
  }
  for (const PortPlan& plan : *plans) {
    // A port that was named and is missing is a mistake; one that goes later comes back.
    auto opened = std::make_shared<bool>(false);
    const auto lost = [&end, opened, started_by_serial_starter, port = plan.port](const Error& error) {
      if (!*opened || started_by_serial_starter) end(describe_port_error(error, port));
    };
    if (auto added = daemon.add_port(plan, {.log_first_failure = false}, lost, [opened] { *opened = true; }); !added) {
      return complain(describe(added.error()), kWrongUsage);
    }
  }

  std::unique_ptr<ControlSocket> socket;
  if (auto made = ControlSocket::open(io, options.socket,
                                      [&daemon](const nlohmann::json& request) { return answer(daemon, request); })) {
    socket = std::move(*made);
  } else if (!options.socket.empty()) {
    return complain(describe(made.error()), kFailed);
  } else {
    log(Level::warning, describe(made.error()) + "; going on without: show and watch cannot ask this process");
  }

  boost::asio::signal_set signals(io, SIGINT, SIGTERM);
  signals.async_wait([&](const boost::system::error_code& error, int) {
    if (!error && !status) status = kDone;
    if (!error) io.stop();
  });
  std::optional<SerialStarter> starter;
  if (started_by_serial_starter) starter.emplace(io, daemon, !options.line.protocol.empty(), end);

  daemon.start();
  io.run();
  daemon.stop();
  return status.value_or(kDone);
}

}  // namespace bmsd
