// bmsd run: the daemon.
#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <optional>

#include "app/adapter_memory.h"
#include "app/commands.h"
#include "app/config_path.h"
#include "app/config_source.h"
#include "app/daemon.h"
#include "app/end_within.h"
#include "app/guardian.h"
#include "app/handover.h"
#include "app/held_port.h"
#include "app/log_ring.h"
#include "app/reload.h"
#include "app/serial_starter.h"
#include "app/serve.h"
#include "app/state_keeper.h"
#include "app/status.h"
#include "app/supervision.h"
#include "app/takeover.h"
#include "app/version.h"
#include "io/clock.h"
#include "io/open_port.h"
#include "sink/control_socket.h"
#include "venus/sink.h"

namespace bmsd {
namespace {

constexpr Duration kLeaves = 700ms;  // when what must not be lost is done

using Exit = std::optional<int>;  // the exit status of a daemon that is not to run, or not any more

Level level_of(const std::string& name) {
  if (name == "error") return Level::error;
  if (name == "warning") return Level::warning;
  return name == "debug" ? Level::debug : Level::info;
}

// Each process that serial-starter begins has a file of its own: they would overwrite each other's.
std::string state_path(const RunOptions& options) {
  if (!options.state.empty()) return options.state;
  std::string path = usual_state_path();
  if (!path.empty() && !options.serial_starter.empty()) path += "." + port_name(options.serial_starter);
  return path;
}

class Runner {
 public:
  explicit Runner(const RunOptions& options)
      : options_(options),
        lines_(options.line),
        log_([this, all = log_to_stderr(Level::debug)](Level level, std::string_view text) {
          if (level <= std::max(level_, Level::info)) recent_.add(level, text, wall_now());
          if (level <= level_) all(level, text);
        }),
        daemon_(io_, log_),
        signals_(io_, SIGINT, SIGTERM, SIGHUP) {
    if (started_by_serial_starter()) lines_.ports = {options.serial_starter};
  }

  int run() {
    if (options_.take_over >= 0) {
      auto taken = Takeover::begin(options_.take_over);
      if (!taken) return complain("run", describe(taken.error()));
      takeover_ = std::move(*taken);
    }
    for (const auto step : {&Runner::configure, &Runner::add_ports, &Runner::add_socket}) {
      if (const Exit over = (this->*step)()) return *over;
    }
    prepare_handover();
    supervision_.emplace(io_, Notify::from_environment(guardian()));
    wait_for_signals();
    daemon_.on_change([this](Instant now) {
      learn_adapters();
      if (takeover_) takeover_->look(now);
      if (!keeps()) return;
      if (now - saved_at_ >= StateKeeper::kPause) {
        saved_at_ = now;
        save();
      }
      keeper_->look(now);
    });
    if (takeover_) {
      takeover_->start(io_, daemon_, venus_.get(),
                       {[this] {
                          supervision_->took_over();
                          wait_for_answers();
                        },
                        [this] {
                          if (socket_) socket_->begin();
                        },
                        [this](const std::string& why) { end(why); }});
    }
    daemon_.start();
    if (!takeover_) {  // else it is the old process that is watched, until this one serves
      supervision_->started();
      wait_for_answers();
    }
    io_.run();
    return finish();
  }

  // The process that has taken over, or 0, and the one that watches over whoever runs.
  int successor() const { return handover_ ? handover_->successor() : 0; }
  int guardian() const { return takeover_ ? takeover_->snapshot().guardian : 0; }

 private:
  bool started_by_serial_starter() const { return !options_.serial_starter.empty(); }

  void end(const std::string& why) {
    if (status_) return;
    log_(Level::error, why);
    status_ = kFailed;
    io_.stop();
  }

  int finish() {
    if (handover_->successor() != 0) {
      keep_signals_for_guardian();
      io_.restart();
      io_.poll();  // signals that were caught before and wait in the loop
      if (for_successor_ != 0) ::kill(handover_->successor(), for_successor_);
      daemon_.stop();
      return kDone;
    }
    // First what must not be lost, then what others see, last what may hang.
    const bool keeps_it = keeps();
    if (keeps_it) supervision_->stopping();  // else another process runs on
    handover_->abort();
    if (keeps_it) {
      save(true);
      keeper_->finish();
    }
    end_within(kLeaves, status_.value_or(kDone));
    daemon_.leave_sinks();
    if (keeps_it) keeper_->finish();
    daemon_.stop();
    return status_.value_or(kDone);
  }

