#pragma once
/// \file
/// Octets as a script: each choice and number takes the next ones.

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace restante::fuzz {

class Script {
 public:
  explicit Script(std::string_view octets) : rest_(octets) {}

  [[nodiscard]] bool ends() const noexcept { return rest_.empty(); }
  std::uint64_t below(std::uint64_t bound) { return bound == 0 ? 0 : octet() % bound; }
  bool chance() { return (octet() & 1) != 0; }

  /// Of those that are known, or now and then something else.
  template <typename Value>
  Value one_of(const std::vector<Value>& known, Value other) {
    const std::uint64_t choice = below(known.size() + 1);
    return choice < known.size() ? known[choice] : other;
  }

  /// Small, or at one of the ends of the number range.
  std::uint64_t number() {
    const std::uint64_t kind = octet();
    if (kind < 200) return kind / 4;
    if (kind < 230) return (std::uint64_t{1} << 20) + kind - 215;
    if (kind < 245) return (std::uint64_t{1} << 63) - (std::uint64_t{1} << 20) - (kind - 235);
    return std::uint64_t{octet()} << 40;
  }

 private:
  std::uint8_t octet() {
    if (rest_.empty()) return 0;
    const auto first = static_cast<std::uint8_t>(rest_.front());
    rest_.remove_prefix(1);
    return first;
  }

  std::string_view rest_;
};

}  // namespace restante::fuzz
