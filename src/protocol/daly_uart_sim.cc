// Answers as a Daly BMS on UART or RS485 (daly_board.h has what it says). One variant more:
//
//   host   any | 40 | 80    at which request address it answers: its own from 40 on, 80, or both
#include <algorithm>
#include <utility>

#include "protocol/daly_board.h"
#include "protocol/daly_uart.h"

namespace bmsd {
namespace {

constexpr std::size_t kFrame = 13;

std::uint8_t low_sum(Bytes bytes) {
  std::size_t sum = 0;
  for (const std::uint8_t byte : bytes) sum += byte;
  return static_cast<std::uint8_t>(sum % 256);
}

void append_frame(ByteVector& to, int board, int command, Bytes content) {
  ByteVector frame = {0xA5, static_cast<std::uint8_t>(board), static_cast<std::uint8_t>(command), 0x08};
  frame.insert(frame.end(), content.begin(), content.end());
  frame.push_back(low_sum(frame));
  to.insert(to.end(), frame.begin(), frame.end());
}

class DalyUartPack final : public Responder {
 public:
  DalyUartPack(const PackOptions& options, std::string host, daly_sim::Variant variant)
      : number_(options.address - 0x3F), host_(std::move(host)), board_(options.serial_number, std::move(variant)) {}

  std::optional<ByteVector> answer(Bytes request, const PackState& state) override {
    if (request.size() != kFrame || request[0] != 0xA5 || request[3] != 0x08) return std::nullopt;
    if (low_sum(request.first(kFrame - 1)) != request[kFrame - 1]) return std::nullopt;
    const bool asked_at_80 = request[1] == 0x80;
    if (!asked_at_80 && request[1] != number_ + 0x3F) return std::nullopt;
    if (host_ != "any" && asked_at_80 != (host_ == "80")) return std::nullopt;
    const int command = request[2];
    ByteVector reply;
    for (const auto& content : board_.answer(command, request.subspan(4, 8), asked_at_80, state))
      append_frame(reply, asked_at_80 ? 1 : number_, command, content);
    if (reply.empty()) return std::nullopt;
    return reply;
  }

  std::vector<Change> take_changes() override { return board_.take_changes(); }

 private:
  int number_;
  std::string host_;
  daly_sim::Board board_;
};

}  // namespace

std::unique_ptr<Responder> respond_as_daly_uart(const PackOptions& options) {
  constexpr int kFirst = 0x40, kLast = 0x4F;
  if (options.address < kFirst || options.address > kLast) return nullptr;
  daly_sim::Variant variant;
  std::string host = "any";
  for (const auto& [key, value] : options.variant) {
    const bool is_host = key == "host" && (value == "any" || value == "40" || value == "80");
    if (is_host) host = value;
    if (!is_host && !daly_sim::apply(key, value, variant)) return nullptr;
  }
  return std::make_unique<DalyUartPack>(options, std::move(host), std::move(variant));
}

}  // namespace bmsd
