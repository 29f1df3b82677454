// Vectors of batteries that talk to inverters: a set of frames, and the set that a description makes.
#pragma once

#include "protocol/canbus_bms_data.h"
#include "protocol/protocol.h"

namespace bmsd::canbus {

// A key of the configuration or of a vector's params.
void apply(const Param& param, Memory& memory);

Result<Reading> decode_vector(Bytes request, Bytes frames, std::span<const Param> params);
Result<ByteVector> encode_vector(std::span<const Param> input);

}  // namespace bmsd::canbus
