// restante dead export: dead letters, so that nothing of them is lost when they are dropped.

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <system_error>

#include <restante/error.h>

#include "core/names.h"
#include "sidecar/commands/dead_parts.h"
#include "sidecar/commands/files.h"
#include "sidecar/commands/report_dead.h"
#include "sidecar/commands/terminal.h"

namespace restante::commands {

namespace {

namespace fs = std::filesystem;

/// Whether `name` may be that of a folder: it came from the other end of a link.
bool is_safe(const std::string& name) {
  return !core::problem_of_stream_name(name) ||
         (name.starts_with('#') && name.find_first_not_of("0123456789", 1) == name.npos);
}

class Saver {
 public:
  explicit Saver(std::string directory) : directory_(std::move(directory)) {}

  void save(const sidecar::WholeLetter& whole) {
    using sidecar::WholeForm;
    if (directory_.empty()) return print(sidecar::to_json(whole, WholeForm::kept) + "\n");
    const sidecar::Letter& letter = whole.letter;
    if (!is_safe(letter.stream) || !is_safe(letter.told.subscription)) {
      throw Error(ErrorCode::denied, "cannot export " + letter.id() + ": it is no name for a file");
    }
    const fs::path folder = fs::path(directory_) / letter.stream / letter.told.subscription;
    make_folder(folder);
    const std::string name = (folder / std::to_string(letter.told.sequence)).string();
    write_file(name + ".payload", whole.payload);
    write_file(name + ".json", sidecar::to_json(whole, WholeForm::beside) + "\n");
  }

  /// What was saved survives a power cut from here on.
  void finish() {
    if (directory_.empty()) return;
    const int folder = ::open(directory_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    const bool synced = folder >= 0 && ::syncfs(folder) == 0;
    const int error = errno;
    if (folder >= 0) ::close(folder);
    if (!synced) throw_file_error("sync", directory_, error);
  }

 private:
  static void make_folder(const fs::path& folder) {
    std::error_code error;
    fs::create_directories(folder, error);
    if (error) throw_file_error("make", folder.string(), error.value());
  }

  std::string directory_;
};

}  // namespace

Exit save(OperatorLink& link, const DeadCommand& command, LetterReader& reader, const std::string& node) {
  Saver saver(command.to);
  std::uint64_t count = 0;
  std::uint64_t octets = 0;
  bool all = true;
  for (auto letters = reader.next(); !letters.empty(); letters = reader.next()) {
    for (const sidecar::Letter& letter : letters) {
      const core::DeadLetter& told = letter.told;
      const ReadWhole read = read_whole(link, node, {letter.stream, told.subscription, {told.sequence}});
      if (!read.whole) {
        say("restante: cannot export " + letter.id() + ": " + read.refusal);
        all = false;
        continue;
      }
      saver.save(*read.whole);
      ++count;
      octets += read.whole->payload.size();
    }
  }
  saver.finish();
  say("exported " + letters_text(count, octets) + (command.to.empty() ? "" : " to " + command.to));
  const Exit missing = say_missing(reader);
  return all ? missing : Exit::not_all_done;
}

}  // namespace restante::commands
