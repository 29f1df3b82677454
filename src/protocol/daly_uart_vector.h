// Vectors of the Daly "A5" protocol: one reply as it stands in a vector, and the request that a vector describes.
#pragma once

#include "protocol/daly_session.h"

namespace bmsd::daly {

extern const Dialect kUart;

Result<Reading> decode_vector(Bytes request, Bytes response, std::span<const Param> params);
Result<ByteVector> encode_vector(std::span<const Param> input);

}  // namespace bmsd::daly
