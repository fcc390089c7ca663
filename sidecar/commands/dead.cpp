// restante dead list, retry, drop: many dead letters at once.

#include <algorithm>
#include <exception>
#include <vector>

#include <restante/limits.h>

#include "patterns/link/clock.h"
#include "sidecar/commands/dead_parts.h"
#include "sidecar/commands/letters.h"
#include "sidecar/commands/progress.h"
#include "sidecar/commands/query.h"
#include "sidecar/commands/report_dead.h"
#include "sidecar/commands/terminal.h"
#include "sidecar/text.h"

namespace restante::commands {

namespace {

using Action = DeadCommand::Action;

/// Letters that one command changes: what it has listed is in its memory, 16 octets each.
constexpr std::uint64_t letters_a_command = 1'000'000;

/// What one wish brings back at most: it takes one commit or a few, which the disk has to do within change_deadline.
constexpr std::uint64_t octets_a_wish = 16U << 20;

struct Listed {
  Sequence sequence = 0;
  std::uint64_t octets = 0;
};

/// Letters of one subscription.
struct Group {
  std::string stream;
  std::string subscription;
  std::vector<Listed> letters;
};

struct Chosen {
  std::vector<Group> groups;
  std::uint64_t letters = 0;
  std::uint64_t octets = 0;
  bool more = false;  ///< than one command changes

  void add(const sidecar::Letter& letter) {
    const core::DeadLetter& told = letter.told;
    if (groups.empty() || groups.back().stream != letter.stream || groups.back().subscription != told.subscription) {
      groups.push_back({letter.stream, told.subscription, {}});
    }
    groups.back().letters.push_back({told.sequence, told.octets});
    ++letters;
    octets += told.octets;
  }
};

std::string verb_of(Action action) { return action == Action::drop ? "drop" : "retry"; }
std::string past_of(Action action) { return action == Action::drop ? "dropped " : "retried "; }

/// Prints letters as they come; how many there were and how large.
class Lister {
 public:
  explicit Lister(bool json) : json_(json), table_(link::wall_ms()) {}
  void show(const std::vector<sidecar::Letter>& letters) {
    std::string text;
    for (const sidecar::Letter& letter : letters) {
      if (json_) text += sidecar::to_json(letter) + "\n";
    }
    print(json_ ? text : table_.text(letters));
  }

