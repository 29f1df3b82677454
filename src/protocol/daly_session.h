// The talk with one Daly board: what is asked, and whether a frame answers it. The same on UART and on CAN but for how
// frames look.
#pragma once

#include "protocol/daly_uart_data.h"
#include "protocol/daly_uart_frame.h"
#include "protocol/protocol.h"

namespace bmsd::daly {

// What a medium makes of it.
struct Dialect {
  Result<DalyFrame> (*parse)(Bytes frame);
  ByteVector (*encode)(std::uint8_t address, std::uint8_t command, Bytes data);
  // Why a frame does not answer this request; nothing if it does.
  std::optional<Error> (*misfit)(const DalyFrame& asked, const DalyFrame& reply);
  bool skips_foreign;            // what is no frame of this protocol is passed over, not damage
  std::uint8_t default_address;  // of requests
  std::string_view hardware;     // what a board is called in front of its number of cells
  bool named_by_date;            // a board without a battery code is called by its date of production and capacity
  bool writes;                   // what is written is known for certain; else nothing ever is
};

// The data of command 21. `clock`: year since 2000, month, day, hour, minute, second; `soc`: percent.
ByteVector with_soc(ByteVector clock, double soc);

class DalySession final : public Session {
 public:
  // Reads INVERT_CURRENT_MEASUREMENT and BATTERY_CAPACITY of the configuration, and of a vector `current_polarity`,
  // `cell_count` and `sensor_count`.
  DalySession(const Dialect& dialect, const OpenOptions& options);

  std::optional<Request> request(std::uint8_t exchange) override;
  Result<Request> change(const Change& change) override;
  Result<Reading> decode(const Heard& heard) override;
  void failed(std::uint8_t exchange, const Error& error) override;

  // `frames`: all that was heard, in the order of arrival; what answers something else is passed over.
  Result<Reading> decode_reply(const DalyFrame& asked, std::span<const DalyFrame> frames);

 private:
  Request ask(std::uint8_t command, Bytes data) const;
  bool counts_are_due();
  void settle(std::uint8_t command);
  bool given_up(std::uint8_t exchange) const;

  const Dialect& dialect_;
  std::uint8_t address_;
  Memory memory_;
  int rounds_since_counts_ = 0;
  bool counts_doubtful_ = false;  // another pack may have come in its place, or they were misheard
  std::vector<int> misses_;       // per exchange, since its last good reply
  std::vector<bool> answered_;    // per exchange, ever
};

// Vectors: what was taken out of all that came after a request.
struct Taken {
  std::vector<DalyFrame> frames;  // without echoes
  std::optional<Error> damage;    // the first
  bool damage_came_first = false;
};
// `nothing`: why there are no frames, where there is no damage either.
Result<Reading> decode_taken(const Dialect& dialect, const DalyFrame& asked, const Taken& taken, const Error& nothing,
                             std::span<const Param> params);

// Descriptions of a request in vectors: the text under a key, empty where there is none; a byte like "0x90"; a number.
std::string_view value_of(std::span<const Param> input, std::string_view key);
std::optional<std::uint8_t> byte_of(std::string_view text);
std::optional<double> number_of(std::string_view text);

}  // namespace bmsd::daly
