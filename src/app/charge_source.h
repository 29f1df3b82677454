// The charger of simulated packs obeys a running bmsd: it asks the control socket for CVL, CCL and DCL.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/streambuf.hpp>
#include <functional>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "sim/charge_plant.h"

namespace bmsd {

// What bmsd's answer to {"ask":"show"} allows the battery at `address` of the line that is called `port` (whatever leads
// there); a battery without an address is the one of its line. Nothing: it is not there, or not all of its limits are.
std::optional<ChargeLimits> limits_in(const nlohmann::json& answer, const std::string& port, int address);

// Asks twice a second. Without an answer for 10 s there are no limits: a charger stops then, too.
class ChargeSource {
 public:
  // Gets each answer, and null when there has been none for too long.
  using OnAnswer = std::function<void(const nlohmann::json& answer)>;

  // `socket` empty: the usual place.
  ChargeSource(boost::asio::io_context& io, std::string socket, OnAnswer on_answer);

  void start() { connect(); }
  void stop();

 private:
  void connect();
  void ask();
  void retry(bool failed);

  std::string path_;
  OnAnswer on_answer_;
  boost::asio::local::stream_protocol::socket socket_;
  boost::asio::steady_timer timer_;
  boost::asio::streambuf buffer_{16 * 1024 * 1024};
  int failures_ = 0;
  bool stopped_ = false;
};

}  // namespace bmsd
