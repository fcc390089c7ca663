/// \file
/// The streams of an office: made when they are first named, and what each is for.

#include <algorithm>

#include "core/names.h"
#include "core/office.h"

namespace restante::core {

Outbox* Office::find(const std::string& name) {
  const auto at = streams_.find(name);
  return at == streams_.end() ? nullptr : &at->second;
}

void Office::refuse(LinkId link, Side side, std::uint64_t id, ErrorCode code, const std::string& text) {
  ++counters_["refused"];
  out_.push_back(Outgoing{link, Refused{side, id, code, text}, {}});
}

/// The one implicit subscription of a pipeline, so that work sent before any worker exists is kept.
void Office::add_workers(Outbox& outbox) {
  outbox.dismiss_listeners("stream " + outbox.record().name +
                               " has become a pipeline: nothing is published there. Receive from it with a puller, or "
                               "subscribe to it by a name",
                           turn_);
  const SubscriptionId id = next_subscription_id_++;
  outbox.add_subscription(SubscriptionRecord{
      id, outbox.record().id, std::string(pipeline_subscription), SubscriptionMode::shared, {}, 0, 0, {}, id});
  share_memory();
}

/// A stream that nobody has written to or subscribed to becomes what is wanted of it.
bool Office::is_pipeline(Outbox& outbox, StreamPattern wanted) {
  if (wanted == StreamPattern::pipeline && outbox.is_blank()) add_workers(outbox);
  return outbox.has_subscription(std::string(pipeline_subscription));
}

/// The stream that is to be written, as it is; a pipeline and a published stream are not the same.
Outbox* Office::written_stream(const OpenWriter& open, LinkId id) {
  Outbox* outbox = stream(open.stream, open.kind, open.pattern, id, Side::handle, open.handle);
  if (outbox == nullptr || open.resume || open.kind == StreamKind::live) return outbox;
  // Who writes first says how long it is kept, unless an operator was here before; later the operator does.
  const StreamRecord& record = outbox->record();
  if (record.writer == 0 && open.retention.any() && !record.retention.any()) {
    SetStream said;
    said.retention = open.retention;
    outbox->set_rules(said);
  }
  warn_of_other_rules(open, *outbox);
  const bool has_workers = is_pipeline(*outbox, open.pattern);
  if (has_workers == (open.pattern == StreamPattern::pipeline)) return outbox;
  refuse(id, Side::handle, open.handle, ErrorCode::bad_argument,
         "stream " + open.stream +
             (has_workers ? " is a pipeline: its messages wait for workers. Publish to a stream of "
                            "another name, or send with a pusher"
                          : " is a published one, with subscriptions of its own. Push to a stream "
                            "of another name, or send with a publisher"));
  return nullptr;
}

/// The stream, made if it is new.
Outbox* Office::stream(const std::string& name, StreamKind kind, StreamPattern pattern, LinkId refuse_to, Side side,
                       std::uint64_t id) {
  if (Outbox* known = find(name)) {
    if (side == Side::handle && known->is_blank()) known->set_kind(kind);
    if (known->record().kind == kind || side == Side::session) return known;
    refuse(
        refuse_to, side, id, ErrorCode::bad_argument,
        "stream " + name + " exists as " + (kind == StreamKind::live ? "kept" : "live") + "; that cannot be changed");
    return nullptr;
  }
  if (const auto fault = problem_of_stream_name(name)) {
    refuse(refuse_to, side, id, ErrorCode::bad_argument, "stream name \"" + name + "\" " + *fault);
    return nullptr;
  }
  if (streams_.size() >= limits::streams_max) {
    refuse(refuse_to, side, id, ErrorCode::retry_later,
           "this node has " + std::to_string(streams_.size()) + " streams, which is its limit");
    return nullptr;
  }
  StreamRecord record;
  record.id = next_stream_id_++;
  record.name = name;
  record.kind = kind;
  Outbox& added = streams_.try_emplace(name, record, settings_.outbox).first->second;
  if (kind == StreamKind::kept && pattern == StreamPattern::pipeline) add_workers(added);
  if (kind == StreamKind::kept) apply_rules(added, true);
  share_memory();
  set_windows();
  return &added;
}

/// What the node's file says of it, whatever was said before.
void Office::apply_rules(Outbox& outbox, bool is_new) {
  const StreamRecord& record = outbox.record();
  const StreamRules* rules = record.kind == StreamKind::kept ? rules_for(settings_.rules, record.name) : nullptr;
  if (rules == nullptr) return;
  const std::string changed = differences(record, rules->wish);
  if (changed.empty()) return;
  outbox.set_rules(rules->wish);
  if (!is_new) notices_.push_back("stream " + record.name + ": as the rules of " + rules->pattern + " say, " + changed);
}

/// What a writer says of its stream counts for one that is made by it.
void Office::warn_of_other_rules(const OpenWriter& open, const Outbox& outbox) {
  if (!open.retention.any()) return;
  SetStream said;
  said.retention = open.retention;
  const std::string other = differences(outbox.record(), said);
  if (other.empty()) return;
  notices_.push_back("stream " + open.stream + " stays as it is, though its writer asks for " + other +
                     ": what a writer says counts when it makes the stream; `restante streams set` changes it");
}

/// The memory for batches is one budget of the node, however many streams and subscriptions there are (C5).
void Office::share_memory() {
  std::size_t subscriptions = 0;
  for (const auto& [name, outbox] : streams_) subscriptions += outbox.subscriptions().size() + outbox.replays();
  const std::uint64_t share = limits::tracked_octets_all / std::max<std::size_t>(1, subscriptions);
  for (auto& [name, outbox] : streams_) {
    outbox.set_share(std::clamp<std::uint64_t>(share, limits::tracked_octets_min, limits::tracked_octets_max));
  }
}

}  // namespace restante::core
