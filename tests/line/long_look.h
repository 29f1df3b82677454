// Hours on a bad line, in virtual time. Under a sanitizer, which slows everything and looks for other faults, a look is a tenth.
#pragma once

#include "base/time.h"

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define BMSD_SHORT_LOOKS 1
#endif
#endif
#if defined(__SANITIZE_ADDRESS__)
#define BMSD_SHORT_LOOKS 1
#endif

namespace bmsd {

#ifdef BMSD_SHORT_LOOKS
inline constexpr int kLookShare = 10;
#else
inline constexpr int kLookShare = 1;
#endif

// How long, or how often, to look: the whole of it, or under a sanitizer the tenth part.
template <typename Amount>
constexpr Amount long_look(Amount whole) {
  return whole / kLookShare;
}

}  // namespace bmsd
