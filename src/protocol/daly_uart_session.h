// The talk with one Daly board: what is asked, and whether a frame answers it.
#pragma once

#include <array>

#include "protocol/daly_uart_data.h"
#include "protocol/daly_uart_frame.h"
#include "protocol/protocol.h"

namespace bmsd::daly {

// The exchange of a command; -1 for one that is never asked here.
int exchange_of(std::uint8_t command);

// Why a frame does not answer this request; nothing if it does.
std::optional<Error> misfit(const DalyFrame& asked, const DalyFrame& reply);

// The data of command 21. `clock`: year since 2000, month, day, hour, minute, second; `soc`: percent.
ByteVector with_soc(ByteVector clock, double soc);

class DalySession final : public Session {
 public:
  // Reads INVERT_CURRENT_MEASUREMENT and BATTERY_CAPACITY of the configuration, and of a vector `current_polarity`,
  // `cell_count` and `sensor_count`.
  explicit DalySession(const OpenOptions& options);

  std::optional<Request> request(std::uint8_t exchange) override;
  Result<Request> change(const Change& change) override;
  Result<Reading> decode(const Heard& heard) override;
  void failed(std::uint8_t exchange, const Error& error) override;

  // `frames`: all that was heard, in the order of arrival; what answers something else is passed over.
  Result<Reading> decode_reply(const DalyFrame& asked, std::span<const DalyFrame> frames);

 private:
  bool counts_are_due();
  void settle(std::uint8_t command);
  bool given_up(std::uint8_t exchange) const;

  std::uint8_t address_;
  Memory memory_;
  int rounds_since_counts_ = 0;
  bool counts_doubtful_ = false;  // another pack may have come in its place, or they were misheard
  std::vector<int> misses_;       // per exchange, since its last good reply
  std::vector<bool> answered_;    // per exchange, ever
};

// Of Protocol: one reply as it stands in a vector, and the request that a vector describes.
Result<Reading> decode_vector(Bytes request, Bytes response, std::span<const Param> params);
Result<ByteVector> encode_vector(std::span<const Param> input);

}  // namespace bmsd::daly
