#pragma once
/// \file
/// Tables for people.

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

namespace restante::commands {

using Row = std::vector<std::string>;

/// Columns two blanks apart. What is put in piece by piece is as wide as all that came before.
class Table {
 public:
  /// Which columns are set to the right.
  explicit Table(std::vector<bool> right) : right_(std::move(right)), widths_(right_.size()) {}

  /// A line each.
  std::string text(const std::vector<Row>& rows);

 private:
  std::vector<bool> right_;
  std::vector<std::size_t> widths_;
};

}  // namespace restante::commands
