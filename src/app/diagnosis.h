// What is wrong with the lines of a daemon, as it is told: JSON for the control socket, words for people.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "app/daemon.h"

namespace bmsd {

// {"ports":[{"port":...,"findings":[...]}]} (docs/doctor.md)
nlohmann::json diagnosis_answer(const Daemon& daemon);

// One element of "ports".
nlohmann::json diagnosis_json(const LineFacts& facts);

// The same in words, with an end of line.
std::string diagnosis_text(const nlohmann::json& port);

// Whether something is wrong, in contrast to what is only worth knowing.
bool has_problem(const nlohmann::json& port);

}  // namespace bmsd
