#pragma once
/// \file
/// Whose connection a descriptor is. Private to Router, pure, tested by itself.
///
/// The trap: a descriptor is reused at once. A service that is killed and started again mostly gets the same number,
/// and the monitor and the messages come by two queues, so "5 was lost" may be read after the first words of the new 5,
/// and before the last words of the old one. The order that the I/O thread promises is: accepted(5), messages of 5,
/// lost(5), accepted(5), messages of the new 5. Routes are never reused. From that:
///  - a message of another route by the same descriptor proves that the route before it is gone, if that is the older:
///    the messages of one who went with much unread come between those of who has his number now (is_over());
///  - lost(5) is about the known route if that route had spoken before the last look at the monitor;
///  - if nothing is open at 5 after a look, then whoever had spoken before that look is gone.
/// When a connection lives and dies between two looks and a third one takes its number, the death is told late: when
/// the third one speaks or goes. It is never told wrongly.

#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

namespace restante::link {

class DescriptorOwners {
 public:
  struct Lost {
    int descriptor;
    std::string route;
  };

  /// A newer route has the descriptor: what is still read of this one are the words of the dead. ROUTER counts its
  /// peers, so that routes say who came first; one that a peer chose for itself says nothing.
  [[nodiscard]] bool is_over(int descriptor, const std::string& route) const;
  /// The first message of `route` has come by `descriptor`. Returns the route that had it: its end must be told first.
  std::optional<std::string> spoke(int descriptor, const std::string& route);

  /// From the monitor, in its order; end a look with looked().
  void accepted(int descriptor);
  void closed(int descriptor);
  /// Those that are gone for certain. They stay owners until forget(): their last messages may still be unread.
  std::vector<Lost> looked();

  /// True, and then `lost.descriptor` has no owner, if it was still that route's.
  bool forget(const Lost& lost);

 private:
  struct Descriptor {
    std::string route;      ///< empty: has not spoken
    bool is_open = false;   ///< by the monitor
    bool is_known = false;  ///< the monitor was looked at since it spoke first
    bool is_lost = false;
  };

  std::unordered_map<int, Descriptor> descriptors_;
  std::vector<int> touched_;  ///< since the last look
};

}  // namespace restante::link
