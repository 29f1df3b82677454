// bmsd scan: which BMS answers where.
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "app/addresses.h"
#include "app/commands.h"
#include "app/daemon.h"
#include "app/held_port.h"
#include "base/bytes.h"
#include "io/can.h"
#include "io/open_port.h"
#include "io/usb_ports.h"
#include "line/detection.h"
#include "protocol/registry.h"
#include "sink/json.h"

namespace bmsd {
namespace {

std::vector<std::string> serial_adapters() {
  std::vector<std::string> ports;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator("/dev", error)) {
    const std::string name = entry.path().filename();
    for (const char* prefix : {"ttyUSB", "ttyACM", "ttyAMA", "ttyS_", "ttymxc", "ttyO"}) {
      if (name.rfind(prefix, 0) == 0) ports.push_back(entry.path());
    }
  }
  std::sort(ports.begin(), ports.end());
  return ports;
}

// Those that the protocol can be on, where one is named.
std::vector<std::string> ports_of_this_machine(const std::string& protocol) {
  const Protocol* named = find_protocol(protocol);
  std::vector<std::string> ports;
  if (named == nullptr || named->medium != Medium::can) ports = serial_adapters();
  if (named != nullptr && named->medium != Medium::can) return ports;
  for (const std::string& bus : can_interfaces()) ports.push_back(is_can_port(bus) ? bus : "can:" + bus);
  return ports;
}

// The search on one port.
struct Search {
  std::string port;
  Detection detection;
  std::unique_ptr<Pump> pump;
  std::string error;
  std::size_t printed = 0;  // of what was found

  bool ended() const { return detection.finished() || !error.empty(); }
};

class Scanner {
 public:
  // `print_found`: told of each pack as soon as it is found.
  using PrintFound = std::function<void(const std::string& port, const Found& found)>;
  Scanner(boost::asio::io_context& io, PrintFound print_found)
      : io_(io), print_found_(std::move(print_found)), ticker_(io) {}

  Status add(const PortPlan& plan, bool all_addresses) {
    auto port = make_port(io_, plan.port);
    if (!port) return port.error();
    DetectionOptions options;
    options.space = {plan.line.protocols, plan.line.baud, plan.line.addresses, all_addresses, {}};
    searches_.push_back(std::unique_ptr<Search>(new Search{plan.port, Detection(std::move(options)), nullptr, {}, 0}));
    Search& search = *searches_.back();
    PumpHooks hooks;
    hooks.after_event = [this](Instant) { look(); };
    hooks.lost = [this, &search](const Error& error) {
      search.error = describe_port_error(error, search.port);
      look();
    };
    search.pump = std::make_unique<Pump>(io_, std::move(*port), search.detection, plan.port,
                                         log_to_stderr(Level::error), std::move(hooks), PumpOptions{false, 1s});
    return Done{};
  }

  void run() {
    for (const auto& search : searches_) search->pump->start();
    show_progress_later();
    io_.run();
    for (const auto& search : searches_) search->pump->stop();
    if (terminal_) std::fprintf(stderr, "\r\033[K");
  }

  const std::vector<std::unique_ptr<Search>>& searches() const { return searches_; }

  // What to call a port so that it is the same one when it was plugged in anew; empty: there is no such name.
  std::string stable_name_of(const std::string& port) const {
    const std::string device = device_of(port).value_or(port);
    const std::string name = stable_name(std::string_view(device).substr(device.rfind('/') + 1), adapters_);
    return name.empty() || !is_can_port(port) ? name : "slcan:" + name;
  }

 private:
  void look() {
    for (const auto& search : searches_) {
      const auto& found = search->detection.found();
      for (; search->printed < found.size(); ++search->printed) {
        if (!print_found_) continue;
        if (terminal_) std::fprintf(stderr, "\r\033[K");
        print_found_(search->port, found[search->printed]);
      }
    }
    const bool over =
        std::all_of(searches_.begin(), searches_.end(), [](const auto& search) { return search->ended(); });
    if (over) io_.stop();
  }

  void show_progress_later() {
    if (!terminal_) return;
    ticker_.expires_after(std::chrono::milliseconds(200));
    ticker_.async_wait([this](const boost::system::error_code& error) {
      if (error) return;
      for (const auto& search : searches_) {
        if (search->ended()) continue;
        std::fprintf(stderr, "\r\033[K%s: %s  (%zu of %zu, %zu found)", search->port.c_str(),
                     search->detection.now_trying().c_str(), search->detection.tried() + 1,
                     search->detection.candidates(), search->detection.found().size());
        break;
      }
      std::fflush(stderr);
      show_progress_later();
    });
  }