 private:
  bool json_;
  LetterTable table_;
};

Exit list(const DeadCommand& command, LetterReader& reader) {
  Lister lister(command.common.json);
  bool any = false;
  for (auto letters = reader.next(); !letters.empty(); letters = reader.next()) {
    lister.show(letters);
    any = true;
  }
  const Exit exit = say_missing(reader);
  if (!any && exit == Exit::done) say("no dead letters");
  return exit;
}

/// Everything that there is when the command begins: what dies while it is at work is not touched.
Chosen choose(const DeadCommand& command, LetterReader& reader) {
  Lister lister(command.common.json);
  Chosen chosen;
  for (auto letters = reader.next(); !letters.empty(); letters = reader.next()) {
    if (command.dry_run) lister.show(letters);
    for (const sidecar::Letter& letter : letters) {
      chosen.more = chosen.more || chosen.letters == letters_a_command;
      if (!chosen.more || command.dry_run) chosen.add(letter);
    }
    if (chosen.more && !command.dry_run) break;
  }
  return chosen;
}

/// The next ones of `group` from `at` on that go with one wish.
core::ChangeDead next_wish(const Group& group, std::size_t& at, Action action) {
  core::ChangeDead wish;
  wish.action = action == Action::drop ? core::DeadAction::drop : core::DeadAction::retry;
  wish.which = {group.stream, group.subscription, {}};
  for (std::uint64_t octets = 0; at < group.letters.size() && octets < octets_a_wish; ++at) {
    if (wish.which.sequences.size() == limits::letter_changes_max) break;
    wish.which.sequences.push_back(group.letters[at].sequence);
    octets += group.letters[at].octets;
  }
  return wish;
}

/// What was done before a fault is in `tally` then.
void change_all(OperatorLink& link, const DeadCommand& command, const Chosen& chosen, sidecar::LettersTally& tally) {
  Progress progress(
      [&] {
        return past_of(command.action) + sidecar::grouped(tally.letters) + " of " + sidecar::grouped(tally.chosen);
      },
      command.common.verbose);
  for (const Group& group : chosen.groups) {
    for (std::size_t at = 0; at < group.letters.size(); progress.tick()) {
      const auto told = answer_of<core::DeadChanged>(link.wish(
          next_wish(group, at, command.action), {}, verb_of(command.action) + " dead letters of " + group.stream,
          "dead list " + group.stream + "` tells which are still there"));
      tally.letters += told.letters;
      tally.octets += told.octets;
      if (tally.refusal.empty()) tally.refusal = told.refusal;
    }
  }
}

Exit report(const DeadCommand& command, const Chosen& chosen, const sidecar::LettersTally& tally) {
  if (command.common.json) print(sidecar::to_json(tally, verb_of(command.action)) + "\n");
  if (!command.common.json) print(past_of(command.action) + letters_text(tally.letters, tally.octets) + "\n");
  const std::string rest = sidecar::grouped(tally.chosen - std::min(tally.chosen, tally.letters));
  if (!tally.refusal.empty()) {
    say("restante: cannot " + verb_of(command.action) + " " + rest + " of them: " + tally.refusal);
    return Exit::refused;
  }
  if (tally.letters < tally.chosen) {
    say("restante: " + rest + " of them were not there any more: somebody else was at work on them");
    return Exit::not_all_done;
  }
  if (!chosen.more) return Exit::done;
  say("restante: there are more: a command changes " + sidecar::grouped(letters_a_command) + " at most; give it again");
  return Exit::not_all_done;
}

Exit change(OperatorLink& link, const DeadCommand& command, LetterReader& reader) {
  const Chosen chosen = choose(command, reader);
  const Exit missing = say_missing(reader);
  const std::string what = letters_text(chosen.letters, chosen.octets);
  if (command.dry_run) {
    if (!command.common.json) print("would " + verb_of(command.action) + " " + what + "\n");
    return missing;
  }
  if (chosen.letters > 0 && needs_yes(command)) {
    const std::string question = command.action == Action::drop ? "Drop for good " : "Retry ";
    if (!ask(question + what + "?")) return say("nothing was changed"), Exit::not_all_done;
  }
  sidecar::LettersTally tally{chosen.letters};
  try {
    change_all(link, command, chosen, tally);
  } catch (const std::exception&) {
    say(past_of(command.action) + letters_text(tally.letters, tally.octets) + " of " + sidecar::grouped(tally.chosen));
    throw;
  }
  const Exit exit = report(command, chosen, tally);
  return exit == Exit::done ? missing : exit;
}

}  // namespace

bool needs_yes(const DeadCommand& command) {
  if (command.yes || command.dry_run || command.action == Action::list || command.action == Action::save) return false;
  const auto& which = command.choice.which;
  const bool all_are_named =
      !which.empty() && std::none_of(which.begin(), which.end(), [](const auto& one) { return one.sequences.empty(); });
  return command.action == Action::drop || !all_are_named;
}

Exit say_missing(const LetterReader& reader) {
  for (const std::string& id : reader.missing()) {
    say("restante: there is no dead letter " + id + ": it was dropped, or is being tried again, or never was one");
  }
  return reader.missing().empty() ? Exit::done : Exit::not_all_done;
}

Exit run(const DeadCommand& command) {
  if (needs_yes(command) && !can_ask()) {
    const std::string what = command.action == Action::drop ? "dropping dead letters" : "retrying all that fit";
    throw UsageError(what + " needs --yes where nobody can be asked; --dry-run says which it would be");
  }
  OperatorLink link(sidecar_endpoint(command.common));
  const core::NodeStatus status = read_status(query_status(link));
  if (const auto problem = problem_of(command.choice.which, status)) {
    return say("restante: " + *problem), Exit::not_all_done;
  }
  LetterReader reader(link, status, command.choice);
  if (command.action == Action::list) return list(command, reader);
  if (command.action == Action::save) return save(link, command, reader, status.node);
  return change(link, command, reader);
}

}  // namespace restante::commands
