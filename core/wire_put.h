#pragma once
/// \file
/// What the two halves of the encoder share: texts and lists within their limits. For wire_encode*.cpp only.

#include <string>
#include <vector>

#include <restante/limits.h>

#include "core/assert.h"
#include "core/wire_messages.h"
#include "core/wire_segment.h"

namespace restante::core {

using Frame = wire::ControlFrame::Builder;

/// A text whose limit the caller keeps.
inline capnp::Text::Reader bounded(const std::string& text, std::size_t size_max) {
  RESTANTE_ASSERT(text.size() <= size_max);
  return text_of(text);
}

/// A text for people: one that is too long must not end a process, so it is cut, not within a UTF-8 character.
inline std::string cut(const std::string& text) {
  if (text.size() <= limits::text_size_max) return text;
  std::size_t size = limits::text_size_max;
  while (size > 0 && (static_cast<unsigned char>(text[size]) & 0xc0U) == 0x80) --size;
  return text.substr(0, size);
}

inline unsigned int bounded(std::size_t count, std::size_t count_max) {
  RESTANTE_ASSERT(count <= count_max);
  return static_cast<unsigned int>(count);
}

/// An empty list is left out altogether; `init(count)` makes the list.
template <typename Item, typename Init>
void put_list(const std::vector<Item>& items, std::size_t count_max, Init init) {
  if (items.empty()) return;
  auto list = init(bounded(items.size(), count_max));
  for (unsigned int i = 0; i < list.size(); ++i) put(list[i], items[i]);
}

template <typename Init>
void put_texts(const std::vector<std::string>& texts, std::size_t count_max, std::size_t size_max, Init init) {
  if (texts.empty()) return;
  auto list = init(bounded(texts.size(), count_max));
  for (unsigned int i = 0; i < list.size(); ++i) list.set(i, bounded(texts[i], size_max));
}

void put(wire::Retention::Builder out, const Retention& in);
void put(wire::BacklogLimit::Builder out, const BacklogLimit& in);
void put(wire::RetryRule::Builder out, const RetryRule& in);

}  // namespace restante::core
