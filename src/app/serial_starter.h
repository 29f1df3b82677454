// A process that Venus's serial-starter began has to end, soon, where no BMS answers: other drivers wait for their turn.
#pragma once

#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <string>

#include "app/daemon.h"

namespace bmsd {

class SerialStarter {
 public:
  // `end` is called with the reason when nothing has answered within 20 s, or 5 s where the type of the BMS is known.
  SerialStarter(boost::asio::io_context& io, const Daemon& daemon, bool type_is_known,
                std::function<void(const std::string&)> end);

 private:
  boost::asio::steady_timer timer_;
};

}  // namespace bmsd
