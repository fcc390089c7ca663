#include "sidecar/commands/files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <system_error>

#include <restante/error.h>

namespace restante::commands {

namespace {

/// Closed when it goes.
struct Descriptor {
  explicit Descriptor(int given) : number(given) {}
  ~Descriptor() {
    if (number > STDERR_FILENO) ::close(number);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int number;
};

/// 0, or the error that stopped it.
int write_all(int descriptor, std::string_view octets) {
  while (!octets.empty()) {
    const ssize_t written = ::write(descriptor, octets.data(), octets.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return errno;
    octets.remove_prefix(static_cast<std::size_t>(written));
  }
  return 0;
}

}  // namespace

void throw_file_error(const std::string& operation, const std::string& path, int error) {
  throw Error(ErrorCode::misconfigured, "cannot " + operation + " " + path + ": " +
                                            std::generic_category().message(error) +
                                            "; see whether it is the one that was meant, and who may use it");
}

std::string read_file(const std::string& path, std::size_t size_max) {
  const bool is_input = path == "-";
  const Descriptor file(is_input ? STDIN_FILENO : ::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (file.number < 0) throw_file_error("read", path, errno);
  std::string octets;
  for (std::array<char, 65536> chunk{};;) {
    const ssize_t got = ::read(file.number, chunk.data(), chunk.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) throw_file_error("read", is_input ? "standard input" : path, errno);
    if (got == 0) return octets;
    octets.append(chunk.data(), static_cast<std::size_t>(got));
    if (octets.size() > size_max) {
      throw Error(ErrorCode::misconfigured, "cannot take " + (is_input ? "standard input" : path) +
                                                ": it has more than " + std::to_string(size_max) +
                                                " octets, which is all that a message holds");
    }
  }
}

void write_file(const std::string& path, std::string_view octets) {
  const std::string part = path + ".part";
  const Descriptor file(::open(part.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
  if (file.number < 0) throw_file_error("write", part, errno);
  if (const int error = write_all(file.number, octets)) throw_file_error("write", part, error);
  if (::rename(part.c_str(), path.c_str()) != 0) throw_file_error("write", path, errno);
}

TemporaryFile::TemporaryFile(std::string_view octets) {
  const char* folder = std::getenv("TMPDIR");
  path_ = std::string(folder == nullptr || *folder == '\0' ? "/tmp" : folder) + "/restante-letter-XXXXXX";
  const Descriptor file(::mkostemp(path_.data(), O_CLOEXEC));
  if (file.number < 0) throw_file_error("make", path_, errno);
  if (const int error = write_all(file.number, octets)) {
    ::unlink(path_.c_str());
    throw_file_error("write", path_, error);
  }
}

TemporaryFile::~TemporaryFile() {
  if (!kept_) ::unlink(path_.c_str());
}

}  // namespace restante::commands
