// bmsd demo: four simulated packs on a pseudo-terminal, read by the real lines, published on a private D-Bus.
#include <fmt/format.h>
#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <optional>

#include "app/commands.h"
#include "app/daemon.h"
#include "app/private_bus.h"
#include "app/serve.h"
#include "app/status.h"
#include "app/terminal_screen.h"
#include "app/version.h"
#include "io/clock.h"
#include "io/pty.h"
#include "protocol/daren_485.h"
#include "sim/bus.h"
#include "sim/port_end.h"
#include "sink/control_socket.h"
#include "sink/table.h"
#include "venus/sink.h"

namespace bmsd {
namespace {

constexpr int kPacks = 4;
constexpr int kBaud = 19200;

// A folder of the demo's own that goes with it.
class Folder {
 public:
  Folder() {
    std::error_code error;
    std::string pattern = (std::filesystem::temp_directory_path(error) / "bmsd-demo-XXXXXX").string();
    if (!error && ::mkdtemp(pattern.data()) != nullptr) path_ = pattern;
  }
  ~Folder() {
    std::error_code ignored;
    if (!path_.empty()) std::filesystem::remove_all(path_, ignored);
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

// Four packs that differ: one is nearly full, one warm, one old; two balance or warn.
Status populate(SimBus& bus) {
  constexpr double kSoc[kPacks] = {67.0, 91.5, 48.2, 22.4};
  constexpr double kCurrent[kPacks] = {11.2, 10.8, 12.1, -3.4};
  for (int i = 0; i < kPacks; ++i) {
    PackModelOptions model;
    model.soc_percent = kSoc[i];
    model.current_a = kCurrent[i];
    model.temperature_c = 21.0 + 1.5 * i;
    model.seed = static_cast<std::uint64_t>(i + 1);
    PackOptions pack;
    pack.address = i + 1;
    pack.serial_number = fmt::format("BMSDDEMO000{}", i + 1);
    if (auto added = bus.add_pack(pack, PackModel(model)); !added) return added;
  }
  return bus.set_alarm(4, "cell_voltage_difference_alarm", true);
}

// This program as it can be typed here.
std::string program() {
  std::error_code error;
  const auto path = std::filesystem::read_symlink("/proc/self/exe", error);
  if (error) return "bmsd";
  const std::string near = path.lexically_proximate(std::filesystem::current_path(error)).string();
  return error || near.rfind("..", 0) == 0 || near.find('/') == std::string::npos ? path.string() : near;
}

class Demo {
 public:
  Demo(boost::asio::io_context& io, bool once, const Folder& folder, const std::string& bus_address)
      : io_(io),
        once_(once),
        folder_(folder.path()),
        bus_address_(bus_address),
        sim_({.protocol = &kDaren485, .chunk = 1ms}),
        daemon_(io, log_to_stderr(Level::warning)) {}

  Status start() {
    if (auto populated = populate(sim_); !populated) return populated;
    auto pty = std::make_unique<Pty>(io_, folder_ + "/ttyDEMO");
    if (auto plugged = pty->plug(); !plugged) return plugged;
    const std::string link = pty->link();
    sim_end_ = std::make_unique<PortEnd>(sim_, *pty);
    sim_pump_ = std::make_unique<Pump>(io_, std::move(pty), *sim_end_, "simulator", log_to_stderr(Level::warning));
    sim_pump_->start();

    VenusOptions bus;
    bus.bus = bus_address_;
    bus.process_version = kVersion;
    bus.lock_folder.clear();  // a bus of its own
    bus.unix_time = [] { return wall_now().seconds; };
    venus_ = std::make_unique<VenusSink>(io_, bus, log_to_stderr(Level::warning),
                                         [this](const std::string&, std::string_view) {
                                           ++on_bus_;
                                           look();
                                         });
    daemon_.hub().add_sink(*venus_);

    LineOptions line;
    line.protocol = kDaren485.name;
    line.addresses = "1,2,3,4";
    line.baud = kBaud;
    line.ports = {link};
    auto plans = plan_ports(line);
    if (!plans) return plans.error();
    if (auto added = daemon_.add_port(plans->front()); !added) return added;
    if (auto socket = ControlSocket::open(io_, folder_ + "/control",
                                          [this](const nlohmann::json& request, const ControlSocket::Reply& reply) {
                                            serve(daemon_, request, reply);
                                          })) {
      socket_ = std::move(*socket);
    } else {
      return socket.error();
    }
    daemon_.start();
    daemon_.on_change([this](Instant now) { changed(now); });  // not before: the introduction comes first
    return Done{};
  }

  void stop() {
    daemon_.stop();
    if (sim_pump_) sim_pump_->stop();
  }

  bool finished() const { return finished_; }
  std::string table() {
    return battery_table(answer(daemon_, {{"ask", "show"}})["batteries"], {screen_.width(), screen_.color()});
  }

  std::string introduction() const {
    return fmt::format(
        "4 simulated Daren packs on one {} baud line, read by bmsd and published on a private D-Bus:\n  {}\n"
        "Try in another terminal:\n"
        "  dbus-send --bus={} --print-reply --dest=com.victronenergy.battery.ttyDEMO__0x01 /Soc "
        "com.victronenergy.BusItem.GetValue\n"
        "  busctl --address={} call com.victronenergy.battery.ttyDEMO__0x02 / com.victronenergy.BusItem GetItems\n"
        "  {} show --socket {}/control\n",
        kBaud, bus_address_, bus_address_, bus_address_, program(), folder_);
  }

  // Every pack has gone its first complete round and is on the bus.
  bool complete() { return on_bus_ >= kPacks && daemon_.hub().views().size() == static_cast<std::size_t>(kPacks); }

 private:
  void look() {
    if (!once_ || !complete()) return;
    finished_ = true;
    io_.stop();
  }

  void changed(Instant now) {
    look();
    if (once_ || now < next_frame_) return;
    next_frame_ = now + 1s;
    screen_.draw(table() + "\nCtrl-C ends it.\n");
  }

  boost::asio::io_context& io_;
  bool once_;
  std::string folder_, bus_address_;
  SimBus sim_;
  std::unique_ptr<PortEnd> sim_end_;
  std::unique_ptr<Pump> sim_pump_;
  Daemon daemon_;
  std::unique_ptr<VenusSink> venus_;
  std::unique_ptr<ControlSocket> socket_;
  TerminalScreen screen_{stdout};
  Instant next_frame_{};
  int on_bus_ = 0;
  bool finished_ = false;
};

}  // namespace

int command_demo(const DemoOptions& options) {
  const Folder folder;
  if (folder.path().empty())
    return complain("demo", "cannot make a folder for temporary files; set TMPDIR to one that you may write to");
  auto bus = PrivateBus::start(folder.path());
  if (!bus) return complain("demo", describe(bus.error()));

  boost::asio::io_context io(1);
  boost::asio::signal_set signals(io, SIGINT, SIGTERM);
  signals.async_wait([&io](const boost::system::error_code& error, int) {
    if (!error) io.stop();
  });
  Demo demo(io, options.once, folder, (*bus)->address());
  if (auto started = demo.start(); !started) return complain("demo", describe(started.error()));
  if (!options.once) {
    std::printf("%s\n", demo.introduction().c_str());
    std::fflush(stdout);
  }
  io.run();
  if (options.once && demo.finished()) std::printf("%s\n%s", demo.introduction().c_str(), demo.table().c_str());
  demo.stop();
  return options.once && !demo.finished() ? kFailed : kDone;
}

}  // namespace bmsd
