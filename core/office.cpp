#include "core/office.h"

#include <algorithm>

#include "core/assert.h"

namespace restante::core {

Office::Office(const StoreImage& image, const Settings& settings, Instant now)
    : settings_(settings),
      node_(image.node),
      incarnation_(image.incarnation),
      random_(settings.seed),
      now_(now),
      turn_{now, 0, 0, random_, out_, notices_},
      started_(now),
      clock_base_ms_(image.clock_ms) {
  next_subscription_id_ = image.highest_subscription + 1;
  std::map<StreamId, Outbox*> by_id;
  for (const StreamRecord& record : image.streams) {
    const auto at = streams_.try_emplace(record.name, record, settings_.outbox).first;
    by_id[record.id] = &at->second;
    next_stream_id_ = std::max(next_stream_id_, record.id + 1);
  }
  for (const GrantRecord& grant : image.grants) {
    if (by_id.contains(grant.stream)) by_id.at(grant.stream)->restore_grant(grant);
  }
  for (const SubscriptionRecord& record : image.subscriptions) {
    next_subscription_id_ = std::max({next_subscription_id_, record.id + 1, record.made + 1});
    if (!by_id.contains(record.stream)) continue;
    CursorRecord cursor{record.id, record.start, {}};
    for (const CursorRecord& known : image.cursors) {
      if (known.subscription == record.id) cursor = known;
    }
    StoreImage::Parked parked;
    for (const StoreImage::Parked& known : image.parked) {
      if (known.subscription == record.id) parked = known;
    }
    by_id.at(record.stream)->restore_subscription(record, cursor, parked);
  }
  for (const GapRecord& gap : image.gaps) {
    for (auto& [id, outbox] : by_id) {
      if (outbox->subscriptions().contains(gap.subscription)) outbox->restore_gap(gap);
    }
  }
  for (const StoreImage::Rows& rows : image.rows) {
    if (by_id.contains(rows.stream)) by_id.at(rows.stream)->restore_rows(rows);
  }
  for (const Pruned& pruned : image.pruned) {
    if (by_id.contains(pruned.stream)) by_id.at(pruned.stream)->restore_pruned(pruned.to);
  }
  for (auto& [name, outbox] : streams_) {
    outbox.restored(now);
    apply_rules(outbox, false);
  }
  usage_ = image.usage;
  share_memory();
  next_tick_ = now;
  next_deadline_ = now;
}

// ---- links

void Office::on_link_up(LinkId link, const std::string& peer_address, Instant now) {
  now_ = now;
  Link& added = links_[link];
  added.peer_address = peer_address;
  added.heard = now;
  added.spoke = now;
}

void Office::on_frame(LinkId id, const ControlFrame& frame, Instant now, std::optional<Batch> behind) {
  begin(now);
  behind_ = std::move(behind);
  const auto at = links_.find(id);
  if (at == links_.end()) {  // it was given up (silence): its library must begin again
    out_.push_back(Outgoing{id, Unknown{}, {}});
    return;
  }
  Link& link = at->second;
  if (!link.superseded) link.heard = now;  // else it ends when its time has come, whatever is still said there
  const bool is_hello = std::holds_alternative<Hello>(frame.message);
  if ((!link.greeted && !is_hello) || frame.number != link.in_number + 1) {
    ++counters_[link.greeted ? "control frames lost on a link" : "frames before hello"];
    out_.push_back(Outgoing{id, Unknown{}, {}});  // the library makes a new link and says everything again (T3)
    if (link.greeted) end_link(id, false);
    return;
  }
  link.in_number = frame.number;
  std::visit(
      [&](const auto& message) {
        using Message = std::decay_t<decltype(message)>;
        if constexpr (std::is_same_v<Message, Bye>) {
          end_link(id, true, true);
        } else if constexpr (requires { on_message(id, link, message); }) {
          on_message(id, link, message);
        } else if constexpr (!std::is_same_v<Message, Heartbeat>) {
          ++counters_["messages that a library does not send"];
        }
      },
      frame.message);
}

void Office::on_message(LinkId id, Link& link, const Hello& hello) {
  if (hello.version != protocol_version) {
    refuse(id, Side::link, 0, ErrorCode::incompatible_version,
           "this sidecar speaks protocol version " + std::to_string(protocol_version) + ", the library version " +
               std::to_string(hello.version) + "; upgrade the older of the two");
    return;
  }
  link.greeted = true;
  link.hello = hello;
  if (hello.client != 0) supersede(link);
  out_.push_back(Outgoing{id, Welcome{protocol_version, 0, node_, incarnation_}, {}});
}

/// A client has one link at a time. Two connections have no order: an old one's OpenWriter or Subscribe that came after
/// the new one's would take the seat there, where nobody listens. All else that it says is about what it has, and
/// counts as long as that is not claimed by the new one.
void Office::supersede(Link& link) {
  for (auto& [id, other] : links_) {
    if (&other == &link || !other.greeted || other.hello.client != link.hello.client) continue;
    Link& late = other.hello.dial < link.hello.dial ? other : link;
    counters_["links that their client had left"] += late.superseded ? 0U : 1U;
    late.superseded = true;
  }
}

bool Office::is_dead(const std::string& host, std::uint32_t pid, std::uint64_t start_time) const {
  return pid != 0 && host == settings_.host && !settings_.is_alive(pid, start_time);
}

WriterSeat::Holder Office::holder_of(LinkId id, const Link& link, std::uint64_t handle) const {
  return {.handle = handle,
          .link = id,
          .process = link.hello.process,
          .pid = link.hello.pid,
          .start_time = link.hello.start_time,
          .host = link.hello.host,
          .peer_address = link.peer_address};
}

void Office::on_message(LinkId id, Link& link, const OpenWriter& open) {
  if (link.superseded) return;
  const auto known = link.handles.find(open.handle);
  if (known != link.handles.end() && known->second != open.stream) {
    refuse(id, Side::handle, open.handle, ErrorCode::bad_argument,
           "cannot open stream " + open.stream + " for writing: the handle is one of stream " + known->second);
    return;
  }
  Outbox* outbox = written_stream(open, id);
  if (outbox == nullptr) return;
  if (link.handles.size() >= limits::handles_max) {
    refuse(id, Side::handle, open.handle, ErrorCode::retry_later, "too many handles on one link");
    return;
  }
  link.handles[open.handle] = open.stream;
  const WriterSeat::Holder& present = outbox->writer().holder;
  if (present.handle != open.handle && is_dead(present.host, present.pid, present.start_time)) {
    outbox->on_writer_gone();  // a dead writer never blocks its successor
  }
  if (outbox->note_known(open.grants)) renew_incarnation(open.stream);
  WriterSeat::Holder holder = holder_of(id, link, open.handle);
  holder.live_endpoints = open.live_endpoints;
  outbox->open_writer(open, holder, turn_);
  finish(*outbox);
}

void Office::on_message(LinkId id, Link& link, const RequestGrant& request) {
  const auto at = link.handles.find(request.handle);
  Outbox* outbox = at == link.handles.end() ? nullptr : find(at->second);
  if (outbox == nullptr) return;
  outbox->request_grant(request.handle, id, turn_);
  finish(*outbox);
}

void Office::on_message(LinkId id, Link& link, const CloseWriter& close) {
  const auto at = link.handles.find(close.handle);
  Outbox* outbox = at == link.handles.end() ? nullptr : find(at->second);
  if (outbox == nullptr) return;
  outbox->close_writer(close.handle, id);
  link.handles.erase(at);
  finish(*outbox);
}

void Office::on_copy(LinkId id, Batch batch, Instant now) {
  begin(now);
  const auto at = links_.find(id);
  if (at == links_.end() || !at->second.greeted) {
    out_.push_back(Outgoing{id, Unknown{}, {}});
    return;
  }
  if (!at->second.superseded) at->second.heard = now;
  Outbox* outbox = find(batch.header().stream);
  if (outbox == nullptr) {
    ++counters_["copies of a stream that is not open"];
    return;
  }
  outbox->on_copy(id, std::move(batch), turn_);
  finish(*outbox);
}

/// It may have been a copy, which has no number: if the one that is sent again is damaged too, nothing would tell.
void Office::on_garbage(LinkId id, Instant now) {
  begin(now);
  ++counters_["frames that could not be decoded"];
  const auto at = links_.find(id);
  if (at == links_.end() || !at->second.greeted) return;
  out_.push_back(Outgoing{id, Unknown{}, {}});
  end_link(id, false);
}

void Office::on_link_down(LinkId link, Instant now) {
  begin(now);
  end_link(link, false);
}

void Office::end_link(LinkId id, bool in_order, bool closes_writers) {
  const auto at = links_.find(id);
  if (at == links_.end()) return;
  const Link link = std::move(at->second);
  links_.erase(at);
  for (const auto& [token, name] : link.sessions) {
    Outbox* outbox = find(name);
    if (outbox == nullptr) continue;
    outbox->leave(token, in_order, turn_);
    finish(*outbox);
  }
  for (const auto& [handle, name] : link.handles) {
    Outbox* outbox = find(name);
    if (outbox == nullptr) continue;
    if (closes_writers) outbox->close_writer(handle, id);
    outbox->on_writer_away(id, now_);
    finish(*outbox);
  }
}

/// This store is not what its peers knew: it was put back from a copy (X6). It is another one from now on.
void Office::renew_incarnation(const std::string& stream) {
  notices_.push_back(
      "a peer knows more of stream " + stream +
      " than this store does: it was put back from a copy, or begun anew. What was confirmed since the copy was "
      "made is lost; new messages follow under new ids");
  if (is_renewed_) return;
  is_renewed_ = true;
  incarnation_ = {random_.next(), random_.next()};
  pending_incarnation_ = true;
}

void Office::on_message(LinkId id, Link&, const Query& query) { queries_.emplace_back(id, query); }

}  // namespace restante::core
