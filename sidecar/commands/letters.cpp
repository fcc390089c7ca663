#include "sidecar/commands/letters.h"

#include <algorithm>
#include <utility>

#include <restante/error.h>
#include <restante/limits.h>

#include "core/batch.h"
#include "patterns/link/clock.h"
#include "sidecar/commands/cli.h"

namespace restante::commands {

namespace {

std::string text_of(const core::DeadSelection& one) {
  std::string text = one.stream;
  if (!one.subscription.empty()) text += '/' + one.subscription;
  for (const Sequence sequence : one.sequences) text += '/' + std::to_string(sequence);
  return text;
}

}  // namespace

std::optional<std::string> problem_of(const std::vector<core::DeadSelection>& which, const core::NodeStatus& status) {
  for (const core::DeadSelection& one : which) {
    const auto stream = std::find_if(status.streams.begin(), status.streams.end(),
                                     [&](const core::StreamStatus& each) { return each.name == one.stream; });
    Arguments known;
    if (stream == status.streams.end()) {
      for (const core::StreamStatus& each : status.streams) known.push_back(each.name);
      return "node " + status.node + " has no stream '" + one.stream + "': " + did_you_mean(one.stream, known) +
             "`restante streams` tells of those it has";
    }
    for (const core::SubscriptionStatus& each : stream->subscriptions) known.push_back(each.name);
    const bool may_be = one.subscription.empty() || one.subscription.starts_with('#') ||
                        std::find(known.begin(), known.end(), one.subscription) != known.end();
    if (may_be) continue;
    return "stream " + one.stream + " has no subscription '" + one.subscription +
           "': " + did_you_mean(one.subscription, known) + "`restante dead list " + one.stream +
           "` tells of its dead letters, those of a removed subscription by # and its number";
  }
  return std::nullopt;
}

LetterReader::LetterReader(OperatorLink& link, const core::NodeStatus& status, LetterChoice choice)
    : link_(link), node_(status.node), choice_(std::move(choice)), now_ms_(link::wall_ms()) {
  if (!choice_.which.empty()) return;
  for (const core::StreamStatus& stream : status.streams) choice_.which.push_back({stream.name, ""});
}

std::vector<sidecar::Letter> LetterReader::next() {
  std::vector<sidecar::Letter> fitting;
  while (fitting.empty() && at_ < choice_.which.size()) {
    const std::string stream = choice_.which[at_].stream;
    for (core::DeadLetter& letter : page()) {
      if (fits(letter)) fitting.push_back({node_, stream, std::move(letter)});
    }
  }
  return fitting;
}

std::vector<core::DeadLetter> LetterReader::page() {
  const core::DeadSelection& which = choice_.which[at_];
  core::ReadDead question{0, which, after_subscription_, after_sequence_, limits::letters_max};
  auto told = answer_of<core::DeadLetters>(link_.ask(std::move(question)));
  if (!told.refusal.empty()) {
    throw Error(ErrorCode::denied, "cannot read dead letters of " + text_of(which) + ": " + told.refusal);
  }
  if (told.letters.empty() && !which.sequences.empty()) missing_.push_back(text_of(which));
  const bool more = told.more && !told.letters.empty() && which.sequences.empty();
  after_subscription_ = more ? told.letters.back().subscription_id : 0;
  after_sequence_ = more ? told.letters.back().sequence : 0;
  if (!more) ++at_;
  return std::move(told.letters);
}

bool LetterReader::fits(const core::DeadLetter& letter) const {
  const auto age_ms = now_ms_ - letter.buried_ms;
  const auto in_ms = [](Duration duration) { return std::chrono::floor<std::chrono::milliseconds>(duration).count(); };
  if (choice_.older && age_ms < in_ms(*choice_.older)) return false;
  if (choice_.newer && age_ms > in_ms(*choice_.newer)) return false;
  return letter.reason.find(choice_.reason) != std::string::npos;
}

ReadWhole read_whole(OperatorLink& link, const std::string& node, const core::DeadSelection& one) {
  const OperatorLink::Answer answer = link.ask(core::ReadDead{0, one, 0, 0, 1, true}, change_deadline);
  auto told = answer_of<core::DeadLetters>(answer);
  ReadWhole read;
  read.refusal = told.refusal;
  if (told.letters.empty()) return read;
  sidecar::Letter letter{node, one.stream, std::move(told.letters.front())};
  std::string why = told.refusal;
  const auto batch = answer.batch.empty() ? std::nullopt : core::Batch::parse(answer.batch.aligned(), why);
  if (!batch || batch->header().skip || batch->count() != 1) {
    read.refusal = why.empty() ? "the sidecar's answer has no message in it" : why;
    read.damaged = std::move(letter);
    return read;
  }
  const core::MessageView message = batch->message(batch->header().first);
  read.whole = sidecar::WholeLetter{std::move(letter), std::string(message.attributes),
                                    core::decode_attributes(message.attributes, why), std::string(message.payload)};
  return read;
}

}  // namespace restante::commands
