// Answers as a Daly BMS on CAN (daly_board.h has what it says). It counts a charging current upwards unless told
// otherwise.
#include <utility>

#include "protocol/daly_board.h"
#include "protocol/daly_can.h"

namespace bmsd {
namespace {

class DalyCanPack final : public Responder {
 public:
  DalyCanPack(const PackOptions& options, daly_sim::Variant variant)
      : number_(static_cast<std::uint8_t>(options.address)), board_(options.serial_number, std::move(variant)) {}

  // 98 CC BB 40 08 and eight bytes: command CC of board BB; the first bit tells the kind of identifier.
  std::optional<ByteVector> answer(Bytes request, const PackState& state) override {
    if (request.size() != 13 || request[0] != 0x98 || request[2] != number_ || request[3] != 0x40) return std::nullopt;
    ByteVector reply;
    for (const auto& content : board_.answer(request[1], request.subspan(5), false, state)) {
      const ByteVector head = {0x98, request[1], 0x40, number_, 8};
      reply.insert(reply.end(), head.begin(), head.end());
      reply.insert(reply.end(), content.begin(), content.end());
    }
    if (reply.empty()) return std::nullopt;
    return reply;
  }

  std::vector<Change> take_changes() override { return board_.take_changes(); }

 private:
  std::uint8_t number_;
  daly_sim::Board board_;
};

}  // namespace

std::unique_ptr<Responder> respond_as_daly_can(const PackOptions& options) {
  if (options.address < 1 || options.address > 16) return nullptr;
  daly_sim::Variant variant;
  variant.charge_counts_up = true;
  variant.cell_frames = "needed";
  for (const auto& [key, value] : options.variant) {
    if (!daly_sim::apply(key, value, variant)) return nullptr;
  }
  return std::make_unique<DalyCanPack>(options, std::move(variant));
}

}  // namespace bmsd
