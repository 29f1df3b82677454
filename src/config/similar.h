// What somebody may have meant by a word that nobody knows.
#pragma once

#include <span>
#include <string_view>

namespace bmsd {

// The word of `among` that takes the fewest typing mistakes to become `word`, without case: a letter wrong, missing, too many,
// or two in the wrong order. Empty when nothing is near (more than one mistake per three letters, or more than four). Of
// several that are equally near, the first.
std::string_view most_similar(std::string_view word, std::span<const std::string_view> among);

}  // namespace bmsd
