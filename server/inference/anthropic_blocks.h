// SPDX-License-Identifier: Apache-2.0
// anthropic_blocks.h: the blocks of one message for Anthropic's Messages API.
//
// The small half of anthropic_messages.h: it writes blocks, and does not know their order. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "server/inference/turns.h"

namespace lockstep {

// One block of the request.
struct OutBlock {
  enum class Kind : std::uint8_t { text, thinking, call, result, other };
  Kind kind = Kind::text;
  std::string text{};       // of a text
  std::string citations{};  // of a text: JSON array; empty: none
  std::string json{};       // of all others

  [[nodiscard]] std::string written(bool marked) const;
};

struct OutMessage {
  Role role = Role::user;
  std::vector<OutBlock> blocks{};
};

[[nodiscard]] bool is_white(std::string_view text);

// An image or a document in its place; nothing if the API takes no such file.
[[nodiscard]] std::optional<OutBlock> file_block(const Piece& piece);

// The id of the last message whose text is sent; behind it there may be some that are left out.
[[nodiscard]] std::string last_with_text(const std::vector<Message>& path);

// The result of a call. An error without a text has a sentence, because the API insists on one.
[[nodiscard]] OutBlock result_block(const std::string& id, const TurnCall& call);

// A member of JSON as it was written, and one that is a string; empty if there is none.
[[nodiscard]] std::string member_in(const Json& json, std::string_view key);
[[nodiscard]] std::string string_in(const Json& json, std::string_view key);

// Makes ids of calls that the API takes: each once in a request.
class CallIds {
 public:
  [[nodiscard]] std::string take(const std::string& id);

 private:
  std::set<std::string> taken_;
};

// Which blocks of server tools belong together. The API refuses a question of one without its
// answer, and an answer without its question.
class ServerCalls {
 public:
  ServerCalls(const std::vector<Turn>& turns, const RequestSettings& settings);
  // `open`: the model itself goes on with this turn.
  [[nodiscard]] bool may_go_back(const Json& block, bool open) const;

 private:
  // `own`: what the API wrote with a block of this kind, in the last turn or before.
  void know(Block::Kind kind, const Json& own, bool last);

  std::set<std::string> asked_;
  std::set<std::string> answered_;
};

}  // namespace lockstep