  // Whether what survives a restart is this process's to write: of two, it is the one's that serves.
  bool keeps() const { return (!takeover_ || takeover_->in_charge()) && !handover_->has_given(); }

  void open_keeper() {
    if (takeover_ && takeover_->snapshot().state_lock.path == state_path(options_)) {
      const Snapshot& snapshot = takeover_->snapshot();
      if (const int lock = takeover_->take(snapshot.state_lock.descriptor); lock >= 0)
        return void(keeper_.emplace(snapshot.state_lock.path, snapshot.state, StateLock::adopt(lock), log_));
    }
    keeper_.emplace(state_path(options_), log_);
  }

  Exit configure() {
    if (auto usable = plan_ports(lines_); !usable) return wrong_usage("run", describe(usable.error()));
    path_ = config_path(options_.config);
    const auto text = read_config(path_);
    has_file_ = !text || text->has_value();
    if (!options_.config.empty() && !has_file_) return wrong_usage("run", path_ + ": no such file");

    open_keeper();
    ConfigChoice choice = choose_config(path_, text, keeper_->state().good_config);
    set_level(choice.config);
    auto plan = plan_run(lines_, choice.config);
    if (!plan) return wrong_usage("run", describe(plan.error()));
    plan_ = std::move(*plan);
    for (PortPlan& port : plan_.ports) recall_adapter(port, *keeper_);
    report(choice);
    if (plan_.ports.empty() && plan_.excluded.empty()) {
      return complain(
          "run", "name a port: bmsd run /dev/ttyUSB0, or PORTS = /dev/ttyUSB0 in " + path_ + " (bmsd scan finds them)",
          kWrongUsage);
    }
    for (const std::string& port : plan_.excluded) log_(Level::info, port + ": left alone (EXCLUDED_DEVICES)");
    if (plan_.ports.empty()) {
      if (!lines_.ports.empty()) return kDone;  // who named them is told so; it is no fault
      return wrong_usage("run",
                         path_ + ": each of PORTS is in EXCLUDED_DEVICES too, so nothing is left to do; take one out");
    }
    keep_traffic(choice.config);
    take(std::move(choice));
    return std::nullopt;
  }

  void set_level(const Config& config) {
    level_ = options_.log_level.empty() ? config.daemon().logging : level_of(options_.log_level);
  }

  void report(const ConfigChoice& choice) {
    for (const auto& [level, text] : choice.report) log_(level, text);
    for (const std::string& warning : plan_.warnings) log_(Level::warning, warning);
  }

  // Says whether all of it is in force now.
  bool take(ConfigChoice choice) {
    if (choice.good) keeper_->remember_good_config(std::move(*choice.good));
    return daemon_.hub().configure(std::move(choice.config), choice.state, now_monotonic());
  }

  // Beside the state, unless the configuration says otherwise.
  void keep_traffic(const Config& config) {
    const std::string state = state_path(options_);
    TrafficOptions traffic;
    if (!state.empty()) traffic.folder = std::filesystem::absolute(state).parent_path();
    const DaemonConfig daemon = config.daemon();
    traffic.black_boxes = black_boxes_ = black_box_folder(daemon, state);
    traffic.black_box_files = static_cast<std::size_t>(daemon.black_box_files);
    daemon_.keep_traffic(std::move(traffic));
  }

  Exit add_ports() {
    add_bus();
    for (const PortPlan& plan : plan_.ports) {
      // A port that was named on the command line and is missing is a mistake; one that goes later comes back.
      auto opened = std::make_shared<bool>(false);
      const auto lost = [this, opened, plan](const Error& error) {
        if (*opened && !started_by_serial_starter()) return;
        const std::string text = describe_port_error(error, plan.port);
        if (!plan.waited_for) return end(text);
        log_(Level::warning, text + "; waiting for it");
      };
      if (auto added = daemon_.add_port(plan, {.log_first_failure = false}, lost, [opened] { *opened = true; }); !added)
        return wrong_usage("run", describe(added.error()));
      if (takeover_) takeover_->give_port(daemon_, daemon_.line_count() - 1);
    }
    return std::nullopt;
  }

