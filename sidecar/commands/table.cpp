#include "sidecar/commands/table.h"

#include <algorithm>

#include "sidecar/text.h"

namespace restante::commands {

std::string Table::text(const std::vector<Row>& rows) {
  for (const Row& row : rows) {
    for (std::size_t i = 0; i < row.size(); ++i) widths_[i] = std::max(widths_[i], sidecar::width_of(row[i]));
  }
  std::string text;
  for (const Row& row : rows) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i) {
      const std::string blanks(widths_[i] - sidecar::width_of(row[i]), ' ');
      line += (i == 0 ? "" : "  ") + (right_[i] ? blanks + row[i] : row[i] + blanks);
    }
    line.erase(line.find_last_not_of(' ') + 1);
    text += line + "\n";
  }
  return text;
}

}  // namespace restante::commands
