// SPDX-License-Identifier: Apache-2.0
// json_answer.h: a JSON answer, written piece by piece as its reader takes it.
//
// A short answer goes out with its length, a long one in chunks, a write at a time
// (http_session.h). The memory account counts the bytes that the answer does not share with the
// state. Without memory for them the answer is `overloaded`.
//
// Lives on: the engine strand.
#pragma once

#include <utility>

#include "engine/base/memory.h"
#include "server/codec/json_pieces.h"
#include "server/codec/stream.h"
#include "server/front/front.h"
#include "server/net/http_message.h"

namespace lockstep {

class JsonAnswer : public Stream {
 public:
  JsonAnswer(JsonPieces pieces, Charge held) : pieces_(std::move(pieces)), held_(std::move(held)) {}

  void attach(StreamOwner& /*owner*/) override {}
  Filled fill(std::string& out, std::size_t bytes_max) override {
    return pieces_.next(out, bytes_max) ? Filled::finished : Filled::more;
  }
  void shut_down() override {}  // it ends by itself

 private:
  JsonPieces pieces_;
  Charge held_;
};

// Answers `overloaded` if there is no memory for the answer.
[[nodiscard]] Answer json_answer(Front& front, JsonPieces pieces);
// Always gives the answer: the engine has considered changes, and a refusal would mean that it had
// not.
[[nodiscard]] Answer json_answer_to_changes(Front& front, JsonPieces pieces);

}  // namespace lockstep
