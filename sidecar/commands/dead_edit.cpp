// restante dead edit: another message in the place of a dead letter.

#include <algorithm>
#include <optional>
#include <utility>

#include <restante/error.h>
#include <restante/limits.h>

#include "core/batch.h"
#include "core/wire.h"
#include "sidecar/commands/editor.h"
#include "sidecar/commands/files.h"
#include "sidecar/commands/letters.h"
#include "sidecar/commands/query.h"
#include "sidecar/commands/terminal.h"
#include "sidecar/text.h"

namespace restante::commands {

namespace {

using sidecar::WholeLetter;

/// The new message, and the file that it was edited in, which must not be lost while nobody has it.
struct Edited {
  std::string payload;
  std::optional<TemporaryFile> file{};
};

/// Editors and `echo` end a text with a newline, which is no part of a message that had none.
void trim(std::string& payload, const std::string& before) {
  const bool texts = sidecar::is_utf8(before) && sidecar::is_utf8(payload);
  if (texts && payload.ends_with('\n') && !before.ends_with('\n')) payload.pop_back();
}

/// nullopt: whoever had the editor does not want it any more.
bool edit_payload(const DeadEditCommand& command, const WholeLetter& whole, Edited& edited) {
  if (command.from) {
    edited.payload = read_file(*command.from, limits::payload_size_max + 1);
    if (!command.whole) trim(edited.payload, whole.payload);
    return true;
  }
  edited.payload = whole.payload;
  if (command.changes_envelope()) return true;
  const auto editor = editor_command();
  if (!editor) {
    throw UsageError(
        "dead edit has no editor: set EDITOR, or give the new payload with --from FILE (- is standard input)");
  }
  edited.file.emplace(whole.payload);
  const ChildEnd end = run_editor(*editor, edited.file->path());
  if (end.by_signal || end.number != 0) {
    say("restante: the editor (" + *editor + ") ended with " + end.text() + ": nothing was changed");
    return false;
  }
  edited.payload = read_file(edited.file->path(), limits::payload_size_max + 1);
  if (!command.whole) trim(edited.payload, whole.payload);
  return true;
}

void set(core::AttributeValues& values, const std::string& name, const std::string& value) {
  const std::pair<const char*, std::string*> known[] = {{"content-type", &values.content_type},
                                                        {"correlation-id", &values.correlation_id},
                                                        {"traceparent", &values.traceparent},
                                                        {"key", &values.key}};
  for (const auto& [own, target] : known) {
    if (name == own) return void(*target = value);
  }
  std::erase_if(values.headers, [&](const auto& header) { return header.first == name; });
  if (!value.empty()) values.headers.emplace_back(name, value);
}

[[noreturn]] void refuse(const WholeLetter& whole, const std::string& why) {
  throw Error(ErrorCode::misconfigured, "cannot edit " + whole.letter.id() + ": " + why);
}

/// The batch that goes behind the wish.
core::Buffer batch_of(const WholeLetter& whole, const DeadEditCommand& command, const std::string& payload) {
  if (payload.empty() || payload.size() > limits::payload_size_max) {
    refuse(whole, "a message has 1 to " + sidecar::grouped(limits::payload_size_max) + " octets, this one has " +
                      sidecar::grouped(payload.size()));
  }
  core::AttributeValues values = *whole.attributes;
  for (const auto& [name, value] : command.set) set(values, name, value);
  set(values, edited_from_header, whole.letter.message_id());
  std::string why;
  const auto attributes = core::encode_attributes(values, why);
  if (!attributes) refuse(whole, "attributes: " + why);
  const core::DeadLetter& told = whole.letter.told;
  const std::string topic = command.topic.value_or(told.topic);
  core::BatchBuilder builder(whole.letter.stream, topic, payload.size() + attributes->size());
  builder.append(payload, *attributes);
  core::BatchHeader header{whole.letter.stream, topic, told.grant, told.sequence, told.sequence};
  header.prev = header.before = told.sequence - 1;
  header.source_time_us = told.source_time_us;
  header.marker = values.marker;
  return builder.seal(header);
}

Exit report(const DeadEditCommand& command, const WholeLetter& whole, const core::DeadChanged& told) {
  const std::string id = whole.letter.id();
  const std::string from = whole.letter.message_id();
  if (command.common.json) print(sidecar::to_json(told, id, from) + "\n");
  if (!told.refusal.empty()) {
    say("restante: cannot edit " + id + ": " + told.refusal);
    return Exit::refused;
  }
  if (told.letters == 0) {
    say("restante: " + id + " is not there any more: it was dropped, or is being tried again");
    return Exit::not_all_done;
  }
  if (!command.common.json) {
    print("edited " + id + ": a new message is on its way in its place, with " + edited_from_header + " " + from +
          "\n");
  }
  return Exit::done;
}

Exit edit(OperatorLink& link, const DeadEditCommand& command, const WholeLetter& whole, Edited& edited) {
  if (edited.payload == whole.payload && !command.changes_envelope()) {
    say("the payload is as it was: nothing was changed; `restante dead retry " + whole.letter.id() +
        "` has it tried again as it is");
    return Exit::not_all_done;
  }
  core::ChangeDead wish;
  wish.action = core::DeadAction::edit;
  wish.which = command.which;
  const auto answer = link.wish(wish, batch_of(whole, command, edited.payload), "edit it",
                                "dead show " + whole.letter.id() + "` tells whether it is still there");
  return report(command, whole, answer_of<core::DeadChanged>(answer));
}

}  // namespace

Exit run(const DeadEditCommand& command) {
  OperatorLink link(sidecar_endpoint(command.common));
  const core::NodeStatus status = read_status(query_status(link));
  if (const auto problem = problem_of({command.which}, status)) {
    return say("restante: " + *problem), Exit::not_all_done;
  }
  const ReadWhole read = read_whole(link, status.node, command.which);
  if (!read.whole) {
    say("restante: cannot edit it: " + read.refusal);
    return read.damaged ? Exit::refused : Exit::not_all_done;
  }
  const WholeLetter& whole = *read.whole;
  const core::DeadLetter& told = whole.letter.told;
  if (told.subscription.starts_with('#')) {
    refuse(whole, "its subscription was removed, and nobody would get the new one; `restante dead export` keeps it");
  }
  if (!whole.attributes) refuse(whole, "its attributes cannot be read; `restante dead export` keeps them");
  if (command.topic && told.topic.empty()) refuse(whole, "messages of a pipeline have no topic; leave --topic out");
  Edited edited;
  if (!edit_payload(command, whole, edited)) return Exit::not_all_done;
  try {
    const Exit exit = edit(link, command, whole, edited);
    if (exit == Exit::done || !edited.file || edited.payload == whole.payload) return exit;
    edited.file->keep();
    say("what was typed is kept in " + edited.file->path());
    return exit;
  } catch (const std::exception&) {
    if (edited.file) {
      edited.file->keep();
      say("what was typed is kept in " + edited.file->path());
    }
    throw;
  }
}

}  // namespace restante::commands
