#pragma once
/// \file
/// Which connection is which link.

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>

#include "core/effects.h"

namespace restante::sidecar {

/// A link is one connection of one router. Its id is never used twice, although routes and descriptors are.
class LinkTable {
 public:
  struct Entry {
    std::size_t router = 0;
    std::string route;
    int descriptor = -1;
    std::uint64_t out_number = 0;  ///< of the last control frame sent (T3)
  };

  /// The link of `route`, and whether it is new.
  std::pair<core::LinkId, bool> at(std::size_t router, const std::string& route, int descriptor);
  /// nullptr if it has ended.
  Entry* find(core::LinkId link);
  /// The link whose connection had `descriptor`.
  [[nodiscard]] std::optional<core::LinkId> by_descriptor(std::size_t router, int descriptor) const;
  void erase(core::LinkId link);
  [[nodiscard]] std::size_t size() const noexcept { return entries_.size(); }

 private:
  std::map<core::LinkId, Entry> entries_;
  std::map<std::pair<std::size_t, std::string>, core::LinkId> by_route_;
  std::map<std::pair<std::size_t, int>, core::LinkId> by_descriptor_;
  core::LinkId next_ = 1;
};

}  // namespace restante::sidecar
