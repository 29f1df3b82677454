// Properties that are looked at through many thousands of generated histories.
#pragma once

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <algorithm>
#include <sstream>

namespace bmsd {

#if defined(__SANITIZE_ADDRESS__)
inline constexpr int kFewer = 20;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
inline constexpr int kFewer = 20;
#else
inline constexpr int kFewer = 1;
#endif
#else
inline constexpr int kFewer = 1;
#endif

// Holds `property` to `count` histories (fewer under sanitizers), or to as many as RC_PARAMS asks for if those are more
// (max_success=1000000). Lists that it generates have at most `longest` elements. What fails is shrunk and printed.
template <typename Property>
void holds_through(int count, int longest, Property&& property) {
  rc::detail::TestParams params = rc::detail::configuration().testParams;
  params.maxSuccess = std::max(params.maxSuccess, count / kFewer);
  params.maxSize = longest;
  const auto* info = ::testing::UnitTest::GetInstance()->current_test_info();
  rc::detail::TestMetadata metadata;
  metadata.id = std::string(info->test_suite_name()) + "/" + info->name();
  metadata.description = info->name();
  const auto result = rc::detail::checkTestable(std::forward<Property>(property), metadata, params);
  if (result.template is<rc::detail::SuccessResult>()) return;
  std::ostringstream text;
  rc::detail::printResultMessage(result, text);
  FAIL() << text.str();
}

}  // namespace bmsd
