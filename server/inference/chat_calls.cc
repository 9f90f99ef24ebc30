// SPDX-License-Identifier: Apache-2.0
#include "server/inference/chat_calls.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "schema/json/json_text.h"
#include "server/inference/limits.h"
#include "server/inference/run_ids.h"

namespace lockstep {
namespace {

constexpr std::string_view custom_begin = R"({"input":")";
constexpr std::string_view custom_end = R"("})";

bool has_content(std::string_view text) {
  return text.find_first_not_of(" \t\r\n") != std::string_view::npos;
}

bool has_no_place(const CallPiece& piece) { return !piece.index && piece.id.empty(); }

}  // namespace

void ChatCalls::take(const std::vector<CallPiece>& pieces, AnswerWriter& writer) {
  const bool by_place = pieces.size() > 1 && std::ranges::all_of(pieces, has_no_place);
  std::int64_t place = 0;
  for (CallPiece piece : pieces) {
    if (calls_.size() > limits::parts_max) return;  // the caller ends the run
    if (by_place) piece.index = place++;
    take_one(piece, writer);
  }
}

void ChatCalls::take_one(const CallPiece& piece, AnswerWriter& writer) {
  writer.close_text();
  too_long_ = too_long_ || piece.id.size() > limits::call_id_bytes_max;
  Call* call = open_call(piece);
  if (!call) {
    settle(writer);
    calls_.emplace_back();
    call = &calls_.back();
    call->index = piece.index;
  }
  if (call->server_id.empty() && !call->part) call->server_id = piece.id;
  if (piece.custom && !call->part && !call->arguments.begun()) call->custom = true;
  const std::size_t place = static_cast<std::size_t>(call - calls_.data());
  if (unsettled_ && *unsettled_ != place) settle(writer);
  if (!call->part) take_name(*call, piece);
  too_long_ = too_long_ || call->name.size() > limits::name_bytes_max;
  if (!piece.extra.empty()) {
    call->extra = piece.extra;
    note_extra(*call, writer);
  }
  std::string fresh = fresh_text(*call, piece);
  if (call->part) return writer.append(*call->part, std::move(fresh));
  call->waiting += fresh;
  if (call->name.empty()) return;
  unsettled_ = place;
  if (!call->waiting.empty()) settle(writer);
}

// The open call that the piece continues; null if it begins a new one.
ChatCalls::Call* ChatCalls::open_call(const CallPiece& piece) {
  if (calls_.empty()) return nullptr;
  const auto found =
      std::ranges::find_if(calls_.rbegin(), calls_.rend(), [&piece](const Call& call) {
        const bool has_id = !piece.id.empty() && call.server_id == piece.id;
        if (piece.index) return call.index == piece.index || (!call.index && has_id);
        return piece.id.empty() || has_id;
      });
  Call* open = nullptr;
  if (found != calls_.rend()) {
    open = &*found;
  } else if (!piece.index && piece.name.empty()) {
    open = &calls_.back();  // an id that no call has, and no name
  }
  return open && !begins_new(*open, piece) ? open : nullptr;
}

bool ChatCalls::begins_new(const Call& open, const CallPiece& piece) {
  if (piece.name.empty() || open.name.empty()) return false;
  const bool other_id = !piece.id.empty() && !open.server_id.empty() && piece.id != open.server_id;
  const bool half = open.arguments.begun() && !open.arguments.whole();
  if (other_id) return !half || piece.name != open.name;
  if (half) return false;
  if (open.arguments.whole() && has_content(piece.arguments)) {
    return piece.id.empty() || !open.arguments.repeats(piece.arguments);
  }
  if (piece.name == open.name || !piece.id.empty()) return false;
  // A name at an open index may be the rest of the name before; only servers that give an index
  // send one in pieces.
  return open.arguments.whole() || !piece.index;
}

void ChatCalls::take_name(Call& call, const CallPiece& piece) {
  if (piece.name.starts_with(call.name)) {
    if (!piece.name.empty()) call.name = piece.name;
  } else if (!call.arguments.begun()) {
    call.name += piece.name;
  }
}

std::string ChatCalls::fresh_text(Call& call, const CallPiece& piece) {
  const std::string text = call.repair.feed(piece.arguments);
  if (!call.custom) return call.arguments.feed(text);
  std::string input;
  append_escaped(input, text);
  return input;
}

void ChatCalls::settle(AnswerWriter& writer) {
  if (!unsettled_) return;
  start(calls_[*std::exchange(unsettled_, {})], writer);
}

void ChatCalls::start(Call& call, AnswerWriter& writer) {
  std::string text = std::exchange(call.waiting, {});
  if (call.custom) text.insert(0, custom_begin);
  ids_.push_back(id_of(call));
  call.part =
      writer.start_call({.id = ids_.back(), .name = call.name, .arguments = std::move(text)});
  note_extra(call, writer);
}

// As soon as the part has begun.
void ChatCalls::note_extra(const Call& call, AnswerWriter& writer) {
  if (!call.part || call.extra.empty()) return;
  writer.note(*call.part, Json{R"({"extra_content":)" + call.extra + "}"});
}

std::string ChatCalls::id_of(const Call& call) const {
  const bool taken = std::ranges::find(ids_, call.server_id) != ids_.end();
  if (!call.server_id.empty() && !taken) return call.server_id;
  return call_id_of(run_, static_cast<std::size_t>(&call - calls_.data()) + 1);
}

void ChatCalls::finish(bool whole, AnswerWriter& writer) {
  settle(writer);
  for (Call& call : calls_) {
    if (!call.part) continue;
    const std::string rest = call.repair.finish();
    if (call.custom) {
      std::string input;
      append_escaped(input, rest);
      writer.append(*call.part, input + std::string(whole ? custom_end : ""));
      continue;
    }
    std::string text = call.arguments.feed(rest) + call.arguments.finish();
    // Some servers send no arguments for a function without parameters: write an empty object.
    if (whole && !call.arguments.begun()) text = "{}";
    writer.append(*call.part, std::move(text));
  }
}

bool ChatCalls::has_nameless() const {
  return std::ranges::any_of(calls_, [](const Call& call) {
    return call.name.empty() && (call.arguments.begun() || !call.waiting.empty());
  });
}

}  // namespace lockstep
