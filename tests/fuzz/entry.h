#pragma once
/// \file
/// What the fuzzers call, and the replay of their corpora: one function for each, which takes any octets.

#include <cstdlib>
#include <map>
#include <string>
#include <string_view>

namespace restante::fuzz {

/// Takes octets from outside. Whatever they are it returns; a broken rule ends the process.
using Entry = void (*)(std::string_view octets);

void batch(std::string_view octets);      ///< a batch frame, with the attributes of its messages
void control(std::string_view octets);    ///< a control frame
void rows(std::string_view octets);       ///< what the store reads back: a row, a cursor's ranges, an incarnation
void names(std::string_view octets);      ///< names, topics and filters
void arguments(std::string_view octets);  ///< a command line, and the answer of a status
void stateful(std::string_view octets);   ///< the octets choose events for a sidecar, a consumer or a producer

inline const std::map<std::string, Entry> entries{{"batch", batch}, {"control", control},     {"rows", rows},
                                                  {"names", names}, {"arguments", arguments}, {"stateful", stateful}};

/// Ends the process if a rule does not hold.
inline void must(bool holds) {
  if (!holds) std::abort();
}

/// The planted bug of a control: with RESTANTE_FUZZ_PLANT set a rule is taken for broken that is not.
inline void planted(bool is_met) {
  static const bool is_on = std::getenv("RESTANTE_FUZZ_PLANT") != nullptr;
  must(!(is_on && is_met));
}

}  // namespace restante::fuzz
