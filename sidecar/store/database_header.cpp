#include "sidecar/store/database_header.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cstring>
#include <string>
#include <string_view>

#include <restante/error.h>

namespace restante::sidecar {
namespace {

// Offsets of https://www.sqlite.org/fileformat.html, section 1.3. Numbers are big-endian.
constexpr std::size_t header_size = 100;
constexpr std::string_view magic("SQLite format 3\0", 16);
constexpr std::size_t page_size_at = 16;
constexpr std::size_t change_counter_at = 24;
constexpr std::size_t page_count_at = 28;
constexpr std::size_t user_version_at = 60;
constexpr std::size_t application_id_at = 68;
constexpr std::size_t valid_for_at = 92;

using Header = std::array<unsigned char, header_size>;

std::uint32_t number_at(const Header& header, std::size_t at, std::size_t size = 4) {
  std::uint32_t number = 0;
  for (std::size_t i = 0; i < size; ++i) number = number << 8 | header[at + i];
  return number;
}

[[noreturn]] void refuse(ErrorCode code, const StorePaths& paths, const std::string& why) {
  throw Error(code, "cannot open the store: " + paths.database.string() + " " + why + ". Nothing was changed");
}

/// Octets that the database must have by its own word. While a log lies beside it, a checkpoint may have been cut off
/// after the header and before the pages that it counts, and only SQLite can tell.
std::uint64_t least_size(const Header& header, bool has_log) {
  const bool counts = number_at(header, change_counter_at) == number_at(header, valid_for_at);
  if (has_log || !counts) return header_size;
  const std::uint64_t page_size = number_at(header, page_size_at, 2);
  return number_at(header, page_count_at) * (page_size == 1 ? 65536 : page_size);
}

}  // namespace

void check_header(const StorePaths& paths) {
  const std::uint64_t size = size_of_file(paths.database);
  const bool has_log = size_of_file(paths.wal) > 0;
  if (size == 0) {
    // SQLite would take it for a new database, and remove the log as left over.
    refuse(ErrorCode::store_failed, paths,
           "is empty: it was cut off. Put back a backup, or move the directory away to "
           "begin with a new store");
  }
  Header header{};
  const FileDescriptor file = open_file(paths.database, O_RDONLY);
  const auto got = ::pread(file.get(), header.data(), header.size(), 0);
  if (std::memcmp(header.data(), magic.data(), magic.size()) != 0) {
    refuse(ErrorCode::misconfigured, paths, "is not a database. Move it away, or name another directory with --store");
  }
  if (got < static_cast<ssize_t>(header_size) || size < least_size(header, has_log)) {
    refuse(ErrorCode::store_failed, paths,
           "was cut off: it has " + size_text(size) +
               " and should have more. Put back "
               "a backup, or move the directory away to begin with a new store");
  }
  if (number_at(header, application_id_at) != application_id) {
    refuse(ErrorCode::misconfigured, paths, "is a database of another program. Name another directory with --store");
  }
  if (const auto version = number_at(header, user_version_at); version > schema_version) {
    refuse(ErrorCode::incompatible_version, paths,
           "was written by a newer version of Restante (schema version " + std::to_string(version) +
               ", this one knows " + std::to_string(schema_version) + "). Start the newer one");
  }
}

}  // namespace restante::sidecar