  boost::asio::io_context& io_;
  PrintFound print_found_;
  boost::asio::steady_timer ticker_;
  std::vector<std::unique_ptr<Search>> searches_;
  std::vector<UsbPort> adapters_ = usb_ports();
  bool terminal_ = ::isatty(STDERR_FILENO) == 1;
};

std::string serial_of(const Found& found) {
  const std::string& serial = found.battery.text(Text::serial_number);
  return serial.empty() && !found.battery.identities().empty() ? found.battery.identities().front() : serial;
}

nlohmann::json found_json(const Search& search, const Found& found, const std::string& stable_port) {
  nlohmann::json json = {
      {"port", search.port},      {"protocol", found.protocol->name},   {"baud", found.baud},
      {"address", found.address}, {"proven_twice", found.second_proof}, {"seconds", seconds(found.after)}};
  if (!stable_port.empty()) json["stable_port"] = stable_port;
  if (const std::string serial = serial_of(found); !serial.empty()) json["serial_number"] = serial;
  if (const std::string& hardware = found.battery.text(Text::hardware); !hardware.empty()) json["hardware"] = hardware;
  for (const Field field : {Field::voltage, Field::cell_count}) {
    if (const auto value = found.battery.get(field)) json[info(field).key] = *value;
  }
  return json;
}

nlohmann::json nothing_json(const Search& search) {
  nlohmann::json json = {{"port", search.port}, {"error", search.detection.diagnosis()}};
  if (const MasterWatch::Master* master = search.detection.master()) {
    json["master"] = {{"protocol", master->protocol->name}, {"baud", master->baud}, {"asks", master->asked}};
  }
  return json;
}

int print_json(const Scanner& scan) {
  nlohmann::json found = nlohmann::json::array(), failed = nlohmann::json::array();
  for (const auto& search : scan.searches()) {
    for (const Found& one : search->detection.found())
      found.push_back(found_json(*search, one, scan.stable_name_of(search->port)));
    if (!search->error.empty()) failed.push_back({{"port", search->port}, {"error", search->error}});
    if (search->error.empty() && search->detection.found().empty()) failed.push_back(nothing_json(*search));
  }
  std::printf("%s\n", json_text({{"found", found}, {"nothing_found", failed}}, 2).c_str());
  return found.empty() ? kFailed : kDone;
}

// The packs of each protocol: "1,2" of "daren-485".
std::vector<std::pair<std::string_view, std::string>> by_protocol(const std::vector<Found>& found) {
  std::vector<std::pair<std::string_view, std::string>> groups;
  for (const Found& one : found) {
    auto group = std::find_if(groups.begin(), groups.end(),
                              [&one](const auto& known) { return known.first == one.protocol->name; });
    if (group == groups.end()) group = groups.insert(groups.end(), {one.protocol->name, ""});
    group->second += (group->second.empty() ? "" : ",") + hex_address(one.address);
  }
  return groups;
}

void print_how_to_run(const Search& search) {
  const auto groups = by_protocol(search.detection.found());
  const int baud = search.detection.found().front().baud;
  if (groups.size() == 1) {
    fmt::print("\nTo run it: bmsd run --protocol {} --address {} --baud {} {}\n", groups.front().first,
               groups.front().second, baud, search.port);
    return;
  }
  std::string packs;
  for (const auto& [protocol, addresses] : groups)
    packs += fmt::format("{}{}@{}", packs.empty() ? "" : "; ", protocol, addresses);
  fmt::print("\nTo run them, in config.ini:\n[line {}]\nPACKS = {}\nBAUD = {}\n", search.port, packs, baud);
}

// A row of the table, with its head before the first one.
void print_row(bool first, const std::string& port, const Found& found) {
  if (first)
    fmt::print("{:<24} {:<18} {:>6}  {:<7} {:>5} {:>8}  {}\n", "Port", "Protocol", "Baud", "Address", "Cells",
               "Voltage", "Serial number");
  fmt::print("{:<24} {:<18} {:>6}  {:<7} {:>5.0f} {:>6.2f} V  {}{}\n", port, found.protocol->name, found.baud,
             hex_address(found.address), found.battery.get(Field::cell_count).value_or(0),
             found.battery.get(Field::voltage).value_or(0), serial_of(found),
             found.second_proof ? "" : "  (proven by one exchange only)");
  std::fflush(stdout);
}

// What is to be said when the search is over.
int print_end(const Scanner& scan) {
  bool any = false;
  for (const auto& search : scan.searches()) any = any || !search->detection.found().empty();
  for (const auto& search : scan.searches()) {
    if (!search->error.empty()) {
      std::fprintf(stderr, "bmsd scan: %s\n", search->error.c_str());
    } else if (search->detection.found().empty()) {
      std::fprintf(stderr, "bmsd scan: nothing found on %s: %s\n", search->port.c_str(),
                   search->detection.diagnosis().c_str());
      continue;
    } else {
      print_how_to_run(*search);
      if (const std::string name = scan.stable_name_of(search->port); !name.empty() && name != search->port) {
        fmt::print("This adapter is always {}, whatever number it gets: use that as the PORT\n", name);
      }
    }
  }
  return any ? kDone : kFailed;
}

}  // namespace

int command_scan(const ScanOptions& options) {
  LineOptions lines = options.line;
  if (lines.ports.empty()) lines.ports = ports_of_this_machine(lines.protocol);
  if (lines.ports.empty())
    return complain("scan", "no serial adapter in /dev and no CAN interface; plug one in or name a port");
  auto plans = plan_ports(lines);
  if (!plans) return wrong_usage("scan", describe(plans.error()));

  boost::asio::io_context io(1);
  bool first = true;
  const auto print = [&first](const std::string& port, const Found& found) {
    print_row(std::exchange(first, false), port, found);
  };
  Scanner scanner(io, options.json ? Scanner::PrintFound() : print);
  for (const PortPlan& plan : *plans) {
    if (auto added = scanner.add(plan, options.all_addresses); !added)
      return wrong_usage("scan", describe(added.error()));
  }
  boost::asio::signal_set signals(io, SIGINT, SIGTERM);
  bool interrupted = false;
  signals.async_wait([&](const boost::system::error_code& error, int) {
    if (error) return;
    interrupted = true;
    io.stop();
  });
  scanner.run();
  const int status = options.json ? print_json(scanner) : print_end(scanner);
  return interrupted ? kFailed : status;
}

}  // namespace bmsd
