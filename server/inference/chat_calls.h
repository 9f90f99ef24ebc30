// SPDX-License-Identifier: Apache-2.0
// chat_calls.h: the calls of one Chat Completions answer, put together from their pieces.
//
// The protocol gives each call an `index`, an id and a name in its first piece, and only the index
// in the others. Few servers do just that. Which call a piece belongs to:
//   with an index   the last call at it. A piece that has another id and a name begins a new call;
//                   another id alone does not, because some servers make an id for each piece.
//   without one     the last call with the piece's id, or else the last call. Pieces that stand
//                   together in one chunk without index and id count by their place in it.
//   without an id   only a name can begin a call at an open index, but some servers repeat it in
//                   every piece: it begins one if the arguments so far are a whole object.
// A name may come in pieces, or longer in each piece, until the first arguments. call_arguments.h
// tells which arguments are sent twice.
//
// A call's part begins when both its name and its first argument are known, or when other content
// follows. So its name is final, and the parts stand in the order of their first content.
//
// Ids: a call keeps the server's, unless a former call of the answer has it, because results name
// calls by their id. Such a call, and one without an id, gets an id that the thread has only once
// (run_ids.h).
//
// A call of a `custom` tool has free text as its input, and parts have arguments: the text becomes
// `{"input":"..."}`. It stays visible and whole, grows like any call, and goes back to any provider
// as an ordinary call.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "engine/base/ids.h"
#include "server/inference/answer_writer.h"
#include "server/inference/call_arguments.h"
#include "server/inference/chat_chunk.h"
#include "server/inference/utf8_repair.h"

namespace lockstep {

class ChatCalls {
 public:
  explicit ChatCalls(RunId run) : run_(std::move(run)) {}

  // The calls of one chunk.
  void take(const std::vector<CallPiece>& pieces, AnswerWriter& writer);

  // Other content follows: begins the part of a call that has a name, but no arguments yet.
  void settle(AnswerWriter& writer);

  // The answer has ended. `whole`: by itself, so that a call without arguments has none, and a
  // custom input is complete. Otherwise their text stays half.
  void finish(bool whole, AnswerWriter& writer);

  [[nodiscard]] std::size_t size() const { return calls_.size(); }
  // Is there a call with arguments, but without a name? It can't be completed.
  [[nodiscard]] bool has_nameless() const;
  // Is an id or a name longer than the limit?
  [[nodiscard]] bool has_too_long() const { return too_long_; }

 private:
  struct Call {
    std::optional<std::int64_t> index;
    std::string server_id;  // empty: it gave none
    std::string name;       // empty: not known yet
    bool custom = false;
    std::optional<std::uint32_t> part;  // of the message, once it has begun
    std::string waiting;                // text to show, until the part begins
    std::string extra;                  // the last one, for the part's opaque data
    CallArguments arguments;
    Utf8Repair repair;
  };

  void take_one(const CallPiece& piece, AnswerWriter& writer);
  [[nodiscard]] Call* open_call(const CallPiece& piece);
  [[nodiscard]] static bool begins_new(const Call& open, const CallPiece& piece);
  static void take_name(Call& call, const CallPiece& piece);
  [[nodiscard]] static std::string fresh_text(Call& call, const CallPiece& piece);
  void start(Call& call, AnswerWriter& writer);
  static void note_extra(const Call& call, AnswerWriter& writer);
  [[nodiscard]] std::string id_of(const Call& call) const;

  RunId run_;
  std::vector<Call> calls_;
  std::vector<std::string> ids_;          // of the calls whose parts have begun
  std::optional<std::size_t> unsettled_;  // the call whose name may still grow
  bool too_long_ = false;
};

}  // namespace lockstep
