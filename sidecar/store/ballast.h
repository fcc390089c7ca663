#pragma once
/// \file
/// Space that is kept so that it can be given up.

#include <cstdint>
#include <filesystem>
#include <functional>

namespace restante::sidecar {

/// A file without content that holds blocks of the disk. On a full disk neither the deletion of settled rows nor a
/// checkpoint can be written, so a full store could never free anything; giving up the ballast makes room for both.
class Ballast {
 public:
  /// Takes over the file of an earlier run if it is whole, else there is none yet.
  Ballast(std::filesystem::path path, std::uint64_t octets);

  [[nodiscard]] bool is_there() const noexcept { return is_there_; }

  /// Takes the blocks. False if the disk has not so many left; then none are taken. Throws Error store_failed.
  bool create();

  /// Gives the blocks back, in pieces: after each, `take` may have them for another file, before others do.
  using Take = std::function<void(std::uint64_t octets)>;
  void release(const Take& take = {}) noexcept;

 private:
  std::filesystem::path path_;
  std::uint64_t octets_;
  bool is_there_ = false;
};

}  // namespace restante::sidecar
