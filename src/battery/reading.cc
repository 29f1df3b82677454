#include "battery/reading.h"

namespace bmsd {

// Not inline: g++ 12 takes a variant that is moved by an inlined call for uninitialised.
void Reading::extra(const char* key, ExtraValue value) { extras.emplace_back(key, std::move(value)); }

}  // namespace bmsd
