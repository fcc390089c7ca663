#pragma once
/// \file
/// What parse() is made of: a function for each subcommand, in a file for each kind of them, and what these share.

#include <string>
#include <type_traits>
#include <utility>

#include "sidecar/commands/cli.h"
#include "sidecar/commands/command.h"

namespace restante::commands {

// Each as parse(), with what follows the subcommand's name. They throw HelpWanted too.

Command parse_up(const Arguments& arguments);
Command parse_send(const Arguments& arguments);
Command parse_pub(const Arguments& arguments);
Command parse_recv(const Arguments& arguments);
Command parse_sub(const Arguments& arguments);
Command parse_replay(const Arguments& arguments);
Command parse_status(const Arguments& arguments);
Command parse_streams(const Arguments& arguments);
Command parse_streams_set(const Arguments& arguments);
Command parse_subscriptions(const Arguments& arguments);
Command parse_subscriptions_set(const Arguments& arguments);
Command parse_dead(const Arguments& arguments);
Command parse_outcome(const Arguments& arguments);

/// Takes the first word that is no option out of `arguments`; the options before it stay, as its own. Empty: none.
std::string take_command(Arguments& arguments);

/// The options that every subcommand has.
void add_common(Grammar& grammar);
Common common_of(const Grammar& grammar);

/// Sets `target` to what `parser` makes of the option's value, if it was given.
template <typename Target, typename Parser, typename... Bounds>
void assign(const Grammar& grammar, const std::string& option, Target& target, Parser parser, Bounds... bounds) {
  const auto text = grammar.get(option);
  if (!text) return;
  auto value = parser(option, *text, bounds...);
  if constexpr (std::is_integral_v<Target>) {
    target = static_cast<Target>(value);  // the bounds saw to it that it fits
  } else {
    target = std::move(value);
  }
}

}  // namespace restante::commands
