#include "app/serial_starter.h"

#include <fmt/format.h>

#include <chrono>
#include <utility>

namespace bmsd {

SerialStarter::SerialStarter(boost::asio::io_context& io, const Daemon& daemon, bool type_is_known,
                             std::function<void(const std::string&)> end)
    : timer_(io) {
  const int patience = type_is_known ? 5 : 20;
  timer_.expires_after(std::chrono::seconds(patience));
  timer_.async_wait([&daemon, patience, end = std::move(end)](const boost::system::error_code& error) {
    if (!error && !daemon.hub().anybody_answered()) end(fmt::format("no BMS answered within {} s", patience));
  });
}

}  // namespace bmsd
