// SPDX-License-Identifier: Apache-2.0
// json_pieces.h: a JSON text that is made as its reader takes it.
//
//   text ──> messages, one after another ──> text …
//
// Messages are shared with the state (`SharedMessage`), so what waits for a slow reader is a
// pointer a message and the texts between. A message is written when its turn comes, without its
// long texts: those are read where they are, as far as there is room. So each byte is written once,
// however little is taken at a time, and no turn writes more than was asked for.
//
// Lives on: the engine strand.
#pragma once

#include <cstddef>
#include <deque>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "engine/live/sync.h"
#include "server/codec/json_write.h"

namespace lockstep {

// The message that is being given, without its long texts.
struct JsonElement {
  std::string text;
  Apart apart;
  std::size_t given = 0;  // bytes of `text`
  std::size_t next = 0;   // of `apart`
};

class JsonPieces {
 public:
  void add(std::string text) { pieces_.emplace_back(std::move(text)); }
  // As an array's elements: without the brackets.
  void add(std::vector<MessageChange> messages) { pieces_.emplace_back(std::move(messages)); }
  void add(std::vector<SharedMessage> messages);

  // Appends `bytes_max` bytes, by an escape more or less; fewer at the end. True: that was all.
  bool next(std::string& out, std::size_t bytes_max);

  // About what is held beside what is shared.
  [[nodiscard]] std::size_t held() const;

 private:
  using Piece = std::variant<std::string, std::vector<MessageChange>>;
  // Each says whether the piece, or the element, was given to its end.
  bool give(std::string& out, std::string_view text, std::size_t room);
  bool give_messages(std::string& out, std::vector<MessageChange>& messages, std::size_t end);
  bool give_element(std::string& out, std::size_t end);

  std::deque<Piece> pieces_;
  std::size_t place_ = 0;  // of the next element in the first piece
  std::size_t given_ = 0;  // bytes of the first piece
  std::optional<JsonElement> element_;
};

// The diff as one object, as DiffFrames would write it with room for all.
[[nodiscard]] JsonPieces pieces_of(SyncReply reply);

}  // namespace lockstep
