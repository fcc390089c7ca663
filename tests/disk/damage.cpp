#include "tests/disk/damage.h"

#include <algorithm>

namespace restante::disk {

namespace {

constexpr std::size_t page = 4096, log_header = 32, frame_header = 24;

/// Begin of a page of the database, or of the page in a frame of the log.
std::size_t page_at(const std::string& file, bool is_log, core::Random& random) {
  const std::size_t pages = is_log ? (file.size() - log_header) / (page + frame_header) : file.size() / page;
  const std::size_t number = random.below(std::max<std::size_t>(pages, 1));
  return is_log ? log_header + number * (page + frame_header) + frame_header : number * page;
}

std::string turn_bit(std::string& file, core::Random& random) {
  const std::size_t at = random.below(file.size());
  file[at] = static_cast<char>(file[at] ^ (1 << random.below(8)));
  return "a bit turned at " + std::to_string(at);
}

std::string cut_off(std::string& file, core::Random& random) {
  const std::size_t before = file.size();
  file.resize(random.chance(1, 2) ? random.below(before) : before / 512 * random.below(512));
  file.resize(std::min(file.size(), before - 1));
  return "cut off at " + std::to_string(file.size()) + " of " + std::to_string(before);
}

std::string zero_page(std::string& file, bool is_log, core::Random& random) {
  const std::size_t at = page_at(file, is_log, random);
  std::fill(file.begin() + static_cast<std::ptrdiff_t>(at),
            file.begin() + static_cast<std::ptrdiff_t>(std::min(at + page, file.size())), '\0');
  return "a page of zeros at " + std::to_string(at);
}

std::string swap_pages(std::string& file, bool is_log, core::Random& random) {
  const std::size_t one = page_at(file, is_log, random), two = page_at(file, is_log, random);
  if (std::max(one, two) + page > file.size()) return "nothing";
  std::swap_ranges(file.begin() + static_cast<std::ptrdiff_t>(one),
                   file.begin() + static_cast<std::ptrdiff_t>(one + (one == two ? 0 : page)),
                   file.begin() + static_cast<std::ptrdiff_t>(two));
  return "pages swapped at " + std::to_string(one) + " and " + std::to_string(two);
}

}  // namespace

std::string damage(Files& files, const Files& older, core::Random& random) {
  const bool is_log = !files.log.empty() && random.chance(1, 2);
  std::string& file = is_log ? files.log : files.database;
  const std::string place = is_log ? "log: " : "database: ";
  switch (random.below(8)) {
    case 0:
    case 1:
    case 2: return place + turn_bit(file, random);
    case 3: return place + cut_off(file, random);
    case 4: return place + zero_page(file, is_log, random);
    case 5: return place + swap_pages(file, is_log, random);
    case 6:
      if (files.log.empty()) return place + zero_page(file, is_log, random);
      files.log.clear();
      return "the log is gone";
    default: files = older; return "an older copy";
  }
}

}  // namespace restante::disk
