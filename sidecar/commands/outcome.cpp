// restante outcome: where a message is.

#include <algorithm>

#include <restante/error.h>

#include "sidecar/commands/command.h"
#include "sidecar/commands/letters.h"
#include "sidecar/commands/query.h"
#include "sidecar/commands/terminal.h"
#include "sidecar/json_outcome.h"
#include "sidecar/text.h"

namespace restante::commands {

namespace {

constexpr const char* dead_letter = "a dead letter";

/// What is settled may be a dead letter: that is on the disk only.
bool is_dead(OperatorLink& link, const OutcomeCommand& command, const std::string& subscription) {
  core::ReadDead question;
  question.which = {command.stream, subscription, {command.sequence}};
  question.count = 1;
  return !answer_of<core::DeadLetters>(link.ask(question)).letters.empty();
}

std::string text_of(const core::Whereabouts& one, bool is_letter, const OutcomeCommand& command) {
  std::string text = one.subscription;
  text.resize(std::max<std::size_t>(text.size() + 2, 20), ' ');
  if (is_letter) {
    return text + dead_letter + ": `restante dead show " + command.stream + "/" + one.subscription + "/" +
           std::to_string(command.sequence) + "`";
  }
  text += sidecar::name_of(one.state);
  if (one.may_be_parked) text += ", or waits for its time on the disk";
  if (one.attempts > 0) text += ", attempts " + sidecar::grouped(one.attempts);
  if (!one.reason.empty()) text += ", the last one: " + sidecar::shown(one.reason);
  return text;
}

}  // namespace

Exit run(const OutcomeCommand& command) {
  const std::string endpoint = sidecar_endpoint(command.common);
  const sidecar::MessagePlace place{command.stream, command.sequence};
  const auto all = sidecar::whereabouts_from_json(query_sidecar(endpoint, sidecar::question_of(place)));
  if (!all) {
    throw Error(ErrorCode::incompatible_version,
                "the sidecar cannot tell: see whether `restante --version` says the same on both sides");
  }
  if (all->empty()) {
    say("restante: stream " + command.stream + " is not there, or has no message " + std::to_string(command.sequence) +
        " yet: `restante streams " + command.stream + "` tells how far it is");
    return Exit::not_all_done;
  }
  OperatorLink link(endpoint);
  std::vector<core::Whereabouts> told = *all;
  std::string text;
  for (core::Whereabouts& one : told) {
    const bool is_letter = one.state == core::Whereabouts::State::settled && is_dead(link, command, one.subscription);
    if (is_letter) one.reason = dead_letter;
    text += text_of(one, is_letter, command) + "\n";
  }
  print(command.common.json ? sidecar::to_json(place, told) + "\n" : text);
  return Exit::done;
}

}  // namespace restante::commands
