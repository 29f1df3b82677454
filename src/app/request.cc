#include "app/request.h"

#include <nlohmann/json.hpp>

namespace bmsd {

std::string text_in(const nlohmann::json& request, const char* key) {
  const auto found = request.find(key);
  return found != request.end() && found->is_string() ? found->get<std::string>() : std::string();
}

nlohmann::json failure(const Error& error) {
  return {{"ok", false}, {"error", error.detail.empty() ? describe(error) : error.detail}};
}

}  // namespace bmsd