  void add_bus() {
    if (options_.bus == "none") return;
    VenusOptions bus;
    bus.bus = options_.bus;
    bus.process_version = kVersion;
    bus.unix_time = [] { return wall_now().seconds; };
    bus.wait_for_settings = std::filesystem::exists("/etc/venus");
    bus.recall = [this](std::string_view identity) { return keeper_->recall(identity); };
    bus.remember = [this](std::string_view identity, const Kept& kept) { keeper_->remember(identity, kept); };
    bus.change = [this](std::string_view id, const Change& change, const std::function<void(bool)>& done) {
      daemon_.change(id, change, [done](const Result<double>& said) { done(said.ok()); });
    };
    Hub& hub = daemon_.hub();
    bus.surroundings = [&hub](std::string_view id, const Surroundings& known) { hub.set_surroundings(id, known); };
    bus.clear_history = [&hub](std::string_view id, int group) {
      return hub.clear_history(id, group, now_monotonic());
    };
    bus.date_soc_reset = [&hub](std::string_view id, std::int64_t unix_time) {
      return hub.set_soc_reset_last_reached(id, unix_time, now_monotonic());
    };
    bus.set_counted_soc = [&hub](std::string_view id, double percent) {
      return hub.set_counted_soc(id, percent, now_monotonic());
    };
    bus.restored = [&hub](std::string_view id, const Kept& kept) { hub.restore(id, kept); };
    bus.takes_over = takeover_ != nullptr;
    bus.inherited_lock = [this](const std::string& path) {
      return takeover_ ? takeover_->take_instance_lock(path) : -1;
    };
    if (options_.bus != "system" && options_.bus != "session") bus.lock_folder.clear();  // a bus of somebody's own
    venus_ = std::make_unique<VenusSink>(io_, bus, log_, [this](const std::string& service, std::string_view id) {
      log_(Level::info, fmt::format("{} is on the bus as {}", id, service));
    });
    daemon_.hub().add_sink(*venus_);
  }

  // What batteries have come to, to where it survives a restart.
  void save(bool at_the_end = false) {
    if (!venus_) return;
    for (const auto& [id, kept] : daemon_.hub().kept(at_the_end)) venus_->save(id, kept);
  }

  Exit add_socket() {
    const ControlSocket::Handler handler = [this](const nlohmann::json& request, const ControlSocket::Reply& reply) {
      if (request["ask"] == "restart") return restart(request, reply);
      if (request["ask"] == "log") return reply(recent_.json());
      if (request["ask"] == "status") return reply(status(request));
      serve(daemon_, request, reply);
    };
    const int inherited = takeover_ ? takeover_->take(takeover_->snapshot().control_socket) : -1;
    if (inherited >= 0) {
      socket_ = ControlSocket::adopt(io_, options_.socket, inherited, handler);
      return std::nullopt;
    }
    auto made = ControlSocket::open(io_, options_.socket, handler);
    if (made) {
      socket_ = std::move(*made);
      return std::nullopt;
    }
    if (!options_.socket.empty()) return complain("run", describe(made.error()));
    log_(Level::warning, describe(made.error()) + "; going on without: show and watch cannot ask this process");
    return std::nullopt;
  }

  void prepare_handover() {
    handover_.emplace(io_,
                      Handover::Owner{daemon_, venus_.get(), socket_.get(), *keeper_, guardian(),
                                      [this] { save(true); }, [this] { io_.stop(); }},
                      log_);
  }

  void restart(const nlohmann::json& request, const ControlSocket::Reply& reply) {
    const auto with = request.find("with");
    const std::string binary = with != request.end() && with->is_string() ? with->get<std::string>() : "";
    handover_->begin(binary, [reply](const Result<Handover::Success>& result) {
      reply(result ? nlohmann::json{{"pid", result->pid}, {"version", result->version}}
                   : nlohmann::json{{"ok", false}, {"error", describe(result.error())}});
    });
  }

