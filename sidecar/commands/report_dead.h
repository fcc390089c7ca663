#pragma once
/// \file
/// Dead letters as text for people.

#include <cstdint>
#include <string>
#include <vector>

#include "sidecar/commands/table.h"
#include "sidecar/json_dead.h"

namespace restante::commands {

/// The table of `dead list`, page by page.
class LetterTable {
 public:
  explicit LetterTable(std::int64_t now_ms);
  std::string text(const std::vector<sidecar::Letter>& letters);

 private:
  std::int64_t now_ms_;
  Table table_;
  bool has_head_ = false;
};

/// "3 dead letters (1.2 KiB)"
std::string letters_text(std::uint64_t letters, std::uint64_t octets);

/// Without payload and attributes, which the disk may have damaged.
std::string render_letter(const sidecar::Letter& letter, std::int64_t now_ms);
std::string render_letter(const sidecar::WholeLetter& whole, std::int64_t now_ms);

}  // namespace restante::commands
