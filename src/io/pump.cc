#include "io/pump.h"

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <optional>
#include <utility>
#include <variant>

#include "io/clock.h"

namespace bmsd {
namespace {

using Code = boost::system::error_code;
using SteadyTime = std::chrono::steady_clock::time_point;

constexpr Duration kWorthHolding = 3ms;  // a hold costs system calls too

SteadyTime steady(Instant at) { return SteadyTime(at.time_since_epoch()); }

}  // namespace

class Pump::State : public std::enable_shared_from_this<State> {
 public:
  State(boost::asio::io_context& io, std::unique_ptr<Port> port, Machine& machine, std::string name, Log log,
        PumpHooks hooks, PumpOptions options)
      : port_(std::move(port)),
        machine_(machine),
        name_(std::move(name)),
        log_(std::move(log)),
        hooks_(std::move(hooks)),
        options_(options),
        machine_timer_(io),
        open_timer_(io) {}

  void start() {
    if (running_) return;
    running_ = true;
    open();
    if (running_ && !open_) pump(now_monotonic());  // it has deadlines from the beginning
  }

  void stop() {
    halt();
    port_->close();
  }

  int lend() {
    halt();
    return port_->lend();
  }

  void poke() {
    if (running_) pump(now_monotonic());
  }

  bool is_open() const { return open_; }
  Port& port() { return *port_; }

 private:
  void halt() {
    running_ = open_ = false;
    armed_.reset();
    machine_timer_.cancel();
    open_timer_.cancel();
  }

  void open() {
    const std::weak_ptr<State> weak = weak_from_this();
    const auto when_running = [weak](auto action) {
      const std::shared_ptr<State> self = weak.lock();
      if (self && self->running_) action(*self);
    };
    port_->open({
        .opened = [=](Status status) { when_running([&](State& self) { self.on_opened(status); }); },
        .bytes = [=](Bytes bytes) { when_running([&](State& self) { self.on_bytes(bytes); }); },
        .closed = [=](const Error& error) { when_running([&](State& self) { self.on_lost(error); }); },
    });
  }

  void on_opened(const Status& status) {
    if (!status) return on_lost(status.error());
    open_ = was_open_ = true;
    told_lost_ = false;
    if (!logged_lost_) log(Level::debug, name_ + ": opened");
    const Instant now = now_monotonic();
    machine_.opened(port_->speed(), now);
    if (hooks_.opened) hooks_.opened();
    pump(now);
  }

  void on_bytes(Bytes bytes) {
    if (std::exchange(logged_lost_, false)) log(Level::info, name_ + ": back");
    const Instant now = now_monotonic();
    machine_.received(bytes, now);
    pump(now);
    if (!open_) return;
    const std::optional<Instant> calm = machine_.no_hurry_before();
    if (calm && *calm - now >= kWorthHolding) port_->hold_until(*calm);
  }

  void on_lost(const Error& error) {
    const Instant now = now_monotonic();
    if (options_.reopen) open_later();
    const bool told_by_hook = !was_open_ && !options_.log_first_failure;
    if (!told_by_hook && !std::exchange(logged_lost_, true)) log(Level::warning, describe(error));
    if (std::exchange(open_, false)) machine_.closed(now);
    if (!std::exchange(told_lost_, true) && hooks_.lost) hooks_.lost(error);
    pump(now);
  }

  void open_later() {
    open_timer_.expires_after(options_.reopen_every);
    open_timer_.async_wait([weak = weak_from_this()](const Code& error) {
      const std::shared_ptr<State> self = weak.lock();
      if (!error && self && self->running_ && !self->open_) self->open();
    });
  }

  void pump(Instant now) {
    while (running_) {
      std::optional<Action> action = machine_.next(now);
      if (!action) break;
      perform(*action);
    }
    if (running_ && hooks_.after_event) hooks_.after_event(now);
    if (running_) wait();
  }

  void perform(const Action& action) {
    if (const auto* send = std::get_if<SendBytes>(&action)) {
      if (open_) port_->write(send->bytes);
      return;
    }
    if (const auto* filter = std::get_if<SetFilter>(&action)) return port_->filter(filter->ids);
    const int baud = std::get<SetSpeed>(action).baud;
    if (Status set = port_->set_speed(baud); !set) log(Level::warning, describe(set.error()));
  }

  // Arming a timer costs system calls: one that is due earlier stays, and looks again when it fires.
  void wait() {
    const std::optional<Instant> deadline = machine_.deadline();
    if (!deadline || (armed_ && *armed_ <= *deadline)) return;
    armed_ = deadline;
    machine_timer_.expires_at(steady(*deadline));
    machine_timer_.async_wait([weak = weak_from_this()](const Code& error) {
      const std::shared_ptr<State> self = weak.lock();
      if (error || !self || !self->running_) return;
      self->armed_.reset();
      self->pump(now_monotonic());
    });
  }

  void log(Level level, const std::string& text) const {
    if (log_) log_(level, text);
  }

  std::unique_ptr<Port> port_;
  Machine& machine_;
  std::string name_;
  Log log_;
  PumpHooks hooks_;
  PumpOptions options_;
  boost::asio::steady_timer machine_timer_, open_timer_;
  std::optional<Instant> armed_;  // when the machine's timer fires
  bool running_ = false;
  bool open_ = false;
  bool was_open_ = false;
  bool told_lost_ = false;    // the owner knows
  bool logged_lost_ = false;  // the log says so, and no byte came since
};

Pump::Pump(boost::asio::io_context& io, std::unique_ptr<Port> port, Machine& machine, std::string name, Log log,
           PumpHooks hooks, PumpOptions options)
    : state_(std::make_shared<State>(io, std::move(port), machine, std::move(name), std::move(log), std::move(hooks),
                                     options)) {}

Pump::~Pump() { state_->stop(); }

// Each keeps the state while it runs: a hook may destroy the pump.
void Pump::start() { std::shared_ptr(state_)->start(); }
void Pump::stop() { std::shared_ptr(state_)->stop(); }
int Pump::lend() { return std::shared_ptr(state_)->lend(); }
void Pump::poke() { std::shared_ptr(state_)->poke(); }

bool Pump::is_open() const { return state_->is_open(); }
Port& Pump::port() { return state_->port(); }

}  // namespace bmsd