  nlohmann::json status(const nlohmann::json& request) {
    nlohmann::json status = answer(daemon_, request);
    const auto add = [&status](const char* key, const std::string& path) {
      if (!path.empty()) status[key] = std::filesystem::absolute(path).string();
    };
    add("config", path_);
    add("state", state_path(options_));
    add("black_boxes", black_boxes_);
    return status;
  }

  // Once of each line, when its packs are known.
  void learn_adapters() {
    learned_.resize(plan_.ports.size());
    for (std::size_t i = 0; i < plan_.ports.size(); ++i) {
      if (learned_[i] || daemon_.line(i).detection() != nullptr || daemon_.line(i).pack_count() == 0) continue;
      learned_[i] = true;
      remember_adapter(plan_.ports[i], daemon_.line(i), *keeper_);
    }
  }

  void wait_for_answers() {
    if (started_by_serial_starter())
      starter_.emplace(io_, daemon_, plan_.ports.front().type_known, [this](const std::string& why) { end(why); });
  }

  void wait_for_signals() {
    signals_.async_wait([this](const boost::system::error_code& error, int number) {
      if (error) return;
      if (handover_->has_given()) for_successor_ = number;
      if (number == SIGHUP) {
        if (successor() == 0) reload();
        return wait_for_signals();
      }
      if (!status_) status_ = kDone;
      io_.stop();
    });
  }

  void reload() {
    supervision_->reloading();
    read_again();
    supervision_->reloaded();
  }

  void read_again() {
    auto text = read_config(path_);
    if (text && !text->has_value() && has_file_) text = Error{Errc::io, "config", 0, path_ + ": is gone"};
    ConfigChoice choice = choose_config(path_, text, keeper_->state().good_config);
    set_level(choice.config);
    auto plan = plan_run(lines_, choice.config);
    if (!plan) return log_(Level::error, describe(plan.error()));
    const Changes changes = compare(plan_, *plan);
    plan_.warnings = std::move(plan->warnings);
    report(choice);
    for (const auto& [port, interval] : changes.intervals) set_interval(port, interval);
    for (const std::string& key : changes.after_restart) later(key);
    if (!take(std::move(choice))) later("BATTERY_CELL_DATA_FORMAT");
    has_file_ = !text || text->has_value();
    log_(Level::info, path_ + ": read again");
  }

  void later(const std::string& key) { log_(Level::warning, key + ": takes effect after a restart"); }

  void set_interval(const std::string& port, Duration interval) {
    daemon_.set_interval(port, interval);
    for (PortPlan& plan : plan_.ports) {
      if (plan.port == port) plan.line.interval = interval;
    }
  }

  const RunOptions& options_;
  LineOptions lines_;
  Level level_ = Level::info;
  LogRing recent_;
  Log log_;
  boost::asio::io_context io_{1};
  std::string black_boxes_;  // their folder
  std::string path_;         // of the configuration
  bool has_file_ = false;    // it was there
  std::optional<StateKeeper> keeper_;
  RunPlan plan_;               // what is running
  std::vector<bool> learned_;  // of each port
  Daemon daemon_;
  std::unique_ptr<VenusSink> venus_;
  std::unique_ptr<ControlSocket> socket_;
  std::optional<SerialStarter> starter_;
  std::unique_ptr<Takeover> takeover_;  // this process takes another one's place
  std::optional<Handover> handover_;    // and may give its own to one
  std::optional<Supervision> supervision_;
  boost::asio::signal_set signals_;
  Instant saved_at_{};
  int for_successor_ = 0;  // a signal that came when the new process had been given everything
  Exit status_;
};

}  // namespace

int command_run(const RunOptions& options) {
  int status = kDone, successor = 0, guardian = 0;
  {
    Runner runner(options);
    status = runner.run();
    successor = runner.successor();
    guardian = runner.guardian();
  }
  return successor == 0 ? status : give_way(successor, guardian);
}

}  // namespace bmsd
