// SPDX-License-Identifier: Apache-2.0
#include "server/front/json_pieces.h"

#include <algorithm>
#include <utility>

#include "engine/held.h"
#include "server/front/diff_frames.h"
#include "server/front/json_text.h"
#include "server/front/json_write.h"

namespace lockstep {

void JsonPieces::add(std::vector<SharedMessage> messages) {
  std::vector<MessageChange> changes(std::make_move_iterator(messages.begin()),
                                     std::make_move_iterator(messages.end()));
  pieces_.emplace_back(std::move(changes));
}

bool JsonPieces::next(std::string& out, std::size_t bytes_max) {
  const std::size_t end = out.size() + bytes_max;
  while (!pieces_.empty() && out.size() < end) {
    Piece& piece = pieces_.front();
    const auto* text = std::get_if<std::string>(&piece);
    const bool whole = text != nullptr
                           ? give(out, *text, end - out.size())
                           : give_messages(out, std::get<std::vector<MessageChange>>(piece), end);
    if (whole) pieces_.pop_front();
  }
  return pieces_.empty();
}

bool JsonPieces::give(std::string& out, std::string_view text, std::size_t room) {
  const std::string_view rest = text.substr(given_, room);
  out += rest;
  given_ += rest.size();
  if (given_ < text.size()) return false;
  given_ = 0;
  return true;
}

bool JsonPieces::give_messages(std::string& out, std::vector<MessageChange>& messages,
                               std::size_t end) {
  std::string text;
  while (element_ < messages.size() && out.size() < end) {
    text.clear();
    if (element_ > 0) text += ',';
    append_change(text, messages[element_]);
    if (!give(out, text, end - out.size())) return false;
    // It need not be kept from going any more.
    messages[element_++] = Growth{};
  }
  if (element_ < messages.size()) return false;
  element_ = 0;
  return true;
}

std::size_t JsonPieces::held() const {
  std::size_t bytes = 0;
  for (const Piece& piece : pieces_) {
    if (const auto* text = std::get_if<std::string>(&piece)) {
      bytes += text->size();
    } else {
      bytes += held_by(std::get<std::vector<MessageChange>>(piece));
    }
  }
  return bytes;
}

JsonPieces pieces_of(SyncReply reply) {
  JsonPieces pieces;
  std::vector<MessageChange> messages = std::exchange(reply.diff.messages, {});
  std::string text;
  append_diff_head(text, reply);
  text += '[';
  pieces.add(std::move(text));
  pieces.add(std::move(messages));
  std::string rest(1, ']');
  append_name(rest, "removed");
  append_array(rest, reply.diff.removed,
               [](std::string& out, const MessageId& id) { append_text(out, id.get()); });
  append_name(rest, "runs");
  append_array(rest, reply.diff.runs, append_run);
  append_diff_tail(rest, reply);
  pieces.add(rest += '}');
  return pieces;
}

}  // namespace lockstep
