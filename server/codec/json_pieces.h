// SPDX-License-Identifier: Apache-2.0
// json_pieces.h: a long JSON text, written piece by piece as its reader takes it.
//
//   text ──> messages, one after another ──> text …
//
// Messages are shared with the state (`SharedMessage`), so a slow reader costs one pointer a
// message and the texts between. `next` writes the shell of a message (all but its long texts) when
// its turn comes, and copies the long texts from the message itself, as far as there is room. So
// `next` writes each byte once, however small the pieces, and never much more than the caller asked
// for.
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

// The shell of the message that is being written.
struct JsonElement {
  std::string text;
  Apart apart;
  std::size_t given = 0;  // bytes of `text` that are out
  std::size_t next = 0;   // index in `apart` of the next long text
};

class JsonPieces {
 public:
  void add(std::string text) { pieces_.emplace_back(std::move(text)); }
  // As elements of an array, without its brackets.
  void add(std::vector<MessageChange> messages) { pieces_.emplace_back(std::move(messages)); }
  void add(std::vector<SharedMessage> messages);
  // Messages are written with their opaque data.
  void show_opaque() { opaque_ = true; }

  // Appends about `bytes_max` bytes: an escape may exceed it, and at the end there are fewer.
  // True: that was the last piece.
  bool next(std::string& out, std::size_t bytes_max);

  // The bytes held, without the messages that are shared with the state; an estimate.
  [[nodiscard]] std::size_t held() const;

 private:
  using Piece = std::variant<std::string, std::vector<MessageChange>>;
  // Each returns true when the piece, or the element, is out to its end.
  bool give(std::string& out, std::string_view text, std::size_t room);
  bool give_messages(std::string& out, std::vector<MessageChange>& messages, std::size_t end);
  bool give_element(std::string& out, std::size_t end);

  std::deque<Piece> pieces_;
  std::size_t place_ = 0;  // of the next element in the first piece
  std::size_t given_ = 0;  // bytes of the first piece
  std::optional<JsonElement> element_;
  bool opaque_ = false;
};

// The diff as one object: the frame that DiffFrames writes if it has room for everything.
[[nodiscard]] JsonPieces pieces_of(SyncReply reply);

}  // namespace lockstep
