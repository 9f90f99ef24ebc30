// SPDX-License-Identifier: Apache-2.0
#include "server/codec/json_pieces.h"

#include <algorithm>
#include <utility>

#include "engine/rules/held.h"
#include "schema/json/json_text.h"
#include "server/codec/diff_frames.h"
#include "server/codec/json_write.h"

namespace lockstep {
namespace {

// Appends as much of the text as there is room for, and at least one byte where it must be escaped:
// a room smaller than one escape would otherwise never be filled.
void give_some(std::string& out, LongText& text, std::size_t end) {
  while (out.size() < end && !text.text.empty()) {
    const std::size_t room = end - out.size();
    const bool escaped = text.form == LongText::Form::text;
    const std::size_t bytes = escaped ? std::max<std::size_t>(room / escape_bytes_max, 1) : room;
    const std::string_view some = text.text.substr(0, bytes);
    text.text.remove_prefix(some.size());
    if (escaped) {
      append_escaped(out, some);
    } else {
      out += some;
    }
  }
}

}  // namespace

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
  while (place_ < messages.size() && out.size() < end) {
    if (!element_) {
      element_.emplace();
      if (place_ > 0) element_->text += ',';
      append_shell(element_->text, messages[place_], element_->apart, opaque_);
    }
    if (!give_element(out, end)) return false;
    element_.reset();
    // Drop the share: a slow reader must not keep a written message in memory.
    messages[place_++] = Growth{};
  }
  if (place_ < messages.size()) return false;
  place_ = 0;
  return true;
}

bool JsonPieces::give_element(std::string& out, std::size_t end) {
  JsonElement& element = *element_;
  while (out.size() < end) {
    const bool last = element.next == element.apart.size();
    const std::size_t stop = last ? element.text.size() : element.apart[element.next].at;
    const std::size_t short_bytes = std::min(stop - element.given, end - out.size());
    out.append(element.text, element.given, short_bytes);
    element.given += short_bytes;
    if (element.given < stop) return false;
    if (last) return true;
    LongText& text = element.apart[element.next];
    give_some(out, text, end);
    if (!text.text.empty()) return false;
    ++element.next;
  }
  return false;
}

std::size_t JsonPieces::held() const {
  std::size_t bytes = element_ ? element_->text.size() : 0;
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
