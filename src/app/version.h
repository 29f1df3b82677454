#pragma once

namespace bmsd {

inline constexpr const char* kVersion = BMSD_VERSION;  // from CMakeLists.txt

}  // namespace bmsd
