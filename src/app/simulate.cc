// bmsd simulate: packs on a pseudo-terminal or a real port, at the line's real speed.
#include <fcntl.h>
#include <unistd.h>

#include <fmt/format.h>
#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/streambuf.hpp>
#include <csignal>
#include <cstdio>
#include <fstream>
#include <istream>
#include <nlohmann/json.hpp>
#include <optional>

#include "app/addresses.h"
#include "app/charge_source.h"
#include "app/commands.h"
#include "base/bytes.h"
#include "base/log.h"
#include "io/can.h"
#include "io/open_port.h"
#include "io/pty.h"
#include "io/pump.h"
#include "io/slcan.h"
#include "protocol/registry.h"
#include "sim/bus.h"
#include "sim/console.h"
#include "sim/port_end.h"

namespace bmsd {
namespace {

Error usage(std::string text) { return {Errc::config, "", 0, std::move(text)}; }

// --- The packs ---

// The addresses that were given, then the next free ones until there are as many as --packs says.
Result<std::vector<int>> addresses_of(const SimulateOptions& options, const Protocol& protocol) {
  std::string all;
  for (const std::string& some : options.addresses) all += (all.empty() ? "" : ",") + some;
  auto addresses = parse_addresses(all);
  if (!addresses) return addresses;
  for (int next = protocol.default_address; static_cast<int>(addresses->size()) < options.packs; ++next) {
    if (next > protocol.highest_address) {
      return usage(
          fmt::format("{} has no {} addresses from {} on", protocol.name, options.packs, protocol.default_address));
    }
    if (std::find(addresses->begin(), addresses->end(), next) == addresses->end()) addresses->push_back(next);
  }
  std::sort(addresses->begin(), addresses->end());
  return addresses;
}

// A number that tells simulators apart, so that packs of two of them do not have the same serial number.
unsigned place_of(const SimulateOptions& options) {
  std::uint32_t hash = 2166136261U;  // FNV-1a
  for (const char c : options.link + options.port + options.interface + options.slcan)
    hash = (hash ^ static_cast<std::uint8_t>(c)) * 16777619U;
  return (hash ^ static_cast<std::uint32_t>(options.seed)) % 10000;
}

Status populate(SimBus& bus, const SimulateOptions& options) {
  PackOptions pack;
  std::vector<std::pair<std::string, std::string>> state;
  std::string serial_number;
  for (const std::string& text : options.set) {
    const std::size_t equals = text.find('=');
    if (equals == std::string::npos) return usage("--set " + text + ": say KEY=VALUE");
    const std::string key = text.substr(0, equals), value = text.substr(equals + 1);
    if (key == "serial_number") {
      serial_number = value;
    } else if (PackModel::knows(key) || key == "alarms") {
      state.emplace_back(key, value);
    } else {
      pack.variant[key] = value;
    }
  }
  const auto addresses = addresses_of(options, bus.protocol());
  if (!addresses) return addresses.error();
  if (!serial_number.empty() && addresses->size() > 1) return usage("serial_number can be set for one pack only");
  for (const int address : *addresses) {
    PackModelOptions model;
    model.seed = options.seed * 1000 + static_cast<std::uint64_t>(address);
    Random random(model.seed);  // no two packs alike
    model.soc_percent = random.between(30, 90);
    model.current_a = random.between(-20, 20);
    model.charged = options.charged;
    model.time_factor = options.time_factor.value_or(1);
    pack.address = address;
    pack.serial_number =
        serial_number.empty() ? fmt::format("SIM{:04}{:06}", place_of(options), address) : serial_number;
    if (Status added = bus.add_pack(pack, PackModel(model)); !added) return added;
  }
  for (const auto& [key, value] : state) {
    if (Status set = bus.set(SimBus::kAllPacks, key, value); !set) return set;
  }
  for (const std::string& fault : options.faults) {
    if (Status set = bus.faults().set(fault); !set) return set;
  }
  return Done{};
}

// --- The log of what was sent ---

nlohmann::ordered_json to_json(const PackState& state) {
  return {
      {"voltage_v", state.voltage},
      {"current_a", state.current},
      {"soc_percent", state.soc},
      {"soh_percent", state.soh},
      {"capacity_full_ah", state.capacity_full},
      {"capacity_remaining_ah", state.capacity_remaining},
      {"capacity_design_ah", state.capacity_design},
      {"cycles", state.cycles},
      {"cell_count", state.cell_voltages.size()},
      {"cell_voltages_v", state.cell_voltages},
      {"cell_temperatures_c", state.cell_temperatures},
      {"pack_temperature_c", state.pack_temperature},
      {"mos_temperature_c", state.mos_temperature},
      {"ambient_temperature_c", state.ambient_temperature},
      {"balancing_cells", state.balancing_cells},
      {"charge_fet_on", state.charge_fet},
      {"discharge_fet_on", state.discharge_fet},
      {"max_charge_current_a", state.max_charge_current},
      {"max_discharge_current_a", state.max_discharge_current},
      {"cell_voltage_max_limit_v", state.cell_voltage_max_limit},
      {"cell_voltage_min_limit_v", state.cell_voltage_min_limit},
      {"total_charge_ah", state.total_charge},
      {"total_discharge_ah", state.total_discharge},
      {"total_charge_energy_kwh", state.total_charge_energy},
      {"total_discharge_energy_kwh", state.total_discharge_energy},
      {"alarms", state.alarms},
  };
}

// One line per reply, in the file before the reply's first byte is on the wire: whoever compares finds it there.
Status log_replies(SimBus& bus, const std::string& path) {
  auto file = std::make_shared<std::ofstream>(path, std::ios::trunc);
  if (!*file) return Error{Errc::io, "", 0, path + ": cannot be written"};
  bus.on_reply([file](int address, const PackState& state, Bytes reply, Instant now) {
    nlohmann::ordered_json line = {{"time_s", seconds(now.time_since_epoch())}, {"address", address}};
    line.update(to_json(state));
    std::string text(as_text(reply));
    while (!text.empty() && (text.back() == '\r' || text.back() == '\n')) text.pop_back();
    const bool printable = std::all_of(text.begin(), text.end(), [](char c) { return c >= ' ' && c <= '~'; });
    line["reply"] = printable ? text : to_hex(reply);
    *file << line.dump() << std::endl;
  });
  return Done{};
}

// --- Standard input ---

// Reads lines without blocking, until its end.
class ConsoleReader {
 public:
  using OnLine = std::function<void(const std::string&)>;

