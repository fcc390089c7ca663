#include "core/buffer.h"

#include <cstring>
#include <vector>

namespace restante::core {

Buffer Buffer::copy_of(std::string_view octets) {
  auto words = std::make_shared<std::vector<std::uint64_t>>((octets.size() + 7) / 8);
  if (!octets.empty()) std::memcpy(words->data(), octets.data(), octets.size());
  const std::string_view view(reinterpret_cast<const char*>(words->data()), octets.size());
  return Buffer(std::move(words), view);
}

Buffer Buffer::aligned() const {
  const bool is_aligned = reinterpret_cast<std::uintptr_t>(octets_.data()) % 8 == 0;
  return is_aligned ? *this : copy_of(octets_);
}

}  // namespace restante::core
