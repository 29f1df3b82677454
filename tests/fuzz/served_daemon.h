// A daemon with simulated packs in virtual time, and the control socket that serves it as bmsd run has it. The file that includes
// this is the program's clock.
#pragma once

#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "app/daemon.h"
#include "app/log_ring.h"
#include "app/serve.h"
#include "app/status.h"
#include "fuzz_input.h"
#include "io/clock.h"
#include "protocol/daly_uart.h"
#include "sim/bus.h"
#include "sim/virtual_wire.h"
#include "sink/control_socket.h"

namespace bmsd {

inline Instant virtual_now{};
inline constexpr std::int64_t kVirtualUnixTime = 1'790'000'000;

Instant now_monotonic() { return virtual_now; }
std::int64_t unix_microseconds() { return kVirtualUnixTime * 1'000'000 + virtual_now.time_since_epoch().count(); }
WallTime wall_now() { return {unix_microseconds() / 1'000'000}; }

class ServedDaemon {
 public:
  // A port that is never opened, and a line with so many packs.
  ServedDaemon(std::string_view config, std::size_t packs)
      : line_(plan(packs)), machine_(*this), wire_(machine_, bus_) {
    virtual_now = {};
    demand(daemon_.add_port({.port = "tcp://127.0.0.1:1", .line = plan(1)}).ok());
    for (std::size_t i = 0; i < packs; ++i) {
      PackOptions pack;
      pack.address = kDalyUart.default_address + static_cast<int>(i);
      demand(bus_.add_pack(pack, PackModel(PackModelOptions{})).ok());
    }
    daemon_.hub().add_line(line_, {"/dev/nowhere1", "nowhere1", true, false});
    daemon_.hub().configure(Config::parse(config), ConfigState::fine, virtual_now);
    if (packs > 0) wire_.open(9600);
    for (int left = 20; left > 0 && daemon_.hub().views().size() < packs; --left) pass(1s);
    demand(daemon_.hub().views().size() == packs);
    const auto path = std::filesystem::temp_directory_path() / ("bmsd-fuzz-" + std::to_string(::getpid())) / "control";
    auto socket = ControlSocket::open(io_, path.string(),
                                      [this](const auto& request, const auto& reply) { serve_one(request, reply); });
    demand(socket.ok());
    socket_ = std::move(*socket);
  }

  const std::string& path() const { return socket_->path(); }
  std::size_t asked() const { return asked_; }  // requests that came through
  bool all_answered() const { return pending_ == 0; }

  // Everything that can be done at this instant.
  void run() {
    restarts_are_answered();
    io_.poll();
  }

  void pass(Duration duration) {
    for (const Instant end = virtual_now + duration; virtual_now < end;) {
      const Instant next = std::min(end, virtual_now + 1s);
      // The clock goes with the wire.
      wire_.run_until(next);
      virtual_now = next;
      daemon_.hub().set_time(wall_now(), virtual_now);
      daemon_.hub().tick(virtual_now);
    }
  }

 private:
  using Json = nlohmann::json;

  // As io does.
  class Collected : public Machine {
   public:
    explicit Collected(ServedDaemon& owner) : owner_(owner) {}
    void opened(int baud, Instant now) override { owner_.line_.opened(baud, at(now)); }
    void closed(Instant now) override { owner_.line_.closed(at(now)); }
    void received(Bytes bytes, Instant now) override { owner_.line_.received(bytes, at(now)); }
    std::optional<Instant> deadline() const override { return owner_.line_.deadline(); }
    std::optional<Action> next(Instant now) override {
      auto action = owner_.line_.next(at(now));
      owner_.daemon_.hub().collect(now);
      return action;
    }

   private:
    static Instant at(Instant now) { return virtual_now = now; }
    ServedDaemon& owner_;
  };

  static LinePlan plan(std::size_t packs) {
    LinePlan plan;
    plan.protocols = {&kDalyUart};
    plan.baud = 9600;
    for (std::size_t i = 0; i < packs; ++i) plan.addresses.push_back(kDalyUart.default_address + static_cast<int>(i));
    return plan;
  }

  Json shown() { return answer(daemon_, {{"ask", "show"}}); }

  // What only asks changes nothing.
  void serve_one(const Json& request, const ControlSocket::Reply& reply) {
    ++asked_;
    ++pending_;
    const auto counted = [this, reply, once = std::make_shared<bool>(false)](const Json& said) {
      demand(!std::exchange(*once, true));
      --pending_;
      reply(said);
    };
    if (request["ask"] == "restart") return restarts_.push_back(counted);
    if (request["ask"] == "log") return counted(recent_.json());
    const bool changes = request["ask"] == "set" && !(request.contains("check") && request["check"] == true);
    if (changes) return serve(daemon_, request, counted);
    const Json before = shown();
    serve(daemon_, request, counted);
    demand(shown() == before);
  }

  void restarts_are_answered() {
    for (const auto& reply : std::exchange(restarts_, {})) reply({{"ok", false}, {"error", "not here"}});
  }

  boost::asio::io_context io_{1};
  LogRing recent_;
  Daemon daemon_{io_, [this](Level level, std::string_view text) { recent_.add(level, text, wall_now()); }};
  SimBus bus_{{.protocol = &kDalyUart}};
  Line line_;
  Collected machine_;
  VirtualWire wire_;
  std::unique_ptr<ControlSocket> socket_;
  std::vector<ControlSocket::Reply> restarts_;
  std::size_t asked_ = 0, pending_ = 0;
};

}  // namespace bmsd
