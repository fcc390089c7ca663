#include "tests/fuzz/draw.h"

#include <algorithm>
#include <array>

#include <restante/limits.h>

namespace restante::fuzz {

namespace {

using namespace core;

GrantRange draw_grant_range(Script& script, const Known& known) {
  const Grant grant = script.one_of(known.grants, Grant{script.number() + 1, {1, 5}});
  const Sequence first = grant.range.first + script.below(12);
  return {grant.grant, {std::max<Sequence>(first, 1), std::max<Sequence>(first, 1) + script.below(6)}};
}

std::vector<GrantRange> draw_ranges(Script& script, const Known& known) {
  std::vector<GrantRange> ranges;
  for (std::uint64_t left = script.below(4); left > 0; --left) ranges.push_back(draw_grant_range(script, known));
  return ranges;
}

std::string draw_stream(Script& script) { return script.below(5) == 0 ? "other" : "orders"; }

Settle draw_settle(Script& script, const Known& known) {
  Settle settle;
  settle.token = script.one_of(known.tokens, Token{script.number()});
  settle.acks = draw_ranges(script, known);
  for (const GrantRange& range : draw_ranges(script, known)) {
    settle.nacks.push_back({range.grant, range.range.first, script.chance() ? 0 : 5000, script.chance()});
  }
  for (const GrantRange& range : draw_ranges(script, known)) {
    settle.rejects.push_back({range.grant, range.range.first, "no"});
  }
  settle.released = draw_ranges(script, known);
  settle.received = draw_ranges(script, known);
  settle.credit = {script.number(), script.number() * 100};
  if (script.chance()) settle.missed.push_back(script.one_of(known.gaps, script.number()));
  return settle;
}

Subscribe draw_subscribe(Script& script, const Known& known) {
  Subscribe subscribe;
  subscribe.session = 1 + script.below(3);
  subscribe.stream = draw_stream(script);
  subscribe.subscription = script.chance() ? "workers" : "reader";
  subscribe.mode = draw_mode(script);
  if (script.chance()) subscribe.filters = {"#"};
  subscribe.start = script.chance() ? "new" : "beginning";
  subscribe.claim = script.number();
  subscribe.live_endpoints = {"tcp://127.0.0.1:1"};
  subscribe.credit = {script.number(), script.number() * 1000};
  subscribe.known = draw_ranges(script, known);
  subscribe.held = draw_ranges(script, known);
  subscribe.listens = script.chance();
  if (script.chance()) subscribe.limit = {script.below(8), script.below(4) * 100, OnLimit(script.below(2))};
  return subscribe;
}

OpenWriter draw_open(Script& script, const Known& known) {
  OpenWriter open;
  open.handle = 1 + script.below(3);
  open.stream = draw_stream(script);
  open.kind = script.below(8) == 0 ? StreamKind::live : StreamKind::kept;
  open.resume = script.chance();
  open.grants = open.resume ? draw_ranges(script, known) : std::vector<Grant>{};
  if (open.resume && script.chance()) open.grants = known.grants;
  open.confirmed_to = script.number();
  open.window = script.number() * 4096;
  open.pattern = script.below(4) == 0 ? StreamPattern::pubsub : StreamPattern::pipeline;
  if (script.chance()) open.live_endpoints = {"tcp://*:1"};
  return open;
}

}  // namespace

SubscriptionMode draw_mode(Script& script) {
  constexpr std::array modes{SubscriptionMode::exclusive, SubscriptionMode::shared, SubscriptionMode::strict,
                             SubscriptionMode::shared};
  return modes[script.below(modes.size())];
}

Range draw_range(Script& script, const Known& known) { return draw_grant_range(script, known).range; }

ControlMessage draw_for_sidecar(Script& script, const Known& known) {
  const Token token = script.one_of(known.tokens, Token{script.number()});
  switch (script.below(10)) {
    case 0: return Heartbeat{};
    case 1:
      return Hello{protocol_version, 0, "app", "here", static_cast<std::uint32_t>(script.below(4)), 7, script.below(3),
                   script.below(4)};
    case 2: return draw_open(script, known);
    case 3: return RequestGrant{1 + script.below(3)};
    case 4: return CloseWriter{1 + script.below(3)};
    case 5: return draw_subscribe(script, known);
    case 6: return CatchUp{token, draw_range(script, known).first};
    case 7: return Unsubscribe{token};
    case 8: return draw_for_library(script, known);  // what only a sidecar says
    default: return draw_settle(script, known);
  }
}

ControlMessage draw_for_library(Script& script, const Known& known) {
  const Token token = script.one_of(known.tokens, Token{script.number()});
  const std::uint64_t handle = script.below(6) == 0 ? 7 : known.handle;
  const std::uint64_t session = script.below(6) == 0 ? 7 : known.session;
  const auto grants = [&] { return script.chance() ? known.grants : draw_ranges(script, known); };
  switch (script.below(13)) {
    case 0:
      return Refused{script.chance() ? Side::handle : Side::session, handle, static_cast<ErrorCode>(script.below(8)),
                     "no"};
    case 1: return Granted{handle, draw_grant_range(script, known), script.chance(), script.number() * 4096, 0};
    case 2: return Attached{handle, script.number() * 4096, script.number()};
    case 3:
      return Confirmed{handle, draw_range(script, known).last, draw_range(script, known).last, script.number() * 4096,
                       ""};
    case 4: return Resend{handle, draw_range(script, known).first};
    case 5: return script.below(10) == 0 ? ControlMessage{Fenced{handle, "fenced"}} : ControlMessage{Heartbeat{}};
    case 6:
      return LiveTarget{
          handle, token, "tcp://127.0.0.1:1", script.number(), script.number() * 100, script.below(4) == 0};
    case 7:
      return Subscribed{session,
                        token,
                        draw_mode(script),
                        script.number(),
                        script.number(),
                        grants(),
                        script.below(5) == 0 ? script.number() : 0};
    case 8: return Grants{token, grants()};
    case 9: return Checkpoint{token, draw_range(script, known).last, script.number(), script.number()};
    case 10:
      return script.below(10) == 0 ? ControlMessage{TakenOver{token, "taken", session}} : ControlMessage{Unknown{}};
    case 11: return Missed{token, script.below(5), draw_range(script, known), "cut", draw_range(script, known).last};
    default: return Report{script.number(), "{}"};
  }
}

Buffer draw_batch(Script& script, const Known& known) {
  BatchBuilder builder(draw_stream(script), script.chance() ? "" : "t/" + std::to_string(script.below(3)));
  const GrantRange at = draw_grant_range(script, known);
  BatchHeader header;
  header.grant = at.grant;
  header.first = std::min(at.range.first, limits::sequence_max - 8);
  header.last = header.first + at.range.last - at.range.first;
  header.before = header.first - 1 - std::min<Sequence>(header.first - 1, script.below(3));
  header.prev = header.before;
  header.owner = script.one_of(known.tokens, Token{0});
  header.skip = script.below(8) == 0;
  for (Sequence sequence = header.first; !header.skip && sequence <= header.last; ++sequence) {
    builder.append(std::to_string(sequence));
  }
  return builder.seal(header);
}

}  // namespace restante::fuzz