  ConsoleReader(boost::asio::io_context& io, OnLine on_line) : input_(io), on_line_(std::move(on_line)) {
    flags_ = ::fcntl(STDIN_FILENO, F_GETFL);
    const int copy = ::dup(STDIN_FILENO);
    if (copy < 0) return;
    std::signal(SIGTTIN, SIG_IGN);  // in the background a read fails instead of stopping the program
    boost::system::error_code error;
    input_.assign(copy, error);
    if (error) {
      ::close(copy);
      return;
    }
    read();
  }
  ~ConsoleReader() {
    boost::system::error_code ignored;
    input_.close(ignored);
    if (flags_ >= 0) ::fcntl(STDIN_FILENO, F_SETFL, flags_);  // Asio has made it non-blocking, for the shell too
  }
  ConsoleReader(const ConsoleReader&) = delete;
  ConsoleReader& operator=(const ConsoleReader&) = delete;

 private:
  void read() {
    boost::asio::async_read_until(input_, buffer_, '\n', [this](const boost::system::error_code& error, std::size_t) {
      if (error == boost::asio::error::operation_aborted) return;
      std::string line;
      std::istream stream(&buffer_);
      if (std::getline(stream, line)) on_line_(line);
      if (!error) read();
    });
  }

  boost::asio::posix::stream_descriptor input_;
  boost::asio::streambuf buffer_{65536};
  OnLine on_line_;
  int flags_ = -1;
};

// --- The command ---

// Where the packs are: one place, that their protocol can be at.
Status check_place(const SimulateOptions& options, const Protocol& protocol) {
  const bool can_bus = protocol.medium == Medium::can;
  if (can_bus && options.interface.empty() == options.slcan.empty())
    return usage(std::string(protocol.name) +
                 " is spoken over CAN: say --interface vcan0, or --slcan PATH for an adapter at a pseudo-terminal");
  if (can_bus && (!options.port.empty() || !options.link.empty()))
    return usage("--port and --link are for serial lines");
  if (!can_bus && (!options.interface.empty() || !options.slcan.empty()))
    return usage(std::string(protocol.name) + " is no protocol of a CAN bus: --interface and --slcan are for those");
  if (!options.port.empty() && !options.link.empty())
    return usage("--link is for a pseudo-terminal, --port is a real port");
  return Done{};
}

int complain(const Error& error) {
  std::fprintf(stderr, "bmsd: %s\n", describe(error).c_str());
  return error.code == Errc::config ? kWrongUsage : kFailed;
}

void say_at_once(const std::string& text) {
  std::printf("%s\n", text.c_str());
  std::fflush(stdout);
}

std::string greeting(const SimBus& bus, const std::string& where) {
  std::string addresses;
  for (const int address : bus.addresses()) {
    addresses += addresses.empty() ? "" : ", ";
    addresses += address < 10 ? std::to_string(address) : hex_address(address);
  }
  return fmt::format("listening on {}: {}, address{} {}; type help for commands", where, bus.protocol().name,
                     bus.addresses().size() == 1 ? "" : "es", addresses);
}

int bitrate(const SimulateOptions& options, const Protocol& protocol) {
  return options.baud != 0 ? options.baud : protocol.speeds.front();
}

SimBusOptions bus_options(const SimulateOptions& options, const Protocol& protocol) {
  SimBusOptions bus;
  bus.protocol = &protocol;
  bus.speed = options.port.empty() ? options.baud : 0;  // a real port has one speed, ours
  if (protocol.medium == Medium::can) bus.speed = bitrate(options, protocol);
  bus.delay = std::chrono::milliseconds(options.delay_ms);
  bus.chunk = 1ms;
  bus.paced_input = !options.port.empty();
  bus.seed = options.seed;
  return bus;
}

// The chargers of the packs: limits of each from bmsd's answer; null: there is none.
void obey(SimBus& bus, const nlohmann::json& answer, const std::string& port) {
  for (const int address : bus.addresses()) bus.pack(address)->obey(limits_in(answer, port, address));
}

}  // namespace

int command_simulate(const SimulateOptions& options) {
  const Protocol* protocol = find_protocol(options.protocol);
  if (protocol == nullptr || protocol->respond == nullptr) {
    return complain(usage(options.protocol + ": no such protocol; bmsd list names them"));
  }
  if (Status fit = check_place(options, *protocol); !fit) return complain(fit.error());
  if (!options.charged && (options.time_factor || options.charge_from))
    return complain(usage("--time-factor and --charge-from are for --model charge"));
  SimBus bus(bus_options(options, *protocol));
  if (Status populated = populate(bus, options); !populated) return complain(populated.error());
  if (!options.log.empty()) {
    if (Status logging = log_replies(bus, options.log); !logging) return complain(logging.error());
  }

  boost::asio::io_context io(1);
  std::unique_ptr<Port> port;
  Console::Cable cable;
  std::string where = options.port, port_name = options.port;
  const bool can_bus = protocol->medium == Medium::can;
  if (!options.interface.empty()) {
    where = port_name = options.interface;
    port = std::make_unique<CanPort>(io, options.interface);
  } else if (options.port.empty()) {
    const std::string& link = can_bus ? options.slcan : options.link;
    auto pty = std::make_unique<Pty>(io, link);
    if (Status plugged = pty->plug(); !plugged) return complain(plugged.error());
    port_name = link.empty() ? pty->slave_path() : link;
    where = link.empty() ? pty->slave_path() : fmt::format("{} ({})", link, pty->slave_path());
    cable.unplug = [&pty = *pty] { return pty.unplug(), Status(Done{}); };
    cable.replug = [&pty = *pty] { return pty.replug(); };
    port = std::move(pty);
    if (can_bus) port = std::make_unique<SlcanDevice>(std::move(port), bitrate(options, *protocol));
  } else {
    auto made = make_port(io, options.port);
    if (!made) return complain(made.error());
    port = std::move(*made);
  }

  const int real_speed = options.baud != 0 ? options.baud : protocol->speeds.empty() ? 0 : protocol->speeds.front();
  PortEnd end(bus, *port, options.port.empty() ? 0 : real_speed);
  int status = kDone;
  PumpHooks hooks;
  bool told = false;
  hooks.opened = [&] {
    if (!std::exchange(told, true)) say_at_once(greeting(bus, where));
  };
  hooks.lost = [&](const Error&) {  // the pump has logged why
    if (told) return;
    status = kFailed;
    io.stop();
  };
  PumpOptions pump_options;
  pump_options.reopen_every = 100ms;
  Pump pump(io, std::move(port), end, where, log_to_stderr(Level::warning), hooks, pump_options);

  Console console(bus, cable);
  ConsoleReader reader(io, [&](const std::string& line) {
    const auto answer = console.execute(line);
    if (!answer) {
      say_at_once("error: " + describe(answer.error()));
    } else if (!answer->empty()) {
      say_at_once(*answer);
    }
    if (console.quit()) io.stop();
  });
  ChargeSource source(io, options.charge_from.value_or(""),
                      [&](const nlohmann::json& answer) { obey(bus, answer, port_name); });
  if (options.charge_from) {
    obey(bus, nullptr, port_name);  // until the first answer
    source.start();
  }
  boost::asio::signal_set signals(io, SIGINT, SIGTERM);
  signals.async_wait([&io](const boost::system::error_code& error, int) {
    if (!error) io.stop();
  });
  pump.start();
  io.run();
  source.stop();
  pump.stop();
  return status;
}

}  // namespace bmsd
